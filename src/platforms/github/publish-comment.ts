import type { Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import { type Ledger, taskOf } from '../../core/ledger.ts';
import { findOrCreate } from '../shared/find-or-create.ts';
import { isMarked, mark } from '../shared/marker.ts';
import type { Context } from './context.ts';
import { attempt, retrying } from './fault.ts';
import { receipt } from './receipt.ts';

interface Comment {
  id: number;
  html_url: string;
  body?: string | null | undefined;
}

/** Keeps the agent's one comment on a pull request up to date. */
export async function publishComment(
  context: Context,
  effect: Effect,
  ledger: Ledger,
  pull: number,
): Promise<Draft<'receipt'>> {
  const { api, repoParams } = context;
  const key = `sticky:${taskOf(ledger).agent}`;
  const body = mark(key, context.views.sticky(ledger));
  const purpose = { to: `comment on pull request #${pull}`, needs: 'pull-requests: write' };
  const { one, existed } = await findOrCreate<Comment>(
    retrying(context),
    () => findOwn(context, pull, key),
    async () => {
      const { data } = await attempt(purpose, () =>
        api.rest.issues.createComment({ ...repoParams, issue_number: pull, body, request: { retries: 0 } }),
      );
      return data;
    },
  );
  const reference = one.html_url;
  if (!existed) return receipt(effect, 'done', { reference });
  if (plain(one.body) === plain(body)) return receipt(effect, 'already', { reference });
  await attempt(purpose, () => api.rest.issues.updateComment({ ...repoParams, comment_id: one.id, body }));
  return receipt(effect, 'done', { reference });
}

async function findOwn(context: Context, pull: number, key: string): Promise<Comment | undefined> {
  const { api, repoParams, tokenActor } = context;
  const comments = await attempt({ to: 'list the comments', needs: 'pull-requests: read' }, () =>
    api.paginate(api.rest.issues.listComments, { ...repoParams, issue_number: pull, per_page: 100 }),
  );
  const marked = comments.filter(({ body }) => isMarked(body, key));
  const id = marked.length > 0 ? (await tokenActor()).id : undefined;
  return marked.find(({ user }) => user?.id === id);
}

/** GitHub may store line ends and the last of them in its own way. */
function plain(body: string | null | undefined): string {
  return (body ?? '').replace(/\r\n/g, '\n').trimEnd();
}

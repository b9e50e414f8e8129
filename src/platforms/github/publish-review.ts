import { mostInline } from '../../core/allowed-effects.ts';
import type { Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import { type Finding, worstFirst } from '../../core/finding.ts';
import type { Git } from '../../core/git.ts';
import { type Ledger, newest, taskOf } from '../../core/ledger.ts';
import { truncate } from '../../core/text.ts';
import { findOrCreate } from '../shared/find-or-create.ts';
import { isMarked, longestBody, mark } from '../shared/marker.ts';
import { type Placed, place } from '../shared/positions.ts';
import type { Context } from './context.ts';
import { attempt, retrying, statusOf } from './fault.ts';
import { receipt } from './receipt.ts';
import { shownHunks } from './shown-hunks.ts';

type Review = { html_url: string };

/** Posts one review with all comments in it. It never approves or refuses: the verdict is the check's. */
export async function publishReview(
  context: Context,
  effect: Effect,
  ledger: Ledger,
  git: Git,
  pull: number,
): Promise<Draft<'receipt'>> {
  const task = taskOf(ledger);
  const findings = newest(ledger, 'findings')?.findings ?? [];
  if (findings.length === 0) return receipt(effect, 'done', { detail: 'nothing to say' });
  const paths = findings.map(({ path }) => path);
  const hunks = await shownHunks(git, task.mergeBase, task.head, paths);
  const { placed, unplaced } = place(findings, hunks, mostInline);
  const find = () => findOwn(context, pull, effect.key);
  const create = (inline: readonly Placed[], told: readonly Finding[]) => (): Promise<Review> =>
    post(context, effect, ledger, pull, inline, told);
  try {
    const { one, existed } = await findOrCreate(retrying(context), find, create(placed, unplaced));
    return receipt(effect, existed ? 'already' : 'done', { reference: one.html_url });
  } catch (error) {
    if (statusOf(error) !== 422 || placed.length === 0) throw error;
    // One comment that GitHub can't place spoils them all.
    const { one } = await findOrCreate(retrying(context), find, create([], worstFirst(findings)));
    const detail = 'GitHub took no comment on the lines, so that all findings are told in the body';
    return receipt(effect, 'done', { reference: one.html_url, detail });
  }
}

async function findOwn(context: Context, pull: number, key: string): Promise<Review | undefined> {
  const { api, repoParams, tokenActor } = context;
  const reviews = await attempt({ to: 'list the reviews', needs: 'pull-requests: read' }, () =>
    api.paginate(api.rest.pulls.listReviews, { ...repoParams, pull_number: pull, per_page: 100 }),
  );
  const marked = reviews.filter(({ body }) => isMarked(body, key));
  // Who the token is has to be known only when somebody's review looks like ours.
  const id = marked.length > 0 ? (await tokenActor()).id : undefined;
  return marked.find(({ user }) => user?.id === id);
}

async function post(
  { api, repoParams, views }: Context,
  effect: Effect,
  ledger: Ledger,
  pull: number,
  inline: readonly Placed[],
  unplaced: readonly Finding[],
): Promise<Review> {
  const { data } = await attempt({ to: 'post the review', needs: 'pull-requests: write' }, () =>
    api.rest.pulls.createReview({
      ...repoParams,
      pull_number: pull,
      commit_id: taskOf(ledger).head,
      event: 'COMMENT',
      body: mark(effect.key, views.review(ledger, unplaced)),
      comments: inline.map(({ finding, path, line, startLine, suggestable }) => ({
        path,
        line,
        side: 'RIGHT' as const,
        ...(startLine !== undefined && { start_line: startLine, start_side: 'RIGHT' as const }),
        body: truncate(views.inline(finding, suggestable), longestBody),
      })),
      request: { retries: 0 },
    }),
  );
  return data;
}

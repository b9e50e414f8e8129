import type { Document, Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import { type Finding, type Severity, worstFirst } from '../../core/finding.ts';
import { type Ledger, newest, taskOf } from '../../core/ledger.ts';
import { sanitizeLine, sanitizeText } from '../../core/sanitize.ts';
import { truncate } from '../../core/text.ts';
import { findOrCreate } from '../shared/find-or-create.ts';
import type { Context } from './context.ts';
import { attempt, retrying } from './fault.ts';
import { receipt } from './receipt.ts';

/** https://docs.github.com/rest/checks/runs#create-a-check-run */
const perRequest = 50;
const longestSummary = 65_535;
const longestTitle = 255;
/** 64 KB, of characters that take up to three bytes each. */
const longestMessage = 21_000;

const levels: Record<Severity, 'failure' | 'warning' | 'notice'> = {
  critical: 'failure',
  high: 'failure',
  medium: 'warning',
  low: 'notice',
};

interface CheckRun {
  id: number;
  html_url: string | null;
  external_id: string | null;
  conclusion: string | null;
  output: { title: string | null; summary: string | null; annotations_count: number };
}

/** Puts the verdict on the head commit, with a note on every finding's lines. */
export async function publishCheck(
  context: Context,
  effect: Effect & { type: 'check' },
  ledger: Ledger,
  defaultBranch: string,
): Promise<Draft<'receipt'>> {
  const { api, repoParams, clock, runUrl } = context;
  const task = taskOf(ledger);
  const name = nameOf(task, defaultBranch);
  const { title, summary } = context.views.check(ledger);
  const output = { title: truncate(title, longestTitle), summary: truncate(summary, longestSummary) };
  const annotations = worstFirst(newest(ledger, 'findings')?.findings ?? []).map(annotation);
  const purpose = { to: `write the check ${name}`, needs: 'checks: write' };

  const { one, existed } = await findOrCreate<CheckRun>(
    retrying(context),
    () => findOwn(context, task.head, name, task.id),
    async () => {
      const { data } = await attempt(purpose, () =>
        api.rest.checks.create({
          ...repoParams,
          name,
          head_sha: task.head,
          external_id: task.id,
          status: 'completed',
          conclusion: effect.conclusion,
          completed_at: clock().toISOString(),
          ...(runUrl && { details_url: runUrl }),
          output: { ...output, annotations: annotations.slice(0, perRequest) },
          request: { retries: 0 },
        }),
      );
      return data;
    },
  );
  const reference = one.html_url ?? undefined;
  const told = existed ? one.output.annotations_count : Math.min(perRequest, annotations.length);
  if (existed && isSame(one, effect.conclusion, output) && told >= annotations.length) {
    return receipt(effect, 'already', { reference });
  }
  // An update adds its annotations to those that are there.
  const rest = chunks(annotations.slice(told), perRequest);
  for (const chunk of rest.length === 0 && existed ? [[]] : rest) {
    await attempt(purpose, () =>
      api.rest.checks.update({
        ...repoParams,
        check_run_id: one.id,
        status: 'completed',
        conclusion: effect.conclusion,
        output: { ...output, annotations: chunk },
      }),
    );
  }
  return receipt(effect, 'done', { reference });
}

/**
 * A check belongs to a commit, not to a pull request, and the newest of its name counts: by one name, a second
 * pull request of the same head onto a branch with rules of its author's own would pass for both.
 */
function nameOf({ agent, baseRef }: Document<'task'>, defaultBranch: string): string {
  return `Countersign / ${agent}${baseRef === defaultBranch ? '' : ` (${baseRef})`}`;
}

/** Who may write checks can put any id on them; only its app's name is not for it to choose. */
async function findOwn(
  { api, repoParams, tokenActor }: Context,
  head: string,
  name: string,
  task: string,
): Promise<CheckRun | undefined> {
  const runs = await attempt({ to: 'list the checks of the head commit', needs: 'checks: read' }, () =>
    api.paginate(api.rest.checks.listForRef, {
      ...repoParams,
      ref: head,
      check_name: name,
      filter: 'all',
      per_page: 100,
    }),
  );
  const marked = runs.filter((run) => run.external_id === task);
  const login = marked.length > 0 ? (await tokenActor()).login : undefined;
  return marked.find(({ app }) => app && `${app.slug}[bot]` === login);
}

function isSame(run: CheckRun, conclusion: string, output: { title: string; summary: string }): boolean {
  const { title, summary } = run.output;
  return run.conclusion === conclusion && title === output.title && summary === output.summary;
}

function annotation({ path, line, endLine, severity, rule, message }: Finding) {
  return {
    path,
    start_line: line,
    end_line: endLine,
    annotation_level: levels[severity],
    title: sanitizeLine(`${severity}: ${rule}`, longestTitle),
    message: sanitizeText(message, longestMessage),
  };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

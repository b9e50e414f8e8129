import type { RunResult } from '../../__tests__/stand-ins/runner.ts';
import type { Seen, SeenCheck, SeenCommit, SeenReview } from './seen.ts';
import { field, page, paint } from './terminal.ts';

/** What a run left, as a person would see it on GitHub, in the order in which one would look. */
export function show({ summary, temp }: RunResult, seen: Seen): string[] {
  return [
    ...seen.commits.map((commit) => field('commit', commitLines(commit))),
    ...seen.checks.map((check) => field('check', [checkLine(check)])),
    ...seen.reviews.map((review) => field('review', reviewLines(review))),
    ...seen.comments.map(({ author, body }) => field('comment', [`by ${author}`, ...page(body)])),
    field('summary', ['of the job', ...page(summary.replaceAll(temp, '$RUNNER_TEMP'))]),
  ];
}

function commitLines({ sha, author, message, isVerified, patch }: SeenCommit): string[] {
  const [title = '', ...body] = message.split('\n');
  const hunks = patch.slice(Math.max(0, patch.indexOf('--- ')));
  return [
    `${paint('yellow', sha.slice(0, 7))} ${paint('bold', title)}`,
    `by ${author}  ${isVerified ? paint('green', 'Verified') : paint('red', 'Unverified')}`,
    ...page(body.join('\n')),
    '',
    ...hunks.trimEnd().split('\n').map(diffLine),
  ];
}

function diffLine(line: string): string {
  if (/^(---|\+\+\+) /.test(line)) return paint('bold', line);
  if (line.startsWith('@@')) return paint('cyan', line);
  if (line.startsWith('+')) return paint('green', line);
  return line.startsWith('-') ? paint('red', line) : line;
}

function checkLine({ name, conclusion, title }: SeenCheck): string {
  const isGood = conclusion === 'success' || conclusion === 'neutral';
  return `${paint('bold', name)}  ${paint(isGood ? 'green' : 'red', conclusion ?? 'in progress')}  ${title ?? ''}`;
}

function reviewLines({ author, state, body, comments }: SeenReview): string[] {
  const inline = [...comments]
    .sort((a, b) => a.line - b.line)
    .flatMap(({ path, line, startLine, body }) => [
      '',
      paint('bold', `${path}:${startLine === null ? '' : `${startLine}-`}${line}`),
      ...page(body),
    ]);
  return [`by ${author}, ${state.toLowerCase().replace('_', ' ')}`, ...page(body), ...inline];
}

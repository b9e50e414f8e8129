import type { RunResult } from '../../__tests__/stand-ins/runner.ts';
import type { Seen, SeenCheck, SeenCommit, SeenReview } from './seen.ts';
import { field, page, paint } from './terminal.ts';

/** One run as a person would see it on GitHub, in the order in which one would look. */
export function show(result: RunResult, seen: Seen): string[] {
  return [
    field('log', logOf(result)),
    ...seen.commits.map((commit) => field('commit', commitLines(commit))),
    ...seen.checks.map((check) => field('check', [checkLine(check)])),
    ...seen.reviews.map((review) => field('review', reviewLines(review))),
    ...seen.comments.map(({ author, body }) => field('comment', [`by ${author}`, ...page(body)])),
    field('summary', page(result.summary)),
  ];
}

function logOf({ log, annotations }: RunResult): string[] {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const told = (['error', 'warning', 'notice'] as const).flatMap((level) =>
    annotations[level].map(({ message }) => `${level}: ${message}`),
  );
  return [...lines.map((line) => paint('dim', line)), ...told.map((line) => paint('yellow', line))];
}

function commitLines({ sha, author, message, isVerified, patch }: SeenCommit): string[] {
  const [title = '', ...body] = message.split('\n');
  const hunks = patch.slice(Math.max(0, patch.indexOf('--- ')));
  return [
    `${paint('yellow', sha.slice(0, 7))} ${paint('bold', title)}`,
    `by ${author}  ${isVerified ? paint('green', 'Verified') : paint('red', 'Unverified')}`,
    ...page(body.join('\n')),
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
  const good = conclusion === 'success' || conclusion === 'neutral';
  return `${paint('bold', name)}  ${paint(good ? 'green' : 'red', conclusion ?? 'in progress')}  ${title ?? ''}`;
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

import type { File } from 'parse-diff';
import { type Finding, worstFirst } from '../../core/finding.ts';

/** Lines of the new version of a file that its diff shows together: first and last. */
export interface Hunk {
  first: number;
  last: number;
}

/** A finding and where its comment goes. */
export interface Placed {
  finding: Finding;
  path: string;
  line: number;
  /** Where a comment on several lines starts. */
  startLine?: number;
  /** Whether all of the finding's lines are there, so that a suggestion would replace just them. */
  suggestable: boolean;
}

/** The new side's hunks in what parse-diff makes of the diff of one file. */
export function hunksOf(files: readonly File[]): Hunk[] {
  return files
    .filter((file) => !file.deleted)
    .flatMap((file) => file.chunks)
    .filter((chunk) => chunk.newLines > 0)
    .map((chunk) => ({ first: chunk.newStart, last: chunk.newStart + chunk.newLines - 1 }));
}

/**
 * Puts each finding on the lines of the diff: GitHub refuses a whole review for one comment that stands
 * anywhere else, or that spans two hunks.
 * @param hunks what GitHub shows of each file's new side, by path
 * @param most how many comments there may be; the worst findings get them
 */
export function place(
  findings: readonly Finding[],
  hunks: ReadonlyMap<string, readonly Hunk[]>,
  most: number,
): { placed: Placed[]; unplaced: Finding[] } {
  const placed: Placed[] = [];
  const unplaced: Finding[] = [];
  for (const finding of worstFirst(findings)) {
    const at = placed.length < most ? placeOne(finding, hunks.get(finding.path) ?? []) : undefined;
    if (at) placed.push(at);
    else unplaced.push(finding);
  }
  return { placed, unplaced };
}

function placeOne(finding: Finding, hunks: readonly Hunk[]): Placed | undefined {
  const { path, line, endLine } = finding;
  const whole = hunks.some(({ first, last }) => first <= line && endLine <= last);
  if (whole) {
    return { finding, path, line: endLine, ...(line < endLine && { startLine: line }), suggestable: true };
  }
  const shared = hunks
    .filter(({ first, last }) => first <= endLine && last >= line)
    .map(({ last }) => Math.min(last, endLine));
  return shared.length > 0 ? { finding, path, line: Math.max(...shared), suggestable: false } : undefined;
}

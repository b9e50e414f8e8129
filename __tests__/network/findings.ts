import parseDiff from 'parse-diff';
import type { Finding, Severity } from '../../src/core/finding.ts';
import type { Published } from './published.ts';

export interface Line {
  path: string;
  line: number;
  text: string;
}

/** What a reviewer hands in on a real difference, and where it is right. */
export interface Prepared {
  /** Stands where it says, on an added line. */
  exact: Line;
  /** Stands on an added line, but is said to stand a few lines from there. */
  moved: Line;
  /** Stands on a line that the difference neither changes nor shows. */
  outside: Line;
  findings: Finding[];
}

/**
 * Four findings on the difference of two versions: one is right, one is a few lines off, one quotes what is
 * nowhere, and one speaks of a line that is not in the difference.
 * @param wanted the file that the right one stands in; any, unless it says
 */
export function findingsOn(published: Published, severity: Severity, wanted?: string): Prepared {
  const { git, base, head } = published;
  const diff = parseDiff(git('-c', 'core.quotePath=false', 'diff', '-M', '--unified=3', base, head));
  const files = new Map<string, string[]>();
  const linesOf = (path: string): string[] => {
    if (!files.has(path)) files.set(path, git('show', `${head}:${path}`).split('\n'));
    return files.get(path)!;
  };
  const added = diff.flatMap((file) =>
    file.chunks.flatMap((chunk) =>
      chunk.changes.flatMap((change): Line[] =>
        change.type === 'add' ? [{ path: file.to!, line: change.ln, text: change.content.slice(1) }] : [],
      ),
    ),
  );
  const quotable = (line: Line): boolean => isOnlyOne(line, linesOf(line.path));
  const exact = added.find((line) => (wanted ?? line.path) === line.path && quotable(line))!;
  const moved = added.findLast(
    (line) => line.line > 5 && line.text !== exact.text && line.path !== wanted && quotable(line),
  )!;
  const outside = diff
    .filter(({ from, to }) => from !== '/dev/null' && to !== '/dev/null')
    .flatMap(({ to: path, chunks }) =>
      linesOf(path!)
        .map((text, index): Line => ({ path: path!, line: index + 1, text }))
        .filter(({ line }) =>
          chunks.every(({ newStart, newLines }) => line < newStart || line >= newStart + newLines),
        ),
    )
    .find(quotable)!;
  const finding = ({ path, line, text }: Line, rule: string, by = 0): Finding => ({
    ...{ path, line: line + by, endLine: line + by, quote: text, rule, severity },
    ...{ category: 'correctness', confidence: 0.9, message: `The ${rule} finding.` },
  });
  return {
    exact,
    moved,
    outside,
    findings: [
      finding(exact, 'exact'),
      finding(moved, 'moved', -4),
      finding({ ...exact, text: 'this line stands nowhere in either version' }, 'absent'),
      finding(outside, 'outside'),
    ],
  };
}

/** Whether a line can be told from all others of its file, however it is indented. */
function isOnlyOne({ text }: Line, lines: readonly string[]): boolean {
  const own = text.trim();
  return own.length >= 15 && own.length <= 300 && lines.filter((line) => line.trim() === own).length === 1;
}

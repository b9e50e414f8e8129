import { escapeInvisible } from '../core/invisible.ts';
import { truncate } from '../core/text.ts';

/** A longer line is cut: it is generated, or it is meant to fill what the session can read. */
const maxLine = 1000;

export interface Hunks {
  text: string;
  /** Bytes of git's own text that `text` stands for. */
  bytes: number;
  hidden: number;
  /** How many bytes of git's text were left out. */
  left: number;
}

/**
 * The hunks in git's text for one file, each line of the new version with its number before the sign, so that
 * a reader can name the place; hidden characters are written out.
 * @param maxBytes how long the result may be at most
 */
export function renderHunks(patch: Buffer, maxBytes: number): Hunks {
  const start = firstHunk(patch);
  const lines: string[] = [];
  const left = { old: 0, new: 0 };
  let hiddenCount = 0;
  let used = 0;
  let number = 0;
  let at = start;
  while (at < patch.length) {
    const newline = patch.indexOf(10, at);
    const end = newline < 0 ? patch.length : newline;
    const raw = patch.toString('utf8', at, end);
    // Only by counting is a deleted `-- a/x` told from the header `--- a/x` of a second patch.
    const inside = left.old > 0 || left.new > 0;
    const hunk = inside ? null : /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(raw);
    if (inside || hunk || raw[0] === '\\') {
      const { text, hidden } = escapeInvisible(raw.endsWith('\r') ? raw.slice(0, -1) : raw);
      const numbered = raw[0] === '+' || raw[0] === ' ';
      const shown = hunk ? short(text) : `${(numbered ? String(number) : '').padStart(6)} ${short(text)}`;
      used += Buffer.byteLength(shown) + 1;
      if (used > maxBytes) break;
      lines.push(shown);
      hiddenCount += hidden;
      if (numbered) number += 1;
      if (raw[0] === '+' || raw[0] === ' ') left.new -= 1;
      if (raw[0] === '-' || raw[0] === ' ') left.old -= 1;
    }
    if (hunk) {
      left.old = Number(hunk[1] ?? 1);
      left.new = Number(hunk[3] ?? 1);
      number = Number(hunk[2]);
    }
    at = end + 1;
  }
  const read = Math.min(at, patch.length);
  return { text: lines.join('\n'), bytes: read - start, hidden: hiddenCount, left: patch.length - read };
}

function firstHunk(patch: Buffer): number {
  const at = patch.indexOf('\n@@ ');
  return at < 0 ? patch.length : at + 1;
}

function short(line: string): string {
  if (line.length <= maxLine) return line;
  return `${truncate(line, maxLine, '')}… (${line.length - maxLine} more characters: read them in the tree)`;
}

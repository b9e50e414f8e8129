import { escapeInvisible } from '../core/invisible.ts';

/** Quotes that differ in indentation only are told apart by no more places than this, nearest first. */
const maxTried = 1000;

/** `text` in lines as they are compared: hidden characters written out as a session saw them, ends trimmed. */
export function normalizeLines(text: string): string[] {
  return text.split('\n').map((line) => escapeInvisible(line.replace(/\r$/, '')).text.trimEnd());
}

/**
 * Where `quote` stands in `file`, both as `normalizeLines` gives them: the index of the line nearest to `wanted`,
 * the earlier one of two. All lines may be indented deeper or less by the same whitespace. Linear in the
 * lengths of both.
 */
export function findNearest(
  file: readonly string[],
  quote: readonly string[],
  wanted: number,
): number | undefined {
  const exact = dedent(quote);
  return occurrences(
    file.map((line) => line.trimStart()),
    quote.map((line) => line.trimStart()),
  )
    .sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted) || a - b)
    .slice(0, maxTried)
    .find((start) => {
      const block = dedent(file.slice(start, start + quote.length));
      return block.every((line, index) => line === exact[index]);
    });
}

/** The whitespace that all lines but empty ones start with. */
export function indentation(lines: readonly string[]): string {
  let common: string | undefined;
  for (const line of lines) {
    if (line === '') continue;
    const own = line.slice(0, line.length - line.trimStart().length);
    if (common === undefined) common = own;
    while (!own.startsWith(common)) common = common.slice(0, -1);
  }
  return common ?? '';
}

function dedent(lines: readonly string[]): string[] {
  const { length } = indentation(lines);
  return lines.map((line) => line.slice(length));
}

/** Knuth, Morris and Pratt over lines: a file of equal lines can't make it slow. */
function occurrences(text: readonly string[], pattern: readonly string[]): number[] {
  if (pattern.length === 0) return [];
  const fallback = [0];
  for (let at = 1, matched = 0; at < pattern.length; at += 1) {
    while (matched > 0 && pattern[at] !== pattern[matched]) matched = fallback[matched - 1]!;
    if (pattern[at] === pattern[matched]) matched += 1;
    fallback.push(matched);
  }
  const found: number[] = [];
  for (let at = 0, matched = 0; at < text.length; at += 1) {
    while (matched > 0 && text[at] !== pattern[matched]) matched = fallback[matched - 1]!;
    if (text[at] === pattern[matched]) matched += 1;
    if (matched === pattern.length) {
      found.push(at - matched + 1);
      matched = fallback[matched - 1]!;
    }
  }
  return found;
}

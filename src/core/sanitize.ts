import { ansi } from './ansi.ts';
import { type Cleaned, removeInvisible } from './invisible.ts';
import { truncate } from './text.ts';

/**
 * Hostile text for people, logs and files: line ends as `\n`, all spaces ordinary, and without terminal sequences
 * and invisible characters. It is not escaped for any format.
 */
export function sanitize(hostile: string): Cleaned {
  let sequences = 0;
  const printed = hostile.replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n').replace(ansi, () => {
    sequences += 1;
    return '';
  });
  const { text, hidden } = removeInvisible(printed);
  return { text: text.replace(/\p{Zs}/gu, ' '), hidden: hidden + sequences };
}

/** The same, cut to `max`. */
export function sanitizeText(hostile: string, max: number): string {
  return truncate(sanitize(hostile).text, max);
}

/** The same on one line, as part of a sentence. */
export function sanitizeLine(hostile: string, max: number): string {
  return truncate(sanitize(hostile).text.replace(/\s+/g, ' ').trim(), max);
}

/** One line for a log that others read commands from. */
export function sanitizeLog(hostile: string): string {
  return escapeCommands(truncate(sanitize(hostile).text.replace(/[\n\t]+/g, ' '), 1000));
}

/** A CI job's runner obeys lines that start with `::` and those that hold `##[` or `##vso[` anywhere. */
export function escapeCommands(line: string): string {
  return line.replace(/^(\s*):(?=:)/, '$1: ').replace(/##(?=\[|vso\[)/gi, '# #');
}

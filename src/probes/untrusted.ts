import { ansi } from '../core/ansi.ts';
import { reveal } from '../core/hidden.ts';

/** What a program printed as plain text: without colours, one kind of line end, and with what was hidden written out. */
export function plain(output: string): string {
  return plainly(output).text;
}

/** The same, and how many hidden characters there were. */
export function plainly(output: string): { text: string; hidden: number } {
  return reveal(output.replace(ansi, '').replace(/\r\n?/g, '\n'));
}

/** At most `max` characters from the start of `text`, with no half character at the cut. */
export function head(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max).toWellFormed();
}

/** At most `max` characters from the end of `text`, from the start of a line where there is one. */
export function tail(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(-max);
  const line = cut.indexOf('\n');
  return (line >= 0 && line < cut.length - 1 ? cut.slice(line + 1) : cut).toWellFormed();
}

/** `text` in a Markdown fence that is longer than any run of backticks in it, so that it can't end it. */
export function fence(text: string): string {
  let longest = 2;
  for (const [run] of text.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length);
  const marks = '`'.repeat(longest + 1);
  return `${marks}text\n${text}${text.endsWith('\n') ? '' : '\n'}${marks}`;
}

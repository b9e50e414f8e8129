/**
 * `text` cut to `max` UTF-16 units, with `mark` as the last of them when something is missing. Never with half a
 * character: what is no well-formed Unicode can't be a document.
 */
export function truncate(text: string, max: number, mark = '…'): string {
  if (text.length <= max) return text.toWellFormed();
  const kept = text.slice(0, Math.max(0, max - mark.length)).replace(/[\ud800-\udbff]$/, '');
  return `${kept}${mark}`.slice(0, max).toWellFormed();
}

/** The last `max` units of `text`, with an ellipsis in front when something is missing: for output of programs. */
export function truncateStart(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  const kept = text.slice(text.length - Math.max(0, max - 1)).replace(/^[\udc00-\udfff]/, '');
  return `…${kept}`.slice(0, max).toWellFormed();
}

/**
 * A run of backticks that `text` can't end, because it is longer than any in it.
 * @param least how many at least: 3 for a fence of lines, 1 for a span
 */
export function fenceMarks(text: string, least = 3): string {
  let length = least;
  for (const [run] of text.matchAll(/`+/g)) length = Math.max(length, run.length + 1);
  return '`'.repeat(length);
}

/** `text` as Markdown's fenced code, which it can't break out of: data, whatever it says. */
export function fence(text: string, language = 'text'): string {
  const marks = fenceMarks(text);
  return `${marks}${language}\n${text}${text.endsWith('\n') ? '' : '\n'}${marks}`;
}

// What a terminal, a log or a reader could be fooled with: control, zero-width, bidi and tag characters.
const tricky =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

/** `text` without characters that are not seen, at most `max` long; line breaks and tabs stay. */
export function visible(text: string, max: number): string {
  return cut(text.replace(/\r\n?/g, '\n').replace(tricky, ''), max);
}

/** `text` as part of one line of a log or a sentence. */
export function oneLine(text: string, max = 300): string {
  return cut(text.replace(/\s+/g, ' ').replace(tricky, '').trim(), max);
}

/** The first `max` UTF-16 units at most, never half a character, ending in an ellipsis where something is gone. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = text.slice(0, max - 1);
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

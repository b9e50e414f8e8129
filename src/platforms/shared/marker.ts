import { truncate } from '../../core/text.ts';

/** GitHub's limit on the body of a comment or review, in characters: https://docs.github.com/rest/issues/comments */
export const longestBody = 65_536;
const cutNote = '\n\n… cut: GitHub shows no more than this.';

/**
 * `body` under a line that isn't shown, by which it is found again. The line has to be the first: text
 * quoted from people further down can't claim to be another one's.
 */
export function mark(key: string, body: string): string {
  const head = `${lineOf(key)}\n`;
  const room = longestBody - head.length;
  if (body.length <= room) return head + body;
  return head + truncate(body, room - cutNote.length) + cutNote;
}

/** Whether `body` was marked with that key. */
export function isMarked(body: string | null | undefined, key: string): boolean {
  return body?.split(/\r?\n/, 1)[0] === lineOf(key);
}

function lineOf(key: string): string {
  return `<!-- countersign:${key} -->`;
}

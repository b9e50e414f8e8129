import { ansi } from '../core/ansi.ts';
import { digest } from '../core/digest.ts';
import { escapeInvisible } from '../core/invisible.ts';

/** Texts with something hidden that are told apart; who makes more has been found out. */
const mostCounted = 2000;

/**
 * Makes visible, in place, all that a request to the Messages API shows the model: the prompt and what tools
 * gave, which is files, names and output of a hostile change. Hidden characters are written out or, many in a
 * row, removed. The same text always becomes the same, so that the cache of the
 * conversation's start holds. What the model said itself is left alone: its thinking is signed.
 * @param counted digests of texts that an earlier request of the conversation has held; added to
 * @param isOutput whether texts are mostly what programs printed, so that terminal sequences go. Who judges code
 * has to see it as it stands: one sequence can hold whole statements, and a quote has to be found in the file.
 * @returns how many hidden characters there were in texts not counted before
 */
export function sanitizeRequest(
  body: { system?: unknown; messages?: { role?: unknown; content?: unknown }[] },
  counted: Set<string>,
  isOutput: boolean,
): number {
  let found = 0;
  const shown = (text: string): string => {
    const { text: result, hidden } = escapeInvisible(
      isOutput ? text.replace(ansi, '').replace(/\r(?!\n)/g, '\n') : text,
    );
    const sum = hidden > 0 ? digest(text.toWellFormed()) : '';
    if (hidden > 0 && counted.size < mostCounted && !counted.has(sum)) {
      counted.add(sum);
      found += hidden;
    }
    return result;
  };
  const show = (content: unknown): unknown => {
    if (typeof content === 'string') return shown(content);
    if (!Array.isArray(content)) return content;
    return content.map((block: unknown) => {
      if (typeof block !== 'object' || block === null) return block;
      const { text, content: inner } = block as { text?: unknown; content?: unknown };
      return {
        ...block,
        ...(typeof text === 'string' && { text: shown(text) }),
        ...(inner !== undefined && { content: show(inner) }),
      };
    });
  };
  if (body.system !== undefined) body.system = show(body.system);
  for (const message of Array.isArray(body.messages) ? body.messages : []) {
    if (message?.role === 'user') message.content = show(message.content);
  }
  return found;
}

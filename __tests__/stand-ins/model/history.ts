import { isDeepStrictEqual } from 'node:util';
import { withoutCacheControl } from './cache.ts';
import { blocksOf } from './read.ts';
import type { Block, Body, Message } from './types.ts';

/** What a session's last request said and what came back; nothing came back after a fault. */
export type Past = { body: Body; reply?: Block[]; stopReason?: string };

// What the API itself reads of a reply that is sent back; SDKs may add or drop other fields.
const KNOWN: Record<string, string[]> = {
  text: ['type', 'text'],
  thinking: ['type', 'thinking', 'signature'],
  redacted_thinking: ['type', 'data'],
  tool_use: ['type', 'id', 'name', 'input'],
};

/** Whether the request's messages begin with the session's last ones. */
export const continues = (past: Past, body: Body): boolean =>
  body.messages.length >= past.body.messages.length &&
  past.body.messages.every((message, at) => sameMessage(message, body.messages[at]));

/** Whether the request's messages are exactly the session's last ones, as in a retry. */
export const repeats = (past: Past, body: Body): boolean =>
  body.messages.length === past.body.messages.length && continues(past, body);

/** How the request breaks with what the session said before; empty when it only adds to it. */
export function breaks(past: Past, body: Body): string[] {
  return [...prefixBreaks(past.body, body), ...messageBreaks(past, body)];
}

function prefixBreaks(before: Body, now: Body): string[] {
  return (['model', 'tools', 'system', 'thinking'] as const)
    .filter((field) => {
      const [was, is] =
        field === 'system' ? [blocksOf(before.system), blocksOf(now.system)] : [before[field], now[field]];
      return !isDeepStrictEqual(withoutCacheControl(was), withoutCacheControl(is));
    })
    .map((field) => `stand-in: ${field} changed within a conversation, which defeats the prompt cache`);
}

function messageBreaks(past: Past, body: Body): string[] {
  for (const [at, message] of past.body.messages.entries()) {
    if (!sameMessage(message, body.messages[at])) {
      return [`stand-in: messages.${at} changed within a conversation; history is append-only`];
    }
  }
  if (!past.reply) return [];
  const at = past.body.messages.length;
  const sent = body.messages[at];
  if (sent?.role !== 'assistant') {
    return [`stand-in: messages.${at} should be the assistant's reply ${JSON.stringify(past.reply)}`];
  }
  return replyBreaks(past, blocksOf(sent.content), at);
}

function replyBreaks(past: Past, sent: Block[], at: number): string[] {
  const said = (past.reply ?? []).map(known);
  const back = sent.map(known);
  if (isDeepStrictEqual(said, back)) return [];
  const bare = (blocks: Block[]): Block[] => blocks.filter((block) => !isThinking(block));
  const dropped = !back.some(isThinking) && isDeepStrictEqual(bare(said), back);
  if (dropped && past.stopReason !== 'tool_use') return [];
  if (dropped || isDeepStrictEqual(bare(said), bare(back))) {
    return [
      `messages.${at}.content.0: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified. ` +
        'These blocks must remain as they were in the original response.',
    ];
  }
  return [
    `stand-in: messages.${at} is not what the model said: ${JSON.stringify(back)} instead of ${JSON.stringify(said)}`,
  ];
}

function sameMessage(one: Message, other: Message | undefined): boolean {
  if (other?.role !== one.role) return false;
  const plain = (message: Message): Block[] => withoutCacheControl(blocksOf(message.content)).map(known);
  return isDeepStrictEqual(plain(one), plain(other));
}

const isThinking = (block: Block): boolean => block.type === 'thinking' || block.type === 'redacted_thinking';

function known(block: Block): Block {
  const fields = KNOWN[block.type ?? ''];
  if (!fields) return withoutCacheControl(block);
  return Object.fromEntries(fields.filter((key) => key in block).map((key) => [key, block[key]]));
}

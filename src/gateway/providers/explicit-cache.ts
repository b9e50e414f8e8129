import type { SendToModel } from './client.ts';

interface Message {
  role: string;
  content: string | Record<string, unknown>[];
}

/**
 * `send` for a provider that knows no `cache_control` of a whole request, only that of a block: Bedrock and
 * Vertex AI refuse the former. What it means is the last block of the last message.
 */
export function withExplicitCache(send: SendToModel): SendToModel {
  return (path, body, signal) => send(path, explicit(body as Record<string, unknown>), signal);
}

function explicit(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { cache_control, ...rest } = body;
  const messages = rest.messages as Message[] | undefined;
  const last = messages?.at(-1);
  if (!cache_control || !last) return rest;
  const blocks =
    typeof last.content === 'string' ? [{ type: 'text', text: last.content }] : [...last.content];
  const block = blocks.pop();
  const marked = block ? [...blocks, { cache_control, ...block }] : blocks;
  return { ...rest, messages: [...messages!.slice(0, -1), { ...last, content: marked }] };
}

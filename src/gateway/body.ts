import type { IncomingMessage } from 'node:http';

/** The Messages API's own limit on a request: https://platform.claude.com/docs/en/api/errors. */
export const largestBody = 32 * 1024 * 1024;

/** A request's body as far as the gateway looks at it; a session wrote it, so that any field can be anything. */
export interface RequestBody {
  model?: unknown;
  max_tokens?: unknown;
  stream?: unknown;
  system?: unknown;
  tools?: unknown;
  messages?: { role?: unknown; content?: unknown }[];
}

/** A block of content in it. */
export interface ContentBlock {
  type?: unknown;
  text?: unknown;
  content?: unknown;
  tool_use_id?: unknown;
  is_error?: unknown;
}

/** The text of a request's body, or undefined when it is larger than a request may be. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The JSON object in `text`, or undefined when there is none. */
export function parseBody(text: string): RequestBody | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as RequestBody) : undefined;
  } catch {
    return undefined;
  }
}

/** The blocks of a message's or a system prompt's content, which may be a plain text. */
export function blocksOf(content: unknown): ContentBlock[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? (content as ContentBlock[]) : [];
}

/** What a block shows the model as text. */
export function textOf(block: ContentBlock): string {
  if (typeof block.text === 'string') return block.text;
  if (typeof block.content === 'string') return block.content;
  return Array.isArray(block.content)
    ? block.content.map((inner: ContentBlock) => (typeof inner.text === 'string' ? inner.text : '')).join('')
    : '';
}

import { noTokens } from '../core/budget.ts';
import type { Tokens } from '../core/document.ts';

/** What a reply of the Messages API turned out to be, as far as it has come. */
export interface Reply {
  tokens: Tokens;
  stop?: string;
  text: string;
  tools: { id: string; name: string; input: string }[];
  error?: string;
  /** Whether the API has said what the whole reply has used. */
  final: boolean;
}

interface Usage {
  input_tokens?: number | null;
  output_tokens?: number | null;
  cache_read_input_tokens?: number | null;
  cache_creation_input_tokens?: number | null;
}

interface Block {
  type: string;
  text?: string;
  id?: string;
  name?: string;
  input?: unknown;
}

interface StreamEvent {
  type: string;
  index?: number;
  message?: { usage?: Usage };
  usage?: Usage;
  delta?: { type?: string; text?: string; partial_json?: string; stop_reason?: string | null };
  content_block?: Block;
  error?: { type?: string; message?: string };
}

const keepText = 4000;
/** A line of the stream longer than this is no event of the API's. */
const longestLine = 8 * 1024 * 1024;

/**
 * Reads a streamed reply as it passes, for metering and the record.
 * See https://platform.claude.com/docs/en/build-with-claude/streaming for the events.
 */
export function readStream(): { add: (chunk: Uint8Array) => void; reply: Reply } {
  const reply: Reply = { tokens: noTokens, text: '', tools: [], final: false };
  const open = new Map<number, { id: string; name: string; input: string }>();
  const decoder = new TextDecoder();
  let rest = '';
  const take = (line: string): void => {
    if (!line.startsWith('data:')) return;
    let event: StreamEvent;
    try {
      event = JSON.parse(line.slice(5));
    } catch {
      return;
    }
    apply(event, reply, open);
  };
  return {
    reply,
    add: (chunk) => {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop()!.slice(0, longestLine);
      for (const line of lines) take(line.trimEnd());
    },
  };
}

function apply(
  event: StreamEvent,
  reply: Reply,
  open: Map<number, { id: string; name: string; input: string }>,
): void {
  switch (event.type) {
    case 'message_start':
      reply.tokens = tokensOf(event.message?.usage, reply.tokens);
      break;
    case 'content_block_start':
      if (event.content_block?.type === 'tool_use') {
        const tool = {
          id: String(event.content_block.id),
          name: String(event.content_block.name),
          input: '',
        };
        open.set(event.index ?? 0, tool);
        reply.tools.push(tool);
      }
      break;
    case 'content_block_delta': {
      if (event.delta?.type === 'text_delta' && reply.text.length < keepText)
        reply.text += event.delta.text ?? '';
      const tool = open.get(event.index ?? 0);
      if (event.delta?.type === 'input_json_delta' && tool) tool.input += event.delta.partial_json ?? '';
      break;
    }
    case 'message_delta':
      reply.tokens = tokensOf(event.usage, reply.tokens);
      if (!event.delta?.stop_reason) break;
      reply.stop = event.delta.stop_reason;
      reply.final = typeof event.usage?.output_tokens === 'number';
      break;
    case 'error':
      reply.error = `${event.error?.type ?? 'error'}: ${event.error?.message ?? ''}`;
      break;
  }
}

/** A reply that came in one piece. */
export function readWhole(body: string): Reply {
  const reply: Reply = { tokens: noTokens, text: '', tools: [], final: false };
  try {
    const message = JSON.parse(body) as {
      usage?: Usage;
      stop_reason?: string;
      content?: Block[];
      error?: StreamEvent['error'];
    };
    reply.tokens = tokensOf(message.usage, noTokens);
    if (message.stop_reason) reply.stop = message.stop_reason;
    reply.final = typeof message.usage?.output_tokens === 'number';
    if (message.error) reply.error = `${message.error.type ?? 'error'}: ${message.error.message ?? ''}`;
    for (const block of message.content ?? []) {
      if (block.type === 'text') reply.text += block.text ?? '';
      if (block.type === 'tool_use')
        reply.tools.push({
          id: String(block.id),
          name: String(block.name),
          input: JSON.stringify(block.input),
        });
    }
  } catch {
    reply.error = 'the answer is not JSON';
  }
  return reply;
}

/** Later figures replace earlier ones: the API counts from the start of the message each time. */
function tokensOf(usage: Usage | undefined, before: Tokens): Tokens {
  return {
    input: usage?.input_tokens ?? before.input,
    output: usage?.output_tokens ?? before.output,
    cacheRead: usage?.cache_read_input_tokens ?? before.cacheRead,
    cacheWrite: usage?.cache_creation_input_tokens ?? before.cacheWrite,
  };
}

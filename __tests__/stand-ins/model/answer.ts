import type { ServerResponse } from 'node:http';
import type { Block, Turn, Usage } from './types.ts';

/** A reply ready to be sent. */
export type Answer = {
  id: string;
  model: string;
  content: Block[];
  stopReason: string;
  usage: Usage;
  turn: Turn;
};

type Event = { type: string; [key: string]: unknown };

const CHUNK = 24;

/** Sends a reply, streamed or whole, and breaks off where the turn says so. */
export function send(response: ServerResponse, answer: Answer, stream: boolean): void {
  if (answer.turn.hang === 'silent') return;
  if (answer.turn.lost) return void response.destroy();
  if (stream) sendEvents(response, answer);
  else sendWhole(response, answer);
}

function sendEvents(response: ServerResponse, answer: Answer): void {
  const { turn } = answer;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  const events = eventsOf(answer);
  if (turn.hang) {
    for (const event of events.slice(0, 1)) write(response, event);
    keepPinging(response);
    return;
  }
  const stop = turn.cutAfter ?? turn.errorAfter ?? events.length;
  for (const event of events.slice(0, stop)) write(response, event);
  if (turn.cutAfter !== undefined) {
    response.write('', () => response.destroy());
    return;
  }
  if (turn.errorAfter !== undefined) {
    const error = { type: 'overloaded_error', message: 'Overloaded', ...turn.error };
    write(response, { type: 'error', error });
  }
  response.end();
}

function sendWhole(response: ServerResponse, answer: Answer): void {
  const { turn } = answer;
  if (turn.hang) return;
  const text = JSON.stringify({
    ...shell(answer),
    content: answer.content,
    stop_reason: answer.stopReason,
    stop_details: detailsOf(answer),
    usage: answer.usage,
  });
  const bytes = Buffer.from(text);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
  if (turn.cutAfter === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

function keepPinging(response: ServerResponse): void {
  write(response, { type: 'ping' });
  const timer = setInterval(() => write(response, { type: 'ping' }), 250).unref();
  response.on('close', () => clearInterval(timer));
}

function write(response: ServerResponse, event: Event): void {
  response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

const shell = ({ id, model }: Answer): Record<string, unknown> => ({
  id,
  type: 'message',
  role: 'assistant',
  model,
  stop_sequence: null,
});

const detailsOf = ({ stopReason }: Answer): unknown =>
  stopReason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null;

function eventsOf(answer: Answer): Event[] {
  const { usage } = answer;
  return [
    {
      type: 'message_start',
      message: {
        ...shell(answer),
        content: [],
        stop_reason: null,
        stop_details: null,
        usage: { ...usage, output_tokens: 1 },
      },
    },
    ...answer.content.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: opening(block) },
      ...(index === 0 ? [{ type: 'ping' }] : []),
      ...deltasOf(block).map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ]),
    {
      type: 'message_delta',
      delta: { stop_reason: answer.stopReason, stop_sequence: null, stop_details: detailsOf(answer) },
      usage: {
        input_tokens: usage.input_tokens,
        cache_creation_input_tokens: usage.cache_creation_input_tokens,
        cache_read_input_tokens: usage.cache_read_input_tokens,
        output_tokens: usage.output_tokens,
      },
    },
    { type: 'message_stop' },
  ];
}

function opening(block: Block): Block {
  if (block.type === 'text') return { ...block, text: '' };
  if (block.type === 'thinking') return { ...block, thinking: '', signature: '' };
  return { ...block, input: {} };
}

function deltasOf(block: Block): Event[] {
  if (block.type === 'text') return chunks(block.text).map((text) => ({ type: 'text_delta', text }));
  if (block.type === 'thinking') {
    return [
      ...chunks(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })),
      { type: 'signature_delta', signature: block.signature },
    ];
  }
  // A string is an input that is no JSON and goes out as it is.
  const json = typeof block.input === 'string' ? block.input : JSON.stringify(block.input);
  return ['', ...chunks(json)].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
}

// By code points, so that no chunk ends within a surrogate pair.
function chunks(text: unknown): string[] {
  const points = [...String(text)];
  const pieces: string[] = [];
  for (let at = 0; at < points.length; at += CHUNK) pieces.push(points.slice(at, at + CHUNK).join(''));
  return pieces;
}

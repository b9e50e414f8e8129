import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Row } from './main.ts';
import { median, ms } from './median.ts';
import { makeRepository } from './repository.ts';
import { startReview } from './review.ts';

const turns = 50;

/**
 * What a turn costs beyond the model's own time: from the last byte of a streamed reply that calls a tool to
 * the next request, through the gateway and the SDK's tool runner, with the smallest tool there is.
 */
export async function measureTurns(scratch: string): Promise<Row[]> {
  const repository = makeRepository(join(scratch, 'turns'), 5, 5);
  const gaps: number[] = [];
  let answered = 0;
  let replied = 0;
  const server = createServer((request, response) => {
    if (replied > 0) gaps.push(performance.now() - replied);
    request.resume().on('end', () => {
      answered += 1;
      response.writeHead(answered <= turns ? 200 : 401, { 'content-type': 'text/event-stream' });
      response.end(stream(answered), () => {
        replied = performance.now();
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const child = startReview(repository, server);
  await once(child, 'close');
  server.close();
  return [
    {
      what: `overhead of a turn (median of ${gaps.length})`,
      ours: ms(median(gaps)),
      reference: '',
      ratio: '',
      aim: '10 ms',
    },
  ];
}

function stream(turn: number): string {
  const events = [
    {
      type: 'message_start',
      message: {
        id: `msg_${turn}`,
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-5-5',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 10, output_tokens: 1 },
      },
    },
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', id: `toolu_${turn}`, name: 'read', input: {} },
    },
    {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: '{"file_path":"src/part0/file0.js"}' },
    },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 20 },
    },
    { type: 'message_stop' },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

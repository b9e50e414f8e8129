import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

// A Messages API that streams as many events as the prompt asks for, each with the time at which it was sent:
// one at a time (`paced 500`), or as fast as they are taken (`flood 20000`). Prints its port.
const server = createServer(async (request, response) => {
  const { messages } = (await json(request)) as { messages: { content: string }[] };
  const [pace, count] = messages[0]!.content.split(' ');
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const usage = { input_tokens: 10, output_tokens: 1 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-opus-5-5', content: [] };
  await send(response, {
    type: 'message_start',
    message: { ...message, stop_reason: null, stop_sequence: null, usage },
  });
  await send(response, {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'text', text: '', citations: null },
  });
  for (let i = 0; i < Number(count); i += 1) {
    if (pace === 'paced') await wait(2);
    const text = `${process.hrtime.bigint()} `;
    await send(response, { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
  }
  await send(response, { type: 'content_block_stop', index: 0 });
  const delta = { stop_reason: 'end_turn', stop_sequence: null };
  await send(response, { type: 'message_delta', delta, usage: { output_tokens: 20 } });
  await send(response, { type: 'message_stop' });
  response.end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
console.log((server.address() as AddressInfo).port);

async function send(response: ServerResponse, event: { type: string; [name: string]: unknown }) {
  if (!response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`))
    await once(response, 'drain');
}

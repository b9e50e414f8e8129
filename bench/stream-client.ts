import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { Messages } from '@anthropic-ai/sdk/resources/beta/messages/messages';
import { fetchThrough } from '../src/engines/sdk/socket-fetch.ts';
import { median } from './median.ts';

// What a session's process sees of a stream: prints {latency} in milliseconds from the sending of an event to
// its arrival, and {rate} in events a second. Its arguments: the prompt, the API's URL, the gateway's socket.
const [prompt, baseURL, socket] = process.argv.slice(2);
const client = new BaseAnthropic({
  apiKey: 'token',
  authToken: null,
  baseURL: baseURL!,
  maxRetries: 0,
  ...(socket && { fetch: fetchThrough(socket) }),
});
const stream = await new Messages(client).create({
  model: 'claude-opus-5-5',
  max_tokens: 32_000,
  messages: [{ role: 'user', content: prompt! }],
  stream: true,
});
const latencies: number[] = [];
const started = performance.now();
for await (const event of stream) {
  if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') continue;
  // hrtime is the machine's monotonic clock, the same in all processes.
  latencies.push(Number(process.hrtime.bigint() - BigInt(event.delta.text.trim())) / 1e6);
}
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ latency: median(latencies), rate: latencies.length / seconds }));

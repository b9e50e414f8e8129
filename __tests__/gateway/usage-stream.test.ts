import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readStream, readWhole } from '../../src/gateway/usage-stream.ts';

const events = [
  {
    type: 'message_start',
    message: {
      usage: {
        input_tokens: 7,
        output_tokens: 1,
        cache_read_input_tokens: 3,
        cache_creation_input_tokens: 2,
      },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße 👋' } },
  {
    type: 'content_block_start',
    index: 1,
    content_block: { type: 'tool_use', id: 't', name: 'bash', input: {} },
  },
  { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"command":' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '"ls"}' } },
  { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 40 } },
  { type: 'message_stop' },
];
const bytes = Buffer.from(
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
);

test('a streamed reply is read the same however the network cuts it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const stream = readStream();
      for (let i = 1; i < places.length; i += 1) stream.add(bytes.subarray(places[i - 1], places[i]));
      expect(stream.reply).toEqual({
        tokens: { input: 7, output: 40, cacheRead: 3, cacheWrite: 2 },
        stop: 'tool_use',
        final: true,
        text: 'Grüße 👋',
        tools: [{ id: 't', name: 'bash', input: '{"command":"ls"}' }],
      });
    }),
  );
});

test('bytes that are no stream of the API neither throw nor count', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (noise) => {
      const stream = readStream();
      stream.add(noise);
      expect(stream.reply.tokens).toEqual({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 });
    }),
  );
});

test('what was used up to a cut in the stream is counted', () => {
  const stream = readStream();
  stream.add(bytes.subarray(0, 200));
  expect(stream.reply.tokens).toEqual({ input: 7, output: 1, cacheRead: 3, cacheWrite: 2 });
  expect(stream.reply.stop).toBeUndefined();
  expect(stream.reply.final).toBe(false);
});

test.each([
  ['no JSON at all', '<html>', false],
  ['no figures', '{"stop_reason":"end_turn"}', false],
  ['figures without the output', '{"stop_reason":"end_turn","usage":{"input_tokens":3}}', false],
  ['all figures', '{"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":4}}', true],
])('a reply in one piece with %s', (_what, body, final) => {
  expect(readWhole(body).final).toBe(final);
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { costUsd, noTokens, total } from '../../src/core/budget.ts';
import { reserve, settle } from '../../src/gateway/meter.ts';

const model = 'claude-opus-5-5';
const count = fc.nat({ max: 2_000_000 });
const used = fc.record({
  requests: fc.nat({ max: 100 }),
  tokens: fc.record({ input: count, output: count, cacheRead: count, cacheWrite: count }),
  costUsd: fc.double({ min: 0, max: 20, noNaN: true }),
});
const limits = fc.record({
  seconds: count,
  turns: fc.nat({ max: 100 }),
  tokens: fc.nat({ max: 10_000_000 }),
  costUsd: fc.double({ min: 0, max: 20, noNaN: true }),
});

test('what is reserved always fits in what is left of every limit', () => {
  fc.assert(
    fc.property(fc.nat({ max: 33_554_432 }), fc.anything(), used, limits, (bytes, asked, before, left) => {
      const reserved = reserve(bytes, asked, before, left, (tokens) => costUsd(model, tokens));
      if (typeof reserved === 'string') return;
      expect(before.requests).toBeLessThan(left.turns);
      expect(total(before.tokens) + reserved.input + reserved.output).toBeLessThanOrEqual(left.tokens);
      const { input, output } = reserved;
      // A prompt is at its dearest when all of it is written to the cache.
      const cost = costUsd(model, { ...noTokens, cacheWrite: input, output });
      expect(input).toBeGreaterThanOrEqual(bytes / 3);
      expect(before.costUsd + cost).toBeLessThanOrEqual(left.costUsd + 1e-9);
    }),
  );
});

test('a reply without its last figures is never cheaper than what was reserved for it', () => {
  fc.assert(
    fc.property(count, count, fc.boolean(), fc.boolean(), (input, output, told, stopped) => {
      const tokens = told ? { ...noTokens, input: 10, output: 1 } : noTokens;
      const stop = stopped ? { stop: 'end_turn' } : {};
      const charged = settle({ tokens, text: '', tools: [], final: false, ...stop }, 200, { input, output });
      expect(charged.output).toBeGreaterThanOrEqual(output);
      expect(charged).toMatchObject(told ? { input: 10, cacheWrite: 0 } : { input: 0, cacheWrite: input });
    }),
  );
});

test('a reply that came to its end is charged by the figures of the API, an error by nothing', () => {
  const tokens = { input: 1, output: 2, cacheRead: 3, cacheWrite: 4 };
  const reserved = { input: 1000, output: 1000 };
  expect(settle({ tokens, text: '', tools: [], final: true }, 200, reserved)).toEqual(tokens);
  expect(settle({ tokens: noTokens, text: '', tools: [], final: false }, 429, reserved)).toEqual(noTokens);
});

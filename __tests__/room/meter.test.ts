import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { costUsd, noTokens, total } from '../../src/core/budget.ts';
import { reserve, settle } from '../../src/room/meter.ts';

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
      const reserved = reserve(bytes, asked, before, left, model);
      if (typeof reserved === 'string') return;
      expect(before.requests).toBeLessThan(left.turns);
      expect(total(before.tokens) + reserved.input + reserved.output).toBeLessThanOrEqual(left.tokens);
      const cost = costUsd(model, { ...noTokens, ...reserved });
      expect(before.costUsd + cost).toBeLessThanOrEqual(left.costUsd + 1e-9);
    }),
  );
});

test('a reply that breaks off is never cheaper than one that comes to its end', () => {
  fc.assert(
    fc.property(count, count, fc.boolean(), (input, output, told) => {
      const tokens = told ? { ...noTokens, input: 10, output: 1 } : noTokens;
      const charged = settle({ tokens, text: '', tools: [] }, 200, { input, output });
      expect(charged.output).toBeGreaterThanOrEqual(output);
      expect(charged.input).toBe(told ? 10 : input);
    }),
  );
});

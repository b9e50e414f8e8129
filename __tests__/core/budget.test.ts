import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  costUsd,
  exhausted,
  type Limits,
  noTokens,
  plus,
  remaining,
  spent,
  total,
} from '../../src/core/budget.ts';
import { append } from '../../src/core/ledger.ts';
import * as any from './arbitrary.ts';

const model = fc.oneof(
  fc.constantFrom(
    'claude-opus-5-5',
    'claude-opus-5',
    'claude-haiku-5-5-20261101',
    'claude-sonnet-4-6',
    'other',
    '',
  ),
  fc.string(),
);
const amount = fc.double({ min: 0.001, max: 1e6, noNaN: true });
const limits: fc.Arbitrary<Limits> = fc.record({
  minutes: amount,
  attempts: fc.integer({ min: 1, max: 20 }),
  turns: fc.integer({ min: 1, max: 2000 }),
  tokens: fc.integer({ min: 1 }),
  costUsd: amount,
});

describe('the cost of tokens', () => {
  test('is never negative, grows with every token, and adds up', () => {
    fc.assert(
      fc.property(model, any.tokens, any.tokens, (name, a, b) => {
        const [one, both] = [costUsd(name, a), costUsd(name, plus(a, b))];
        expect(one).toBeGreaterThanOrEqual(0);
        expect(both).toBeGreaterThanOrEqual(one);
        expect(both).toBeCloseTo(one + costUsd(name, b), 6);
        expect(total(plus(a, b))).toBe(total(a) + total(b));
        expect(costUsd(name, noTokens)).toBe(0);
      }),
    );
  });

  test('of a model that is not known is the dearest', () => {
    fc.assert(
      fc.property(model, any.tokens, (name, tokens) => {
        expect(costUsd('no-such-model', tokens)).toBeGreaterThanOrEqual(costUsd(name, tokens));
      }),
    );
  });

  test('goes by whole parts of the name', () => {
    const million = { ...noTokens, input: 1e6 };
    expect(costUsd('claude-opus-5-5', million)).toBe(4);
    expect(costUsd('claude-opus-5-5-20261101', million)).toBe(4);
    expect(costUsd('claude-opus-5', million)).toBe(5);
    expect(costUsd('claude-opus-55', million)).toBe(10);
  });
});

describe('what is left', () => {
  test('is never negative, never grows, and is used up exactly at a limit', () => {
    fc.assert(
      fc.property(limits, any.ledger, any.usage, (given, ledger, usage) => {
        const [before, after] = [
          remaining(given, ledger),
          remaining(given, append(ledger, usage, new Date(0))),
        ];
        for (const key of ['seconds', 'tokens', 'costUsd', 'turns'] as const) {
          expect(after[key]).toBeGreaterThanOrEqual(0);
          expect(after[key]).toBeLessThanOrEqual(before[key]);
        }
        const used = spent(ledger);
        const over =
          used.tokens >= given.tokens || used.costUsd >= given.costUsd || used.seconds >= given.minutes * 60;
        expect(exhausted(before) !== undefined).toBe(over);
        if (exhausted(before)) expect(exhausted(after)).toBeDefined();
      }),
    );
  });
});

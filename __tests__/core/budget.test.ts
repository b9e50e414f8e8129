import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  costUsd,
  exhausted,
  type Limits,
  narrowLimits,
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
    'us.anthropic.claude-opus-4-1-20250805-v1:0',
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
    expect(costUsd('claude-opus-55', million)).toBe(15);
  });

  test.each([
    ['anthropic.claude-opus-5-5', 4],
    ['global.anthropic.claude-opus-5-5', 4],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 3],
    ['us-gov.anthropic.claude-haiku-4-5-20251001-v1:0', 1],
    ['arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-opus-5', 5],
    ['arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-1-20250805-v1:0', 15],
    ['claude-haiku-4-5@20251001', 1],
    ['claude-opus-4@20250514', 15],
    ['claude-opus-4-6@default', 5],
    ['claude-opus-4', 15],
    ['claude-opus-4-0', 15],
    // Nobody can see what these stand for.
    ['arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6', 15],
    ['my-deployment', 15],
    ['evil.example/anthropic.claude-haiku-4-5', 15],
  ])('of %s, as a provider names it, goes by what Anthropic calls it', (name, usd) => {
    expect(costUsd(name, { ...noTokens, input: 1e6 })).toBe(usd);
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

test("an agent's own budget lowers a limit and never raises one", () => {
  const budget = fc.record(
    { minutes: amount, turns: amount, tokens: amount, usd: amount },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(limits, budget, (given, own) => {
      const narrowed = narrowLimits(given, { budget: own });
      expect(narrowed.attempts).toBe(given.attempts);
      for (const limit of ['minutes', 'turns', 'tokens', 'costUsd'] as const) {
        const wanted = own[limit === 'costUsd' ? 'usd' : limit];
        expect(narrowed[limit]).toBe(wanted !== undefined && wanted < given[limit] ? wanted : given[limit]);
      }
    }),
  );
});

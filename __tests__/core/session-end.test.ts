import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { providers } from '../../src/core/access.ts';
import { exits } from '../../src/core/job.ts';
import { endOf, outcomeOfEnd, type SessionTrace } from '../../src/core/session-end.ts';

const trace: fc.Arbitrary<SessionTrace> = fc.record(
  {
    result: fc.option(
      fc.record({
        exitCode: fc.option(fc.constantFrom(...Object.values(exits), 2, 137)),
        timedOut: fc.boolean(),
        output: fc.string(),
      }),
      { nil: undefined },
    ),
    hasProposal: fc.boolean(),
    provider: fc.constantFrom(...providers),
    closedBy: fc.constantFrom('max-turns', 'max-tokens', 'max-cost-usd'),
    failure: fc.record({
      status: fc.constantFrom(0, 400, 401, 403, 404, 413, 418, 429, 500, 529),
      detail: fc.string(),
    }),
  },
  { requiredKeys: ['result', 'hasProposal', 'provider'] },
);

describe('how a session ended', () => {
  test('is said in a sentence, but for a session that handed in its result', () => {
    fc.assert(
      fc.property(trace, (given) => {
        const { ended, reason } = endOf(given);
        const handedIn = given.result !== undefined && given.hasProposal;
        expect(reason === '').toBe(handedIn);
        if (handedIn) expect(ended).toBe('done');
      }),
    );
  });

  test('goes by the gateway and the clock before the word of its process', () => {
    fc.assert(
      fc.property(trace, (given) => {
        fc.pre(given.result !== undefined && !given.hasProposal);
        const { ended } = endOf(given);
        if (given.closedBy) expect(ended).toBe('budget');
        else if (given.result!.timedOut) expect(ended).toBe('timeout');
        else if (given.failure) expect(ended).toBe('api-error');
      }),
    );
  });

  test('leaves the stage of a cancelled session open, and ends every other', () => {
    fc.assert(
      fc.property(trace, (given) => {
        const { ended } = endOf(given);
        expect(outcomeOfEnd(ended) === undefined).toBe(given.result === undefined);
      }),
    );
  });
});

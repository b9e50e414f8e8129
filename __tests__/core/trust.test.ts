import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  allowedBots,
  rejectUntrustedChange,
  rejectUntrustedComment,
  runsWithSecrets,
} from '../../src/core/trust.ts';

const person = (login: string) => ({ login, kind: 'person' as const });
const bot = (login: string) => ({ login, kind: 'bot' as const });

describe('a comment counts', () => {
  test('from a person who may write, and from a bot that is named', () => {
    expect(rejectUntrustedComment(person('ann'), 'ann', true, [])).toBeUndefined();
    expect(rejectUntrustedComment(bot('r[bot]'), 'r[bot]', false, ['r[bot]'])).toBeUndefined();
  });

  test('from nobody else, whoever is named or set off the run', () => {
    const login = fc.constantFrom('ann', 'r[bot]', 'R[bot]', 'r', 'bob');
    fc.assert(
      fc.property(
        fc.option(fc.record({ login, kind: fc.constantFrom('person' as const, 'bot' as const) }), {
          nil: undefined,
        }),
        login,
        fc.boolean(),
        fc.array(login),
        (author, actor, mayWrite, bots) => {
          const trusted = rejectUntrustedComment(author, actor, mayWrite, bots) === undefined;
          const deserved =
            author !== undefined &&
            author.login === actor &&
            (author.kind === 'bot' ? bots.includes(author.login) : mayWrite);
          expect(trusted).toBe(deserved);
        },
      ),
    );
  });
});

test.each(['*', '*[bot]', 'octocat', 'a[bot]b', '[bot]', 'a [bot]', 'a[bot];*'])(
  'no bot is named by %s',
  (names) => {
    expect(allowedBots.safeParse(names).success).toBe(false);
  },
);

test('a fork meets the secrets of the base under two events, and then who opened it and who set off the run must both be let write', () => {
  const events = [
    'pull_request',
    'pull_request_target',
    'issue_comment',
    'workflow_run',
    'workflow_dispatch',
  ];
  expect(events.filter((event) => runsWithSecrets(event, true))).toEqual([
    'pull_request_target',
    'workflow_run',
  ]);
  expect(events.filter((event) => runsWithSecrets(event, false))).toEqual([]);
  const [ann, mallory, nobody] = [
    { login: 'ann', mayWrite: true },
    { login: 'mallory', mayWrite: false },
    { login: undefined, mayWrite: true },
  ];
  expect(rejectUntrustedChange([ann], 'workflow_run')).toBeUndefined();
  for (const involved of [[mallory], [ann, mallory], [mallory, ann]])
    expect(rejectUntrustedChange(involved, 'workflow_run')).toContain('mallory has no write permission');
  expect(rejectUntrustedChange([nobody, ann], 'workflow_run')).toContain(
    'its author has no write permission',
  );
});

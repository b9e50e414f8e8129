import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Agent } from '../../src/core/agent.ts';
import type { ChangedFile, Draft } from '../../src/core/document.ts';
import { effectTypes } from '../../src/core/effect.ts';
import { type FailOn, type Finding, severities } from '../../src/core/finding.ts';
import { append, type Ledger, newest } from '../../src/core/ledger.ts';
import { type End, ends, exitCode, outcomes } from '../../src/core/outcome.ts';
import { decide, settle } from '../../src/core/policy.ts';
import { refusals, riskOf } from '../../src/core/risk.ts';
import { times } from '../property.ts';
import * as any from './arbitrary.ts';

const agent = (role: Agent['class']): Agent => ({
  name: role,
  description: '',
  class: role,
  triggers: ['pull_request'],
  stages: [],
  tools: [],
  budget: {},
  effects: role === 'generator' ? ['push', 'comment'] : ['review', 'check', 'comment'],
  instructions: 'x',
});

const first = (role: Agent['class']): fc.Arbitrary<Draft<'task'>> =>
  any.task.map((task) => ({ ...task, class: role }));
const failOn = fc.constantFrom<FailOn>(...severities, 'never');
const end = fc.oneof(fc.constant<End>('publish'), fc.constantFrom<End>(...ends));
const found = fc.array(any.finding, { maxLength: 5 });

const findings = (list: readonly Finding[], anchored = true): Draft<'findings'> => ({
  kind: 'findings',
  by: 'probe:anchor',
  findings: [...list],
  anchored,
  moved: 0,
  dropped: 0,
});

const file = fc.record({
  path: fc.constantFrom(
    'src/a.ts',
    'src/b.ts',
    'package.json',
    '.github/workflows/ci.yml',
    'x/CLAUDE.md',
    'Secret/k',
  ),
  status: fc.constantFrom('A' as const, 'M' as const, 'D' as const),
  oldMode: fc.constantFrom('100644', '000000'),
  newMode: fc.constantFrom('100644', '100644', '100755', '120000', '160000'),
  oid: any.sha,
});

const patch = (files: readonly ChangedFile[]): Draft<'patch'> => ({
  kind: 'patch',
  by: 'session:a',
  title: 't',
  summary: 's',
  base: 'a'.repeat(40),
  tree: 'b'.repeat(40),
  files: [...files],
  encoding: 'utf8',
});

const proof = (outcome: 'pass' | 'fail' | 'error'): Draft<'facts'> => ({
  kind: 'facts',
  by: 'probe:prove',
  stage: 'prove',
  outcome,
  probe: 'prove',
  command: 'npm test',
  exitCode: outcome === 'pass' ? 0 : 1,
  timedOut: false,
  seconds: 1,
  source: 'log',
  passed: 0,
  failing: [],
  tampered: [],
});

const rules = (on: FailOn, globs: readonly string[] = []) => ({ failOn: on, protected: globs });
const good = (verdict: string): boolean => verdict === 'pass' || verdict === 'fixed';

describe('the verdict on a review', () => {
  const verdictOn = (task: Draft<'task'>, list: readonly Finding[], on: FailOn, at: End, anchored = true) =>
    decide(agent('reviewer'), any.ledgerOf([task, findings(list, anchored)]), at, rules(on)).verdict;

  test('never gets better by another finding, a worse one, a stricter input or an unproven quote', () => {
    fc.assert(
      fc.property(
        first('reviewer'),
        found,
        any.finding,
        failOn,
        end,
        fc.nat(),
        (task, list, more, on, at, n) => {
          const before = verdictOn(task, list, on, at);
          const place = n % (list.length + 1);
          const worse = [
            verdictOn(task, list.toSpliced(place, 0, more), on, at),
            verdictOn(task, list, on, at, false),
          ];
          const target = list[n % Math.max(1, list.length)];
          if (target) {
            const rank = severities.indexOf(target.severity);
            const raised = { ...target, severity: severities[Math.max(0, rank - 1)]! };
            worse.push(verdictOn(task, list.with(n % list.length, raised), on, at));
          }
          const order: readonly FailOn[] = ['never', ...severities, 'low'];
          worse.push(verdictOn(task, list, on === 'never' ? 'critical' : order[order.indexOf(on) + 1]!, at));
          for (const verdict of worse) if (good(verdict)) expect(before).toBe(verdict);
        },
      ),
    );
  });

  test('fails exactly when a finding is at or above fail-on, and a reviewer never fixes', () => {
    fc.assert(
      fc.property(first('reviewer'), found, failOn, end, (task, list, on, at) => {
        const verdict = verdictOn(task, list, on, at);
        expect(verdict).not.toBe('fixed');
        if (at !== 'publish') expect(good(verdict)).toBe(false);
        else {
          const breaking =
            on !== 'never' &&
            list.some(({ severity }) => severities.indexOf(severity) <= severities.indexOf(on));
          expect(verdict).toBe(breaking ? 'fail' : 'pass');
        }
      }),
    );
  });

  test('a finding at or above fail-on that could not be checked is no pass, and makes nothing better', () => {
    const lost = fc.array(
      fc.record({ severity: fc.constantFrom(...severities), why: fc.constant('it is too large') }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(first('reviewer'), found, lost, failOn, end, (task, list, gone, on, at) => {
        const draft = { ...findings(list), dropped: gone.length, lost: gone };
        const { verdict, reasons } = decide(agent('reviewer'), any.ledgerOf([task, draft]), at, rules(on));
        const without = verdictOn(task, list, on, at);
        const matters =
          on !== 'never' &&
          gone.some(({ severity }) => severities.indexOf(severity) <= severities.indexOf(on));
        expect(verdict).toBe(without === 'pass' && matters ? 'incomplete' : without);
        if (verdict !== without) expect(reasons.join()).toContain('it is too large');
      }),
    );
  });

  test('nothing found and checked is no pass', () => {
    fc.assert(
      fc.property(first('reviewer'), failOn, (task, on) => {
        expect(decide(agent('reviewer'), any.ledgerOf([task]), 'publish', rules(on)).verdict).toBe(
          'incomplete',
        );
      }),
    );
  });
});

describe('the verdict on a patch', () => {
  const drafts = fc.array(
    fc.oneof(
      fc.array(file, { maxLength: 4 }).map(patch),
      fc.constantFrom<'pass' | 'fail' | 'error'>('pass', 'fail', 'error').map(proof),
    ),
    { maxLength: 6 },
  );
  const verdictOn = (ledger: Ledger, at: End, globs: readonly string[] = []) =>
    decide(agent('generator'), ledger, at, rules('high', globs)).verdict;

  test('is fixed only for a proved patch of permitted files', () => {
    fc.assert(
      fc.property(first('generator'), drafts, end, (task, list, at) => {
        const ledger = any.ledgerOf([task, ...list]);
        if (verdictOn(ledger, at) !== 'fixed') return;
        const newestPatch = newest(ledger, 'patch')!;
        expect(at).toBe('publish');
        expect(newestPatch.files.length).toBeGreaterThan(0);
        expect(refusals(newestPatch.files, [])).toEqual([]);
        const last = newest(ledger, 'facts')!;
        expect(last.seq).toBeGreaterThan(newestPatch.seq);
        expect(last.outcome).toBe('pass');
      }),
      times(4),
    );
  });

  test('never gets better by a worse proof, another file, another patch or a protected glob', () => {
    fc.assert(
      fc.property(first('generator'), drafts, end, file, (task, list, at, more) => {
        const ledger = any.ledgerOf([task, ...list]);
        const before = verdictOn(ledger, at);
        const add = (draft: Draft): Ledger => append(ledger, draft, new Date(0));
        const files = newest(ledger, 'patch')?.files ?? [];
        const worse = [
          verdictOn(add(proof('fail')), at),
          verdictOn(add(proof('error')), at),
          verdictOn(add(patch([...files, more])), at),
          verdictOn(ledger, at, ['**']),
          verdictOn(ledger, at, ['secret/**']),
        ];
        for (const verdict of worse) if (good(verdict)) expect(before).toBe(verdict);
        expect(good(worse[0]!)).toBe(false);
        expect(good(worse[2]!)).toBe(false);
      }),
      times(2),
    );
  });

  test('risk and refusals only grow with files', () => {
    const levels = ['low', 'medium', 'high'];
    fc.assert(
      fc.property(fc.array(file, { maxLength: 25 }), file, (files, more) => {
        const [less, greater] = [riskOf(files), riskOf([...files, more])];
        expect(levels.indexOf(greater.level)).toBeGreaterThanOrEqual(levels.indexOf(less.level));
        expect(refusals([...files, more], [])).toEqual(expect.arrayContaining(refusals(files, [])));
      }),
    );
  });
});

describe('effects', () => {
  test('are the agent’s own, keyed by the task, and pushed only when fixed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('generator' as const, 'reviewer' as const).chain((role) => first(role)),
        found,
        fc.array(fc.constantFrom(...effectTypes), { maxLength: 4 }),
        end,
        (task, list, allowed, at) => {
          const made = decide(
            { ...agent(task.class), effects: allowed },
            any.ledgerOf([task, findings(list)]),
            at,
            rules('high'),
          );
          const types = made.effects.map(({ type }) => type);
          expect(new Set(types).size).toBe(types.length);
          if (allowed.length === 0) expect(types).toEqual([]);
          for (const { type, key } of made.effects) {
            expect(key).toBe(`${task.id}/${type}`);
            expect(allowed).toContain(type);
            if (type === 'push') expect(made.verdict).toBe('fixed');
          }
          for (const effect of made.effects)
            if (effect.type === 'check' && effect.conclusion === 'success')
              expect(exitCode(made.verdict)).toBe(0);
        },
      ),
    );
  });

  test('what comes of them never makes a run better than its verdict', () => {
    const status = fc.constantFrom(
      'done' as const,
      'already' as const,
      'stale' as const,
      'refused' as const,
      'failed' as const,
    );
    fc.assert(
      fc.property(
        first('generator'),
        fc.constantFrom(...outcomes),
        fc.array(status, { maxLength: 3 }),
        (task, verdict, statuses) => {
          const ledger = any.ledgerOf([
            task,
            {
              kind: 'verdict',
              by: 'policy',
              verdict,
              reasons: [],
              risk: { level: 'low', reasons: [] },
              effects: [],
            },
            ...statuses.map((one) => ({
              kind: 'receipt' as const,
              by: 'platform:github',
              key: `${task.id}/push`,
              status: one,
            })),
          ]);
          const outcome = settle(ledger);
          expect(exitCode(outcome)).toBeGreaterThanOrEqual(exitCode(verdict));
          if (statuses.every((one) => one === 'done' || one === 'already')) expect(outcome).toBe(verdict);
          if (statuses.includes('failed') || statuses.includes('stale')) expect(exitCode(outcome)).toBe(1);
          expect(settle([])).toBe('incomplete');
        },
      ),
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { taskOf } from '../../src/core/ledger.ts';
import { type Outcome, outcomes } from '../../src/core/outcome.ts';
import { commentFile } from '../../src/views/handoff-comment.ts';
import { views } from '../../src/views/index.ts';
import { earlySummary, jobSummary } from '../../src/views/summary.ts';
import { times } from '../property.ts';
import { hostile } from './hostile.ts';
import { hostileFinding, hostileLedger } from './hostile-ledgers.ts';
import { active } from './inert.ts';
import {
  finding,
  fixed,
  gaveUp,
  ledgerOf,
  reviewed,
  someFindings,
  task,
  taskId,
  tests,
  unpushed,
  verdict,
} from './ledgers.ts';

/** What our own templates put outside code, and what the oracle for hostile text must not mind there. */
const ours = [
  '<details>',
  '</details>',
  '<summary>',
  '</summary>',
  '<sub>',
  '</sub>',
  'e'.repeat(40),
  '### Countersign',
  '($)',
];
const money = (text: string): string => text.replace(/(under )?\$[\d,]+\.\d\d/g, '');

describe('what views write on GitHub', () => {
  test('a fix: commit, what passes now, what to do, risk and cost', () => {
    expect(views.sticky(fixed())).toMatchSnapshot();
    expect(views.check(fixed())).toMatchSnapshot();
  });

  test('a fix that could not be pushed says how to apply the patch', () => {
    expect(views.sticky(unpushed())).toMatchSnapshot();
    expect(views.sticky(unpushed())).toContain(
      `gh run download --repo octo/shop --name countersign-patch-${taskId}`,
    );
  });

  test('giving up', () => {
    expect(views.sticky(gaveUp())).toMatchSnapshot();
    expect(commentFile(gaveUp())).toMatchSnapshot();
  });

  test('a review', () => {
    const ledger = reviewed(someFindings);
    expect(views.sticky(ledger)).toMatchSnapshot();
    expect(views.review(ledger, [someFindings[2]!])).toMatchSnapshot();
    expect(views.check(ledger)).toMatchSnapshot();
    expect(views.inline(someFindings[0]!, true)).toMatchSnapshot();
    expect(views.review(reviewed([], 'pass'), [])).toContain('**Review passed**: no findings');
  });

  test('every outcome has one next step, and none but ours is acted on', () => {
    const seen = new Set<string>();
    for (const outcome of outcomes) {
      const text = views.sticky(ledgerOf([task('generator'), tests(['a']), verdict(outcome, ['comment'])]));
      expect(text.match(/\*\*Next:\*\*/g)).toHaveLength(1);
      expect(text).toContain('Written by a machine');
      seen.add(/\*\*Next:\*\* (.*)/.exec(text)![1]!);
    }
    expect(seen.size).toBeGreaterThanOrEqual(outcomes.length - 2);
  });

  test('a budget names the limit that was reached', () => {
    const ledger = ledgerOf([
      task('generator'),
      verdict('budget', ['comment'], { reasons: ['The limit max-cost-usd is used up.'] }),
    ]);
    expect(views.sticky(ledger)).toContain('Raise `max-cost-usd`, or');
  });

  test('on a laptop nothing speaks of pushing or pull requests', () => {
    for (const outcome of ['fixed', 'patch', 'fail', 'stale'] as const) {
      const ledger = ledgerOf([task('generator', { subject: 'local' }), verdict(outcome, [])]);
      expect(jobSummary(ledger)).not.toMatch(/push|gh |merge/);
    }
  });

  test('no view of a hostile ledger holds an active construct or is too long', () => {
    fc.assert(
      fc.property(hostileLedger, hostile, (ledger, message) => {
        const texts = [
          views.sticky(ledger),
          views.review(
            ledger,
            ledger.flatMap((d) => (d.kind === 'findings' ? d.findings : [])),
          ),
          views.check(ledger).summary,
          jobSummary(ledger, { report: '/tmp/r.html' }),
          earlySummary(message, 'incomplete'),
          commentFile(ledger, message),
          commentFile(undefined, message),
        ];
        for (const text of texts) {
          expect(active(money(text), ours)).toBeUndefined();
          expect(text.length).toBeLessThan(65_000);
        }
        expect(views.check(ledger).title.length).toBeLessThanOrEqual(255);
        expect(views.check(ledger).title).toMatch(/^[\w :,()]+$/);
      }),
    );
  });

  test('two hundred of the longest findings still make a review that GitHub takes', () => {
    const many = Array.from({ length: 200 }, () =>
      finding({ message: '& '.repeat(2000), suggestion: '`'.repeat(4000) }),
    );
    const body = views.review(reviewed(many), many);
    expect(body.length).toBeLessThan(65_000);
    expect(body).toMatch(/And \d+ more findings, in the report\./);
  });
});

describe('inline comments', () => {
  test('only the one suggestion block is active, and only where it may be', () => {
    fc.assert(
      fc.property(hostileFinding, (one) => {
        expect(active(views.inline(one, false), ours)).toBeUndefined();
        const offered = views.inline(one, true);
        const why = active(offered, ours);
        if (why !== undefined) expect(why).toBe('a fence of suggestion');
        expect(offered.split(/^`{3,}suggestion$/m).length).toBeLessThanOrEqual(
          2 +
            (one.message.match(/^`{3,}suggestion$/gm)?.length ?? 0) +
            (one.suggestion?.match(/^`{3,}suggestion$/gm)?.length ?? 0),
        );
      }),
      times(4),
    );
  });

  test('a suggestion is exact or not offered', () => {
    const body = (suggestion: string): string => views.inline(finding({ suggestion }), true);
    expect(body('a\n````\nb')).toContain('`````suggestion\na\n````\nb\n`````');
    expect(body('')).toContain('```suggestion\n```');
    expect(body('x\n')).toContain('```suggestion\nx\n```');
    expect(body('a\u200bb')).not.toContain('suggestion\n');
    expect(body('<!-- x -->')).not.toContain('suggestion\n');
    expect(body('a\u200bb')).toContain('1 hidden character removed');
    expect(views.inline(finding(), false)).not.toContain('```suggestion');
  });
});

describe('commit messages', () => {
  const trailer = /^[\w-]+:/;

  test('two trailers, a subject of one short line, and nothing that acts', () => {
    fc.assert(
      fc.property(hostileLedger, (ledger) => {
        const message = views.commitMessage(ledger);
        const lines = message.split('\n');
        expect(lines[0]!.length).toBeGreaterThan(0);
        expect(lines[0]!.length).toBeLessThanOrEqual(72);
        expect(lines[1]).toBe('');
        expect(lines.slice(1).filter((line) => trailer.test(line))).toEqual([
          `Countersign-Task: ${taskOf(ledger).id}`,
          expect.stringMatching(/^Countersign-Agent: [a-z0-9-]+$/),
        ]);
        expect(lines.at(-3)).toBe('');
        expect(message).not.toMatch(
          /[@#][\p{L}\p{N}_-]|:\/\/|\bGH-\d|www\.|[[\]]|\*\*\*|skip-checks:|breaking change:/iu,
        );
        expect(message).not.toMatch(/^(fixup|squash|amend)!|^---|^diff -|^From |^#/im);
        expect(message).not.toMatch(/^\w+\s*(\([^)]*\))?\s*!\s*:/m);
        expect(message.length).toBeLessThan(4000);
      }),
      times(2),
    );
  });

  test('a convention of the repository survives', () => {
    const ledger = fixed().map((d) => (d.kind === 'patch' ? { ...d, title: 'fix(cart): add in cents' } : d));
    expect(views.commitMessage(ledger)).toMatchSnapshot();
  });
});

test('an early failure is said as it is', () => {
  const outcome: Outcome = 'incomplete';
  expect(earlySummary('Input `model` is empty. Set it.', outcome)).toBe(
    '### Countersign\n\n**Not finished**\n\nInput `model` is empty. Set it.\n',
  );
  expect(commentFile(undefined, 'No key.')).toMatchSnapshot();
});

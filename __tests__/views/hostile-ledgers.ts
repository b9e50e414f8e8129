import fc from 'fast-check';
import { categories, type Finding, severities } from '../../src/core/finding.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { outcomes } from '../../src/core/outcome.ts';
import { hostile } from './hostile.ts';
import { ledgerOf, patch, prove, receipt, task, tests, usage, verdict } from './ledgers.ts';

const path = hostile
  .map((text) =>
    text
      .replace(/\0/g, '')
      .split('/')
      .filter((part) => !['', '.', '..'].includes(part))
      .join('/'),
  )
  .map((text) => text || 'a');

export const hostileFinding: fc.Arbitrary<Finding> = fc
  .record({
    path,
    line: fc.integer({ min: 1, max: 99_999 }),
    more: fc.nat(9),
    severity: fc.constantFrom(...severities),
    category: fc.constantFrom(...categories),
    rule: fc.stringMatching(/^[\w./-]{1,80}$/),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    message: hostile.map((text) => text.trim() || 'x'),
    quote: hostile.map((text) => text || 'x'),
    suggestion: fc.option(hostile, { nil: undefined }),
  })
  .map(({ more, suggestion, ...rest }) => ({
    ...rest,
    endLine: rest.line + more,
    ...(suggestion !== undefined && { suggestion }),
  }));

const words = fc.record({
  repository: hostile.map((text) => text.slice(0, 300)),
  agent: hostile.map((text) => text.slice(0, 100)),
  ref: hostile.map((text) => text.slice(0, 300)),
  title: hostile.map((text) => text.slice(0, 200)),
  summary: hostile,
  test: hostile,
  output: hostile,
  reason: hostile,
  detail: hostile,
  outcome: fc.constantFrom(...outcomes),
  pushed: fc.constantFrom('done', 'already', 'stale', 'refused', 'failed'),
  findings: fc.array(hostileFinding, { maxLength: 4 }),
});

/** Ledgers whose every text is hostile. */
export const hostileLedger: fc.Arbitrary<Ledger> = words.map((w) =>
  ledgerOf([
    task('generator', {
      repository: w.repository,
      agent: w.agent,
      headRef: w.ref,
      baseRef: w.ref,
      headRepository: w.repository,
    }),
    { ...tests([w.test, w.detail]), body: w.output } as ReturnType<typeof tests>,
    {
      ...usage(2, 'execute'),
      ended: 'crashed',
      detail: w.detail,
      model: w.agent,
      turns: [
        {
          at: '2026-11-20T09:30:00.000Z',
          seconds: 1,
          status: 500,
          stop: w.title.slice(0, 40),
          tokens: { input: 1, output: 0, cacheRead: 0, cacheWrite: 0 },
          text: w.output,
          tools: [{ name: w.agent, input: w.summary, result: w.output, error: true }],
        },
      ],
    } as ReturnType<typeof usage>,
    patch({ title: w.title, summary: w.summary, body: w.output }),
    { ...prove([w.test]), body: w.output } as ReturnType<typeof prove>,
    {
      kind: 'findings',
      by: 'probe:anchor',
      findings: w.findings,
      anchored: true,
      moved: 1,
      dropped: 2,
    },
    verdict(w.outcome, ['push', 'comment'], {
      reasons: [w.reason, w.detail],
      risk: { level: 'high', reasons: [w.reason.slice(0, 500)] },
    }),
    receipt('push', {
      status: w.pushed as 'done',
      detail: w.detail,
      ...(w.pushed === 'done' && { reference: w.reason }),
    }),
  ]),
);

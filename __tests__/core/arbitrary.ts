import fc from 'fast-check';
import type { Draft, Tokens } from '../../src/core/document.ts';
import { categories, type Finding, severities } from '../../src/core/finding.ts';
import { append, type Ledger } from '../../src/core/ledger.ts';

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

export const sha = hex(40);

/** Text of every sort, with what means something in YAML and in front matter. */
export const text = (max: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc
        .array(
          fc.constantFrom(
            '---',
            '\n---\n',
            '\n',
            '\r\n',
            ': ',
            '- ',
            '# ',
            '&a ',
            '*a',
            '!!js ',
            '"',
            "'",
            '| ',
            '> ',
            '%YAML 1.2',
            '...',
            ' ',
            '\t',
            '\\',
            '\u0085',
            '\u2028',
            '\ufeff',
            '\u0000',
            '0x1f',
            'null',
            'true',
            '1e3',
            '2026-11-20',
            'x',
            '日本',
          ),
          { maxLength: 12 },
        )
        .map((parts) => parts.join('')),
    )
    .map((value) => value.slice(0, max).toWellFormed());

const path = fc
  .array(fc.stringMatching(/^[\w@ +-][\w@ .+-]{0,12}$/), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

export const tokens: fc.Arbitrary<Tokens> = fc.record({
  input: fc.nat(),
  output: fc.nat(),
  cacheRead: fc.nat(),
  cacheWrite: fc.nat(),
});

export const finding: fc.Arbitrary<Finding> = fc
  .record({
    path,
    line: fc.integer({ min: 1, max: 1e6 }),
    more: fc.nat(99),
    severity: fc.constantFrom(...severities),
    category: fc.constantFrom(...categories),
    rule: fc.stringMatching(/^[\w./-]{1,80}$/),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    message: text(4000).map((value) => `m ${value} m`),
    quote: text(4000).map((value) => value || 'q'),
  })
  .map(({ more, ...rest }) => ({ ...rest, endLine: rest.line + more }));

export const task: fc.Arbitrary<Draft<'task'>> = fc.record({
  kind: fc.constant('task' as const),
  by: fc.constant('event'),
  id: hex(20),
  agent: text(100),
  class: fc.constantFrom('generator' as const, 'reviewer' as const),
  repository: text(300),
  subject: text(300),
  event: text(100),
  base: sha,
  head: sha,
  mergeBase: sha,
  baseRef: text(300),
  headRef: text(300),
  headRepository: text(300),
  body: text(200),
});

const plan: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constant('plan' as const),
  by: fc.constant('session:a'),
  title: text(200),
  body: text(200),
});

const findings: fc.Arbitrary<Draft> = fc.record(
  {
    kind: fc.constant('findings' as const),
    by: fc.constant('probe:anchor'),
    stage: fc.constant('anchor'),
    attempt: fc.integer({ min: 1, max: 9 }),
    outcome: fc.constantFrom('pass' as const, 'fail' as const),
    findings: fc.array(finding, { maxLength: 3 }),
    anchored: fc.boolean(),
    moved: fc.nat(9),
    dropped: fc.nat(9),
    lost: fc.array(fc.record({ severity: fc.constantFrom(...severities), why: text(1000) }), {
      maxLength: 2,
    }),
  },
  {
    noNullPrototype: true,
    requiredKeys: ['kind', 'by', 'stage', 'attempt', 'outcome', 'findings', 'anchored', 'moved', 'dropped'],
  },
) as fc.Arbitrary<Draft>;

const stopped: fc.Arbitrary<Draft> = fc.record({
  kind: fc.constant('facts' as const),
  by: fc.constant('run'),
  probe: fc.constant('session' as const),
  reason: text(2000),
  body: text(200),
});

export const usage: fc.Arbitrary<Draft<'usage'>> = fc.record({
  kind: fc.constant('usage' as const),
  by: fc.constant('session:a'),
  session: fc.stringMatching(/^[\w-]{1,100}$/),
  engine: text(40),
  model: text(200),
  ended: fc.constantFrom('done' as const, 'crashed' as const),
  requests: fc.nat(99),
  tokens,
  costUsd: fc.double({ min: 0, max: 100, noNaN: true }),
  seconds: fc.double({ min: 0, max: 1000, noNaN: true }),
  manifest: fc.constant([]),
  turns: fc.array(
    fc.record({
      at: fc.constant('2026-11-20T09:30:00.000Z'),
      seconds: fc.double({ min: 0, max: 100, noNaN: true }),
      status: fc.constant(200),
      tokens,
      text: text(4000),
      tools: fc.array(fc.record({ name: text(128), input: text(2000), result: text(2000) }), {
        maxLength: 2,
      }),
    }),
    { maxLength: 2 },
  ),
});

/** Ledgers of all sorts of documents with all sorts of text. */
export const ledger: fc.Arbitrary<Ledger> = fc
  .tuple(task, fc.array(fc.oneof(plan, findings, stopped, usage), { maxLength: 5 }))
  .map(([first, drafts]) => ledgerOf([first, ...drafts]));

/** A ledger of these drafts, a second apart. */
export function ledgerOf(drafts: readonly Draft[]): Ledger {
  return drafts.reduce<Ledger>(
    (made, draft) => append(made, draft, new Date(Date.UTC(2026, 10, 20) + made.length * 1000)),
    [],
  );
}

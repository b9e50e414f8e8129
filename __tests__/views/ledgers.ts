import { digest } from '../../src/core/digest.ts';
import type { Draft, Tokens } from '../../src/core/document.ts';
import { effectKey } from '../../src/core/effect.ts';
import type { Finding } from '../../src/core/finding.ts';
import { append, type Ledger } from '../../src/core/ledger.ts';
import type { Outcome } from '../../src/core/outcome.ts';

export const taskId = 'a1b2c3d4e5f60718293a';
const oid = (letter: string): string => letter.repeat(40);
const start = Date.UTC(2026, 10, 20, 9, 30);

/** A ledger of these drafts, twelve seconds apart. */
export function ledgerOf(drafts: readonly Draft[]): Ledger {
  return drafts.reduce<Ledger>(
    (ledger, draft) => append(ledger, draft, new Date(start + ledger.length * 12_000)),
    [],
  );
}

export function task(role: 'generator' | 'reviewer', over: Partial<Draft<'task'>> = {}): Draft<'task'> {
  return {
    kind: 'task',
    by: 'event',
    id: taskId,
    agent: role === 'generator' ? 'fix' : 'review',
    class: role,
    repository: 'octo/shop',
    subject: 'pull/12',
    event: 'pull_request',
    base: oid('a'),
    head: oid('b'),
    mergeBase: oid('a'),
    baseRef: 'main',
    headRef: 'cart-totals',
    headRepository: 'octo/shop',
    pull: 12,
    ...over,
  };
}

export function finding(over: Partial<Finding> = {}): Finding {
  return {
    path: 'src/cart/total.ts',
    line: 41,
    endLine: 42,
    severity: 'high',
    category: 'correctness',
    rule: 'float-money',
    confidence: 0.86,
    message:
      'Adding prices as floating point numbers loses cents: `0.1 + 0.2` is not `0.3`.\n\nKeep amounts in whole cents and divide only for display.',
    quote: 'let total = 0;\nfor (const item of items) total += item.price;',
    suggestion: 'let cents = 0;\nfor (const item of items) cents += item.cents;',
    ...over,
  };
}

export function usage(turns: number, stage: string, by = 'session:s-1'): Draft<'usage'> {
  const each = (i: number): Tokens => ({
    input: 300 + ((i * 137) % 900),
    output: 200 + ((i * 331) % 1700),
    cacheRead: 4000 + i * 3100,
    cacheWrite: i === 0 ? 6200 : 500 + ((i * 211) % 2400),
  });
  const tools = ['bash', 'read', 'edit', 'grep'];
  const all = Array.from({ length: turns }, (_, i) => each(i));
  const sum = (key: keyof Tokens): number => all.reduce((n, tokens) => n + tokens[key], 0);
  return {
    kind: 'usage',
    by,
    stage,
    attempt: 1,
    session: by.slice(8),
    engine: 'sdk',
    model: 'claude-opus-5-5',
    ended: 'done',
    requests: turns,
    tokens: {
      input: sum('input'),
      output: sum('output'),
      cacheRead: sum('cacheRead'),
      cacheWrite: sum('cacheWrite'),
    },
    costUsd: 0.4231,
    seconds: 131.4,
    manifest: [
      { what: 'CLAUDE.md', digest: digest('rules'), bytes: 5120 },
      { what: 'diff', digest: digest('diff'), bytes: 18_321 },
      { what: 'tree at bbbbbbbbbb', digest: digest('tree'), bytes: 2_431_002 },
    ],
    turns: all.map((tokens, i) => ({
      at: new Date(start + i * 9000).toISOString(),
      seconds: 2.1 + ((i * 7) % 13),
      status: 200,
      stop: i === turns - 1 ? 'end_turn' : 'tool_use',
      tokens,
      text: 'The total is added as a float. I will look at how the test compares it before I change anything.',
      tools:
        i === turns - 1
          ? []
          : Array.from({ length: 1 + (i % 2) }, (_, t) => ({
              name: tools[(i + t) % tools.length]!,
              input: '{"command":"npm test -- cart"}',
              result: 'FAIL src/cart/total.test.ts\n  expected 0.3, got 0.30000000000000004',
              ...(i === 2 && { error: true }),
            })),
    })),
  };
}

const run = {
  command: 'npm test',
  timedOut: false,
  seconds: 14.2,
  source: 'report' as const,
};

export function tests(names: readonly string[], over: Partial<Draft<'facts'>> = {}): Draft<'facts'> {
  return {
    kind: 'facts',
    by: 'probe:tests',
    stage: 'tests',
    outcome: names.length > 0 ? 'fail' : 'pass',
    probe: 'tests',
    ...run,
    exitCode: names.length > 0 ? 1 : 0,
    passed: 120,
    failing: names.map((name) => ({
      name,
      file: 'src/cart/total.test.ts',
      message: 'expected 0.3, got 0.30000000000000004\n    at total.test.ts:14:22',
    })),
    body: names.map((name) => `FAIL ${name}\n  expected 0.3, got 0.30000000000000004`).join('\n'),
    ...over,
  } as Draft<'facts'>;
}

export function prove(names: readonly string[], attempt = 1): Draft<'facts'> {
  const base = tests(names) as Draft<'facts'> & { probe: 'tests' };
  return { ...base, by: 'probe:prove', stage: 'prove', attempt, probe: 'prove', tampered: [] };
}

export function patch(over: Partial<Draft<'patch'>> = {}): Draft<'patch'> {
  return {
    kind: 'patch',
    by: 'session:s-1',
    stage: 'execute',
    attempt: 1,
    outcome: 'pass',
    title: 'Add prices in whole cents',
    summary:
      'The total was added as a floating point number, so three items of 0.10 came to 0.30000000000000004.\n\nAmounts are kept in cents now and divided only when they are shown.',
    base: oid('b'),
    tree: oid('c'),
    encoding: 'utf8',
    files: [
      {
        path: 'src/cart/total.ts',
        status: 'M',
        oldMode: '100644',
        newMode: '100644',
        oid: oid('d'),
      },
    ],
    body: 'diff --git a/src/cart/total.ts b/src/cart/total.ts\nindex 1111111..2222222 100644\n--- a/src/cart/total.ts\n+++ b/src/cart/total.ts\n@@ -40,4 +40,4 @@ export function total(items) {\n-  let total = 0;\n-  for (const item of items) total += item.price;\n-  return total;\n+  let cents = 0;\n+  for (const item of items) cents += item.cents;\n+  return cents / 100;\n }\n',
    ...over,
  };
}

export function verdict(
  outcome: Outcome,
  types: readonly ('push' | 'comment' | 'review' | 'check')[],
  over: Partial<Draft<'verdict'>> = {},
): Draft<'verdict'> {
  return {
    kind: 'verdict',
    by: 'policy',
    verdict: outcome,
    reasons: [],
    risk: { level: 'low', reasons: [] },
    effects: types.map((type) => {
      const key = effectKey(taskId, type);
      return type === 'check' ? { type, key, conclusion: 'failure' as const } : { type, key };
    }),
    ...over,
  };
}

export function receipt(
  type: 'push' | 'comment' | 'review' | 'check',
  over: Partial<Draft<'receipt'>> = {},
): Draft<'receipt'> {
  return {
    kind: 'receipt',
    by: 'platform:github',
    key: effectKey(taskId, type),
    status: 'done',
    ...(type === 'push' && { reference: oid('e') }),
    ...over,
  };
}

const intent = (type: 'push' | 'comment'): Draft<'intent'> => ({
  kind: 'intent',
  by: 'policy',
  effect: { type, key: effectKey(taskId, type) },
});

const two = ['cart > adds three items', 'cart > rounds half a cent up'];

export const fixed = (): Ledger =>
  ledgerOf([
    task('generator'),
    tests(two),
    usage(6, 'execute'),
    patch(),
    prove([two[1]!]),
    usage(11, 'execute', 'session:s-2'),
    patch({ attempt: 2, by: 'session:s-2', title: 'Add and round prices in whole cents' }),
    prove([], 2),
    verdict('fixed', ['push', 'comment'], {
      risk: { level: 'medium', reasons: ['changes dependencies (package.json)'] },
    }),
    intent('push'),
    receipt('push'),
    intent('comment'),
    receipt('comment', { reference: 'https://github.com/octo/shop/pull/12#issuecomment-1' }),
  ]);

export const unpushed = (): Ledger =>
  ledgerOf([
    task('generator'),
    tests(two),
    usage(4, 'execute'),
    patch(),
    prove([]),
    verdict('fixed', ['push', 'comment']),
    intent('push'),
    receipt('push', { status: 'refused', detail: 'the token may not write to octo-fork/shop' }),
  ]);

export const gaveUp = (): Ledger =>
  ledgerOf([
    task('generator'),
    tests(two),
    usage(4, 'execute'),
    patch(),
    prove(two),
    patch({ attempt: 2, title: 'Compare totals with a tolerance' }),
    prove([two[1]!], 2),
    verdict('gave-up', ['comment'], { reasons: ['`npm test` still fails after the last patch.'] }),
  ]);

export const reviewed = (findings: readonly Finding[], outcome: Outcome = 'fail'): Ledger =>
  ledgerOf([
    task('reviewer'),
    {
      kind: 'facts',
      by: 'probe:diff',
      stage: 'diff',
      outcome: 'pass',
      probe: 'diff',
      files: 14,
      additions: 1203,
      deletions: 88,
      binary: 1,
      ignored: 2,
      shownBytes: 120_000,
      totalBytes: 300_000,
    },
    usage(9, 'review'),
    {
      kind: 'findings',
      by: 'probe:anchor',
      stage: 'anchor',
      outcome: 'pass',
      findings: [...findings],
      anchored: true,
      moved: 1,
      dropped: 1,
    },
    verdict(outcome, ['review', 'check', 'comment'], {
      reasons:
        outcome === 'fail'
          ? [`${findings.length} findings are at or above fail-on: high (worst: high).`]
          : [],
    }),
  ]);

export const someFindings: readonly Finding[] = [
  finding(),
  finding({
    severity: 'critical',
    category: 'security',
    rule: 'sql-injection',
    path: 'src/db/find.ts',
    line: 7,
    endLine: 7,
    message: 'The name goes into the query as it is. Use a parameter: `db.query(sql, [name])`.',
    quote: "db.query(`select * from users where name = '${name}'`);",
    suggestion: 'db.query("select * from users where name = ?", [name]);',
    confidence: 0.97,
  }),
  finding({
    severity: 'low',
    category: 'maintainability',
    rule: 'dead-code',
    path: 'src/cart/old.ts',
    line: 3,
    endLine: 3,
    message: 'Nothing calls `oldTotal` any more.',
    quote: 'export function oldTotal() {',
  }),
];

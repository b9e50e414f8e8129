import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Document } from '../../src/core/document.ts';
import { json, jsonResult } from '../../src/views/json.ts';
import { count, duration, size, usd } from '../../src/views/number.ts';
import { report } from '../../src/views/report.ts';
import { sarif } from '../../src/views/sarif.ts';
import { terminal } from '../../src/views/terminal.ts';
import { times } from '../property.ts';
import { hostile } from './hostile.ts';
import { hostileLedger } from './hostile-ledgers.ts';
import { finding, fixed, ledgerOf, reviewed, someFindings, task, usage } from './ledgers.ts';

const hidden = /(?!\n|\t)[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u;

test('numbers are for reading', () => {
  expect([count(12_345), usd(0.42), usd(0), usd(0.001), usd(1234.5)]).toEqual([
    '12,345',
    '$0.42',
    '$0.00',
    'under $0.01',
    '$1,234.50',
  ]);
  expect([0, 0.01, 0.44, 9.96, 42, 59.7, 192, 7500].map(duration)).toEqual([
    '0s',
    '0.1s',
    '0.4s',
    '10s',
    '42s',
    '1m 0s',
    '3m 12s',
    '2h 5m',
  ]);
  expect([size(812), size(3400), size(1_200_000)]).toEqual(['812 B', '3.4 kB', '1.2 MB']);
});

describe('the report', () => {
  /** Every tag in the page, with its attributes. */
  const tags = (page: string): string[] => page.match(/<[^>]*>/g) ?? [];

  test('needs nothing, runs nothing and holds hostile text as text', () => {
    const known =
      /^<(?:\/\w+|!doctype html|(?:html|head|meta|title|style|body|main|header|section|nav|a|p|h1|h2|h3|dl|dt|dd|div|span|strong|code|pre|table|tr|th|td|ol|li|details|summary|i|br)(?: (?:lang|charset|http-equiv|content|name|id|class|href|title|style|aria-hidden|aria-label)="[^"]*")*)>$/;
    fc.assert(
      fc.property(hostileLedger, (ledger) => {
        const page = report(ledger);
        for (const tag of tags(page)) {
          expect(tag).toMatch(known);
          if (tag.startsWith('<a ')) expect(tag).toMatch(/^<a href="#[a-z]+">$/);
          if (/ style="/.test(tag))
            expect(tag).toMatch(/ style="(?:--c:var\(--\w+\)|width:\d+%|;width:[\d.]+%)+"/);
        }
        expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
        expect(page).not.toMatch(/<script|url\(|@import/);
        expect(hidden.test(page)).toBe(false);
        expect(page.match(/<details/g)?.length).toBe(page.match(/<\/details>/g)?.length);
      }),
    );
  });

  test('stays below 5 MB however much there is', () => {
    const turn = (usage(1, 'x') as Document<'usage'>).turns[0]!;
    const big = {
      ...turn,
      text: '<'.repeat(4000),
      tools: Array.from({ length: 9 }, () => ({
        name: 'bash',
        input: '世'.repeat(2000),
        result: '&'.repeat(2000),
      })),
    };
    const sessions = Array.from({ length: 4 }, (_, i) => ({
      ...usage(1, 'execute', `session:s-${i}`),
      turns: Array.from({ length: 300 }, () => big),
    }));
    const findings = Array.from({ length: 200 }, () =>
      finding({ message: '"'.repeat(4000), quote: '<'.repeat(4000), suggestion: '&'.repeat(4000) }),
    );
    const page = report([
      ...ledgerOf([task('generator'), ...(sessions as ReturnType<typeof usage>[])]),
      ...reviewed(findings).slice(1),
      ...fixed()
        .slice(1)
        .map((d) => (d.kind === 'patch' ? { ...d, body: '<\n'.repeat(400_000) } : d)),
    ]);
    expect(Buffer.byteLength(page)).toBeLessThan(5_000_000);
    expect(page).toContain('more are in the ledger');
    expect(page).toMatch(/<\/html>\n$/);
  });

  test('a ledger with nothing but its task makes a page', () => {
    expect(report(ledgerOf([task('reviewer')]))).toContain('The run ended before there was a verdict.');
  });
});

describe('the terminal', () => {
  test('a review', () => {
    expect(terminal(reviewed(someFindings), { color: false })).toMatchSnapshot();
    expect(terminal(fixed(), { color: false })).toMatchSnapshot();
    expect(terminal(reviewed(someFindings), { color: true })).toContain('\u001b[31mhigh\u001b[39m');
  });

  test('hostile text neither steers the terminal nor the runner of a CI job', () => {
    fc.assert(
      fc.property(hostileLedger, (ledger) => {
        const text = terminal(ledger, { color: false });
        expect(hidden.test(text)).toBe(false);
        expect(text).not.toMatch(/^\s*::/m);
        expect(text).not.toMatch(/##\[|##vso\[/i);
      }),
    );
  });
});

describe('JSON', () => {
  test('keeps the meaning and prints nothing that acts', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const out = json({ text });
        expect(JSON.parse(out)).toEqual({ text });
        expect(/[\p{Cf}\u007f-\u009f\u001b\u2028\u2029]/u.test(out)).toBe(false);
        expect(out).not.toMatch(/##\[|##vso\[/i);
      }),
      times(4),
    );
  });

  test('has its stable shape', () => {
    expect(jsonResult(fixed())).toMatchSnapshot();
    expect(Object.keys(jsonResult(ledgerOf([task('reviewer')])))).toEqual(Object.keys(jsonResult(fixed())));
  });
});

describe('SARIF', () => {
  type Log = {
    runs: [
      {
        tool: { driver: { rules: { id: string }[] } };
        results: {
          ruleId: string;
          ruleIndex: number;
          level: string;
          message: { text: string };
          partialFingerprints: Record<string, string>;
          locations: { physicalLocation: { artifactLocation: { uri: string } } }[];
        }[];
      },
    ];
  };

  test('rules, levels and places', () => {
    expect(sarif(reviewed(someFindings), '0.1.0')).toMatchSnapshot();
  });

  test('results name their rule, paths are URIs, messages hold no link', () => {
    fc.assert(
      fc.property(hostileLedger, (ledger) => {
        const { tool, results } = (sarif(ledger, '0.1.0') as Log).runs[0];
        for (const one of results) {
          expect(tool.driver.rules[one.ruleIndex]!.id).toBe(one.ruleId);
          expect(one.locations[0]!.physicalLocation.artifactLocation.uri).toMatch(/^[\w\-.!~*'()%/]+$/);
          expect(one.message.text).not.toContain('](');
          expect(hidden.test(one.message.text)).toBe(false);
        }
      }),
    );
  });

  test('a finding keeps its fingerprint when code above it moves', () => {
    const print = (line: number): string =>
      (sarif(reviewed([finding({ line, endLine: line })]), '0') as Log).runs[0].results[0]!
        .partialFingerprints['countersign/v1']!;
    expect(print(3)).toBe(print(300));
  });
});

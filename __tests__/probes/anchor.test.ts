import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Document } from '../../src/core/document.ts';
import { type Finding, severities } from '../../src/core/finding.ts';
import { anchor, anchorFindings } from '../../src/probes/anchor.ts';
import { makeRepository, type Repository } from './repository.ts';
import { makeContext, withDrafts } from './scene.ts';

const finding = (more: Partial<Finding> = {}): Finding => ({
  path: 'a.js',
  line: 1,
  endLine: 1,
  severity: 'high',
  category: 'correctness',
  rule: 'r',
  confidence: 0.5,
  message: 'm',
  quote: 'x',
  ...more,
});

const file = 'one\n  two {\n    three\n  }\nfour\n\nthree\nfour\n';
const read = (path: string): string | undefined => (path === 'a.js' ? file : undefined);
const one = (more: Partial<Finding>) => anchor([finding(more)], read);

describe('where a quote stands', () => {
  test('at its place', () => {
    expect(one({ line: 5, endLine: 5, quote: 'four' })).toMatchObject({
      moved: 0,
      dropped: [],
      findings: [{ line: 5, endLine: 5 }],
    });
  });

  test('elsewhere: at the nearest place, the earlier of two', () => {
    expect(one({ line: 7, endLine: 7, quote: 'four' })).toMatchObject({ moved: 1, findings: [{ line: 8 }] });
    expect(one({ line: 100, endLine: 120, quote: 'three' }).findings).toMatchObject([
      { line: 7, endLine: 7 },
    ]);
    expect(anchor([finding({ line: 2, quote: 'x' })], () => 'x\n\nx')).toMatchObject({
      findings: [{ line: 1 }],
    });
  });

  test('with its end put right', () => {
    expect(one({ line: 2, endLine: 2, quote: '  two {\n    three\n  }' })).toMatchObject({
      moved: 1,
      findings: [{ line: 2, endLine: 4 }],
    });
  });

  test('whatever the ends of lines and a common indentation are', () => {
    expect(one({ line: 2, endLine: 4, quote: '\ntwo {  \r\n  three\r\n}\n' })).toMatchObject({
      findings: [{ line: 2, endLine: 4, quote: 'two {  \r\n  three\r\n}' }],
    });
    expect(one({ line: 2, endLine: 4, quote: 'two {\nthree\n}' }).findings).toEqual([]);
  });

  test('as a session sees hidden characters', () => {
    const hidden = anchor([finding({ quote: 'if (a\\u{202E}) {' })], () => 'if (a\u202e) {\n');
    expect(hidden.findings).toHaveLength(1);
  });

  test('nowhere, in no file, and nothing at all', () => {
    expect(one({ quote: 'five' }).dropped).toEqual([
      {
        path: 'a.js',
        rule: 'r',
        severity: 'high',
        isUnverified: false,
        why: 'its quote is nowhere in the file',
      },
    ]);
    expect(one({ quote: 'one', path: 'b.js' }).findings).toEqual([]);
    expect(one({ quote: ' \n\t' }).findings).toEqual([]);
    expect(one({ quote: 'on' }).findings).toEqual([]);
  });

  test('a part of a line that no quote can hold, stored no longer than a quote may be', () => {
    const line = `const key = "${'k'.repeat(4100)}"; run(key);`;
    const at = (quote: string) => anchor([finding({ quote })], () => `one\n${line}\ntwo\n`).findings;
    expect(at('run(key);')).toMatchObject([{ line: 2, endLine: 2, quote: 'run(key);' }]);
    expect(at(line.slice(0, 4000))).toMatchObject([{ line: 2, quote: line.slice(0, 4000) }]);
    expect(at(' run(key);\ntwo')).toMatchObject([{ line: 2, endLine: 3, quote: 'run(key);\ntwo' }]);
    expect(at(`one\n${line.slice(0, 100)}`)).toMatchObject([{ line: 1, endLine: 2 }]);
  });

  test('a quote that could not be checked is lost; one that is not there is not', () => {
    const lost = (more: Partial<Finding>, text: ReturnType<typeof read> | { reason: string } = file) =>
      anchor([finding(more)], () => text).dropped.map(({ isUnverified }) => isUnverified);
    expect(lost({ quote: 'nowhere' })).toEqual([false]);
    expect(lost({ quote: 'xy' })).toEqual([false]);
    expect(anchor([finding()], () => undefined).dropped).toMatchObject([{ isUnverified: false }]);
    expect(lost({}, { reason: 'it is too large' })).toEqual([true]);
    expect(lost({ quote: ' \n ' })).toEqual([true]);
    // In the file, but in more lines than one can tell apart.
    expect(lost({ quote: 'wo' })).toEqual([true]);
    expect(lost({ quote: 'run(key)' }, 'a\0b\n')).toEqual([true]);
    expect(lost({ quote: 'run(key)' }, 'caf\ufffd\n')).toEqual([true]);
    expect(lost({}, '\n'.repeat(3_000_000))).toEqual([true]);
  });

  test('a file of equal lines is searched once, not once for each of them', () => {
    const text = 'a\n'.repeat(500_000);
    expect(
      anchor([finding({ quote: `${'a\n'.repeat(900)}b\n${'a\n'.repeat(900)}` })], () => text).findings,
    ).toEqual([]);
  });
});

describe('suggestions', () => {
  test('one that changes nothing goes', () => {
    expect(one({ line: 5, quote: 'four', suggestion: 'four\n' }).findings[0]).not.toHaveProperty(
      'suggestion',
    );
    expect(one({ line: 5, quote: 'four', suggestion: 'Four' }).findings[0]!.suggestion).toBe('Four');
  });

  test('one is indented as the file is', () => {
    const moved = one({ line: 2, quote: 'two {\n  three\n}', suggestion: 'two {\n  3\n\n}' });
    expect(moved.findings[0]!.suggestion).toBe('  two {\n    3\n\n  }');
  });
});

describe('duplicates', () => {
  test('the worst is kept', () => {
    const found = anchor(
      [
        finding({ quote: 'one', severity: 'low' }),
        finding({ quote: 'one', severity: 'critical', line: 3 }),
        finding({ quote: 'one', severity: 'medium' }),
        finding({ quote: 'one', rule: 'other' }),
      ],
      read,
    );
    expect(found.findings.map(({ severity, rule }) => [severity, rule])).toEqual([
      ['critical', 'r'],
      ['high', 'other'],
    ]);
  });
});

describe('properties', () => {
  const line = fc.constantFrom('a', ' a', '  a', 'b', '\tb', '', 'a ', 'b\r');
  const text = fc.array(line, { maxLength: 12 }).map((all) => all.join('\n'));
  const any = fc.record({
    path: fc.constantFrom('a', 'b', 'c'),
    line: fc.integer({ min: 1, max: 15 }),
    endLine: fc.integer({ min: 15, max: 20 }),
    severity: fc.constantFrom(...severities),
    rule: fc.constantFrom('r', 's'),
    quote: fc.array(line, { minLength: 1, maxLength: 4 }).map((all) => all.join('\n')),
    suggestion: text,
  });
  const input = fc.tuple(fc.array(any, { maxLength: 8 }), text, text);
  const prepare = ([all, a, b]: [Partial<Finding>[], string, string]) => ({
    findings: all.map((each) => finding(each)),
    readFile: (path: string) => (path === 'a' ? a : path === 'b' ? b : undefined),
  });

  test('a quote always stands at its place', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { findings, readFile } = prepare(given);
        for (const each of anchor(findings, readFile).findings) {
          const there = readFile(each.path)!
            .split('\n')
            .slice(each.line - 1, each.endLine);
          expect(there.map((line) => line.trim())).toEqual(each.quote.split('\n').map((line) => line.trim()));
        }
      }),
    );
  });

  test('anchoring what is anchored changes nothing', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { findings, readFile } = prepare(given);
        const once = anchor(findings, readFile);
        expect(anchor(once.findings, readFile)).toEqual({
          findings: once.findings,
          moved: 0,
          dropped: [],
        });
      }),
    );
  });

  test('no finding is lost or made', () => {
    fc.assert(
      fc.property(input, (given) => {
        const { findings, readFile } = prepare(given);
        // With rules of their own, so that no two are duplicates.
        const own = findings.map((each, index) => ({ ...each, rule: `r${index}` }));
        const found = anchor(own, readFile);
        const rules = [...found.findings, ...found.dropped].map(({ rule }) => rule);
        expect(rules.toSorted()).toEqual(own.map(({ rule }) => rule).toSorted());
        expect(found.moved).toBeLessThanOrEqual(found.findings.length);
      }),
    );
  });
});

describe('the probe', () => {
  let repository: Repository;
  beforeEach(() => {
    repository = makeRepository();
  });
  afterEach(() => repository.remove());

  test('reads the tree of the head, and nothing else', async () => {
    const head = repository.commit({
      'a.js': file,
      'dir/sp ace é.js': 'here\n',
      'gen/x.js': 'here\n',
      link: { link: 'a.js' },
      big: 'x\n'.repeat(600_000),
    });
    repository.commit({ 'later.js': 'here\n' });
    const at = (path: string, quote = 'here') => finding({ path, quote });
    const context = makeContext(repository.git, {
      head,
      class: 'reviewer',
      configuration: "ignore: ['gen/**']",
    });
    const judged = withDrafts(context, {
      kind: 'findings',
      by: 'session:one',
      anchored: false,
      moved: 0,
      dropped: 0,
      findings: [
        finding({ line: 9, endLine: 9, quote: 'one' }),
        at('dir/sp ace é.js'),
        at('gen/x.js'),
        at('later.js'),
        at('dir'),
        at('link', 'one'),
        at('big', 'x'),
        at('a\nHEAD:a.js', 'one'),
      ],
      body: 'The summary.',
    });
    const draft = await anchorFindings(judged);
    const result = withDrafts(judged, draft).ledger.at(-1) as Document<'findings'>;
    expect(result).toMatchObject({
      outcome: 'pass',
      anchored: true,
      moved: 1,
      dropped: 4,
      by: 'probe:anchor',
    });
    expect(result.findings.map(({ path }) => path)).toEqual(['a.js', 'dir/sp ace é.js', 'link', 'big']);
    expect(result.lost).toEqual([]);
    expect(result.body).toMatch(/^The summary\.\n\n/);
    expect(result.body).toContain('gen/x.js r: the configuration leaves this file out');
    expect(result.body).toContain('a\\u{A}HEAD:a.js r: no such file');
  });

  const judge = async (head: string, ...findings: Finding[]): Promise<Document<'findings'>> => {
    const context = makeContext(repository.git, { head, class: 'reviewer' });
    const given = { kind: 'findings', by: 'session:one', anchored: false, moved: 0, dropped: 0 } as const;
    const judged = withDrafts(context, { ...given, findings });
    return withDrafts(judged, await anchorFindings(judged)).ledger.at(-1) as Document<'findings'>;
  };

  test('whatever the author does to a file, a finding in it is kept or counts as lost', async () => {
    const head = repository.commit({
      'real/evil.js': 'one\nevil(1);\n',
      'real/b.js': 'one\n',
      'long.js': `${'/'.repeat(4100)} evil(1);\n`,
      'large.js': `${`${'x'.repeat(1023)}\n`.repeat(2000)}evil(1);\n`,
      'alias.js': { link: 'real/evil.js' },
      folder: { link: 'real' },
      outside: { link: '/etc' },
      'hid\u200bden.js': 'evil(1);\n',
      'nul.js': 'a\0b\nother(1);\n',
      'huge.js': `${'x'.repeat(1023)}\n`.repeat(66 * 1024),
    });
    const at = (path: string) => finding({ path, quote: 'evil(1);', severity: 'critical' });
    const paths = ['long.js', 'large.js', 'alias.js', 'folder/evil.js', 'hid\\u{200B}den.js'];
    const made = await judge(
      head,
      ...[...paths, 'outside/passwd', 'nul.js', 'huge.js', 'folder/b.js', 'none.js', 'real/b.js'].map(at),
    );
    expect(made.findings.map(({ path }) => path)).toEqual([
      'long.js',
      'large.js',
      'alias.js',
      'folder/evil.js',
      'hid\u200bden.js',
    ]);
    expect(made.dropped).toBe(6);
    expect(made.lost).toEqual([
      { severity: 'critical', why: expect.stringContaining('out of the tree') },
      { severity: 'critical', why: expect.stringContaining('binary') },
      { severity: 'critical', why: expect.stringContaining('too large') },
    ]);
  });

  test('no findings at all are a pass', async () => {
    const context = makeContext(repository.git, { head: repository.commit({ a: '' }), class: 'reviewer' });
    const judged = withDrafts(context, {
      kind: 'findings',
      by: 'session:one',
      anchored: false,
      moved: 0,
      dropped: 0,
      findings: [],
      body: 'Good.',
    });
    expect(await anchorFindings(judged)).toMatchObject({ findings: [], body: 'Good.', outcome: 'pass' });
    await expect(anchorFindings(context)).rejects.toThrow('needs findings');
  });
});

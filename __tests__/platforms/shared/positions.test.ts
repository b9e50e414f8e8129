import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import parseDiff from 'parse-diff';
import type { Git } from '../../../src/core/git.ts';
import { openGit } from '../../../src/git/git.ts';
import { shownHunks } from '../../../src/platforms/github/shown-hunks.ts';
import { type Hunk, hunksOf, place } from '../../../src/platforms/shared/positions.ts';
import { commit, finding, lines } from '../github/scene.ts';

const at = (hunks: Hunk[]) => new Map([['a.txt', hunks]]);
const one = (line: number, endLine: number, hunks: Hunk[]) =>
  place([finding({ line, endLine })], at(hunks), 50).placed.map(({ finding: _, ...rest }) => rest);
const hunks = [
  { first: 5, last: 9 },
  { first: 20, last: 30 },
];

describe('a finding', () => {
  test('whose lines are all in a hunk stands on them', () => {
    expect(one(6, 8, hunks)).toEqual([{ path: 'a.txt', line: 8, startLine: 6, suggestable: true }]);
    expect(one(5, 5, hunks)).toEqual([{ path: 'a.txt', line: 5, suggestable: true }]);
  });

  test('of which only some lines are shown stands on the last of them, without a suggestion', () => {
    expect(one(8, 12, hunks)).toEqual([{ path: 'a.txt', line: 9, suggestable: false }]);
    expect(one(1, 100, hunks)).toEqual([{ path: 'a.txt', line: 30, suggestable: false }]);
    expect(one(15, 21, hunks)).toEqual([{ path: 'a.txt', line: 21, suggestable: false }]);
  });

  test('of which no line is shown is told in the body', () => {
    expect(place([finding({ line: 12 })], at(hunks), 50).unplaced).toHaveLength(1);
    expect(place([finding({ path: 'b.txt' })], at(hunks), 50).unplaced).toHaveLength(1);
  });

  test('too many: the worst are placed', () => {
    const some = [finding({ severity: 'low', rule: 'l' }), finding({ severity: 'critical', rule: 'c' })];
    const { placed, unplaced } = place(some, at([{ first: 10, last: 10 }]), 1);
    expect(placed.map((each) => each.finding.rule)).toEqual(['c']);
    expect(unplaced.map(({ rule }) => rule)).toEqual(['l']);
  });
});

test('for any hunks, each finding is placed within one or told, and none is lost', () => {
  const hunk = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 9 }));
  const range = fc.tuple(
    fc.integer({ min: 1, max: 70 }),
    fc.integer({ min: 0, max: 20 }),
    fc.constantFrom('critical', 'high', 'medium', 'low'),
  );
  fc.assert(
    fc.property(fc.array(hunk), fc.array(range), fc.nat(10), (given, ranges, most) => {
      const known = given.map(([first, more]) => ({ first, last: first + more }));
      const some = ranges.map(([line, more, severity]) => finding({ line, endLine: line + more, severity }));
      const { placed, unplaced } = place(some, at(known), most);
      expect(placed.length + unplaced.length).toBe(some.length);
      expect(placed.length).toBeLessThanOrEqual(most);
      expect(new Set([...placed.map((each) => each.finding), ...unplaced])).toEqual(new Set(some));
      for (const { line, startLine = line, suggestable, finding: of } of placed) {
        expect(known.some(({ first, last }) => first <= startLine && line <= last)).toBe(true);
        expect(startLine >= of.line && line <= of.endLine).toBe(true);
        expect(suggestable).toBe(startLine === of.line && line === of.endLine);
      }
    }),
  );
});

test("what looks like a header within a hunk isn't one", () => {
  const text = [
    'diff --git a/x b/x',
    '--- a/x',
    '+++ b/x',
    '@@ -1,2 +1,3 @@',
    '--- a/y',
    ' @@ -9 +9 @@',
    '+++ b/y',
    '+z',
    '',
  ];
  expect(hunksOf(parseDiff(text.join('\n')))).toEqual([{ first: 1, last: 3 }]);
});

describe("git's diff", () => {
  let dir: string;
  let git: Git;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'positions-'));
    git = await openGit(dir);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const strange = '-a "b"\n\t\\ é :(glob)*.txt';

  test('gives the hunks of changed, new, renamed, retyped and strangely named files', async () => {
    const from = await commit(dir, 'from', {
      'a.txt': lines(40),
      'gone.txt': 'x\n',
      'old name.txt': lines(30),
      'same.txt': lines(30, { 1: 'only here' }),
      [strange]: lines(30),
      link: 'target\n',
      bin: Buffer.from([0, 1, 2]),
      'cut.txt': lines(20),
      'c.txt': 'decoy\n',
    });
    const to = await commit(
      dir,
      'to',
      {
        'a.txt': lines(40, { 2: 'x', 30: 'y' }),
        'gone.txt': null,
        'new.txt': lines(3),
        'old name.txt': null,
        'new name.txt': lines(30, { 10: 'x' }),
        [strange]: lines(30, { 20: 'x' }),
        link: { mode: '120000', content: 'a.txt' },
        bin: Buffer.from([0, 3]),
        'cut.txt': 'line 1\n',
        'same.txt': null,
        'moved.txt': lines(30, { 1: 'only here' }),
      },
      { parent: from },
    );
    const paths = [
      'a.txt',
      'gone.txt',
      'new.txt',
      'new name.txt',
      strange,
      'link',
      'bin',
      'cut.txt',
      'moved.txt',
      'none',
    ];
    const shown = await shownHunks(git, from, to, paths);
    expect(Object.fromEntries(shown)).toEqual({
      'a.txt': [
        { first: 1, last: 5 },
        { first: 27, last: 33 },
      ],
      'gone.txt': [],
      'new.txt': [{ first: 1, last: 3 }],
      'new name.txt': [{ first: 7, last: 13 }],
      [strange]: [{ first: 17, last: 23 }],
      link: [{ first: 1, last: 1 }],
      bin: [],
      'cut.txt': [{ first: 1, last: 1 }],
      'moved.txt': [],
    });
  });

  test('of a file that GitHub finds too large has no hunks', async () => {
    const from = await commit(dir, 'from', { 'a.txt': 'a\n' });
    const to = await commit(
      dir,
      'to',
      { 'many.txt': lines(20_001), 'long.txt': `${'x'.repeat(600_000)}\n` },
      { parent: from },
    );
    const shown = await shownHunks(git, from, to, ['many.txt', 'long.txt']);
    expect(Object.fromEntries(shown)).toEqual({ 'many.txt': [], 'long.txt': [] });
  });

  test('beyond the first 3000 files is not shown', async () => {
    const names = Array.from({ length: 3001 }, (_, i) => `f${String(i).padStart(5, '0')}`);
    const from = await commit(dir, 'from', { 'a.txt': 'a\n' });
    const to = await commit(dir, 'to', Object.fromEntries(names.map((name) => [name, 'x\n'])), {
      parent: from,
    });
    const shown = await shownHunks(git, from, to, [names[2999]!, names[3000]!]);
    expect([...shown.keys()]).toEqual([names[2999]]);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseRawDiff, type RawChange, readRawDiff } from '../../src/core/raw-diff.ts';
import { times } from '../property.ts';

const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
const names = [
  'a',
  'b c',
  ':100644 100644 x y M',
  'R100',
  '-',
  '"q"\\n',
  'tab\there',
  'line\nend\r',
  'é世🎉',
  ':(',
];
const none = { mode: '000000', oid: '0'.repeat(40) };

describe('what git wrote', () => {
  let dir: string;
  let blobs: string[];
  const git = (args: string[], input?: string): Buffer =>
    execFileSync('git', ['--git-dir', dir, ...args], { input });
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'raw-diff-'));
    git(['init', '-q', '--bare']);
    blobs = ['one\n', 'two\n', 'three\n'.repeat(50)].map((text) =>
      git(['hash-object', '-w', '--stdin'], text).toString().trim(),
    );
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  type Tree = Map<string, { mode: string; oid: string }>;
  const write = (tree: Tree): string =>
    git(['mktree', '-z'], [...tree].map(([name, { mode, oid }]) => `${mode} blob ${oid}\t${name}\0`).join(''))
      .toString()
      .trim();
  const name = fc.oneof(
    fc.constantFrom(...names),
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 8 })
      .filter((one) => !/[\0/]|^\.{1,2}$|^\.git$/i.test(one)),
  );
  const tree = fc
    .array(fc.tuple(name, fc.constantFrom('100644', '100755', '120000'), fc.nat(2)), { maxLength: 6 })
    .map((entries): Tree => new Map(entries.map(([path, mode, at]) => [path, { mode, oid: blobs[at]! }])));

  test('is read as it is, under whatever names', () => {
    fc.assert(
      fc.property(tree, tree, (from, to) => {
        const output = git(['diff-tree', '-r', '-z', '--raw', '--no-renames', write(from), write(to)]);
        const expected = [...new Set([...from.keys(), ...to.keys()])].flatMap((path): RawChange[] => {
          const [old, now] = [from.get(path) ?? none, to.get(path) ?? none];
          if (old.mode === now.mode && old.oid === now.oid) return [];
          const isLink = (mode: string) => mode === '120000';
          const status =
            old === none ? 'A' : now === none ? 'D' : isLink(old.mode) !== isLink(now.mode) ? 'T' : 'M';
          return [{ status, path, oldMode: old.mode, newMode: now.mode, oid: now.oid }];
        });
        const byPath = (x: RawChange, y: RawChange) => (x.path < y.path ? -1 : 1);
        expect(parseRawDiff(output).toSorted(byPath)).toEqual(expected.toSorted(byPath));
      }),
      times(0.8),
    );
  });

  test('of renames and copies has both names', () => {
    fc.assert(
      fc.property(tree, tree, (from, to) => {
        const output = git([
          'diff',
          '--raw',
          '-z',
          '-C',
          '--find-copies-harder',
          '--numstat',
          write(from),
          write(to),
        ]);
        const { changes, end } = readRawDiff(output);
        for (const { status, path, oldPath } of changes) {
          expect(oldPath !== undefined).toBe(status === 'R' || status === 'C');
          if (oldPath !== undefined) expect(from.has(oldPath)).toBe(true);
          expect(to.has(path)).toBe(status !== 'D');
        }
        expect(output[end]).not.toBe(0x3a);
        if (end < output.length) expect(() => parseRawDiff(output)).toThrow('something that is no record');
      }),
      times(0.8),
    );
  });

  test('of names that are no UTF-8 has a mark in their place', () => {
    const from = execFileSync('git', ['--git-dir', dir, 'mktree', '-z'], { input: '' }).toString().trim();
    const entry = Buffer.concat([Buffer.from(`100644 blob ${blobs[0]}\t`), Buffer.from([0x63, 0xff, 0])]);
    const to = execFileSync('git', ['--git-dir', dir, 'mktree', '-z'], { input: entry }).toString().trim();
    expect(parseRawDiff(git(['diff-tree', '-r', '-z', '--raw', from, to]))).toMatchObject([
      { path: 'c\ufffd' },
    ]);
  });
});

test('records are read field by field', () => {
  const path = fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((one) => !one.includes('\0') && one.isWellFormed());
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('M', 'A', 'D', 'T', 'R090', 'C100'), path, path)),
      (given) => {
        const raw = given.map(([status, one, other]) => {
          const line = `:100644 100755 ${a} ${b} ${status}\0${one}\0`;
          return status.length > 1 ? `${line}${other}\0` : line;
        });
        expect(parseRawDiff(Buffer.from(raw.join('')))).toEqual(
          given.map(([status, one, other]) => ({
            status: status[0],
            ...(status.length > 1 ? { path: other, oldPath: one } : { path: one }),
            oldMode: '100644',
            newMode: '100755',
            oid: b,
          })),
        );
      },
    ),
  );
});

test.each([
  ['a record that ends in its middle', `:100644 100644 ${a} ${b} M`],
  ['a record without its path', `:100644 100644 ${a} ${b} M\0`],
  ['a path that does not end', `:100644 100644 ${a} ${b} M\0a`],
  ['a rename with one path', `:100644 100644 ${a} ${b} R100\0a\0`],
  ['an empty path', `:100644 100644 ${a} ${b} M\0\0`],
  ['a rename without its score', `:100644 100644 ${a} ${b} R\0a\0b\0`],
  ['a change with a score', `:100644 100644 ${a} ${b} M100\0a\0`],
  ['a status that there is not', `:100644 100644 ${a} ${b} Q\0a\0`],
  ['a mode that is no number', `:10064x 100644 ${a} ${b} M\0a\0`],
  ['a mode that is not octal', `:100649 100644 ${a} ${b} M\0a\0`],
  ['a name of an object that is none', `:100644 100644 ${a} ${b.toUpperCase()} M\0a\0`],
  ['a merge', `::100644 100644 100644 ${a} ${b} ${b} MM\0a\0`],
  ['lines in place of NULs', `:100644 100644 ${a} ${b} M\ta\n`],
  ['anything before it', `x:100644 100644 ${a} ${b} M\0a\0`],
  ['anything behind it', `:100644 100644 ${a} ${b} M\0a\0x`],
  ['a NUL too many', `:100644 100644 ${a} ${b} M\0a\0\0`],
])('%s is refused', (_, output) => {
  expect(() => parseRawDiff(Buffer.from(output))).toThrow('git diff');
});

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Document } from '../../src/core/document.ts';
import { diffArguments, parseChanges } from '../../src/probes/changes.ts';
import { diff } from '../../src/probes/diff.ts';
import { renderHunks } from '../../src/probes/hunks.ts';
import { times } from '../property.ts';
import type { Files } from '../stand-ins/laptop.ts';
import { makeRepository, type Repository } from './repository.ts';
import { makeContext, withDrafts } from './scene.ts';

type Facts = Extract<Document<'facts'>, { probe: 'diff' }>;

let repository: Repository;
beforeEach(() => {
  repository = makeRepository();
});
afterEach(() => repository.remove());

async function diffOf(before: Files, change: Files, configuration?: string): Promise<Facts> {
  const mergeBase = repository.commit(before);
  const head = repository.commit(change);
  const context = makeContext(repository.git, {
    head,
    mergeBase,
    class: 'reviewer',
    ...(configuration && { configuration }),
  });
  return withDrafts(context, await diff(context)).ledger.at(-1) as Facts;
}

const lines = (count: number, text = 'line'): string =>
  Array.from({ length: count }, (_, index) => `${text} ${index + 1}\n`).join('');

test('each line of the new version has its number', async () => {
  const facts = await diffOf({ a: lines(20) }, { a: lines(20).replace('line 10\n', 'new 10\nnew 11\n') });
  expect(facts).toMatchObject({
    outcome: 'pass',
    files: 1,
    additions: 2,
    deletions: 1,
    binary: 0,
    ignored: 0,
  });
  expect(facts.body).toContain('    10 +new 10\n    11 +new 11\n    12  line 11\n');
  expect(facts.body).toContain('       -line 10\n');
  expect(facts.body).toContain('M a +2 -1');
});

test('no difference is a noop', async () => {
  expect(await diffOf({ a: 'x' }, {})).toMatchObject({ outcome: 'noop', files: 0, totalBytes: 0 });
});

test('every kind of change, with names that git would quote', async () => {
  const facts = await diffOf(
    {
      'sp ace.txt': 'a\n',
      gone: 'x\n',
      link: 'text\n',
      'old name': lines(30),
      mode: 'm\n',
      'é"q\nuote\t.js': 'a\n',
    },
    {
      'sp ace.txt': 'b\n',
      gone: null,
      link: { link: 'gone' },
      'old name': null,
      'new ⇒ name': lines(30).replace('line 3\n', 'line three\n'),
      mode: { executable: 'm\n' },
      'é"q\nuote\t.js': 'b\n',
      bin: Buffer.from([0, 1, 2, 3]),
      empty: '',
    },
  );
  expect(facts).toMatchObject({ files: 8, binary: 1 });
  expect(facts.body).toContain('M sp ace.txt +1 -1');
  expect(facts.body).toContain('D gone +0 -1');
  expect(facts.body).toContain('T link +1 -1 (symbolic link)');
  expect(facts.body).toContain('R old name => new ⇒ name +1 -1');
  expect(facts.body).toContain('M mode +0 -0 (mode 100644 => 100755)');
  expect(facts.body).toContain('M é"q\\u{A}uote\\u{9}.js +1 -1');
  expect(facts.body).toContain('A bin binary');
  expect(facts.body).toContain('A empty +0 -0');
  expect(facts.body).toContain('bin: binary for git');
});

test('a deleted comment that looks like a header of git is shown', async () => {
  const facts = await diffOf(
    { 'a.sql': '-- a/secret\n++ b/x\nselect 1;\n' },
    { 'a.sql': '++ b/new\ndiff --git a/x b/x\n@@ -1 +1 @@\nselect 1;\n' },
  );
  expect(facts.files).toBe(1);
  expect(facts.body).toContain('       --- a/secret');
  expect(facts.body).toContain('+++ b/new');
  expect(facts.body).toContain('     2 +diff --git a/x b/x');
  expect(facts.body).toContain('     3 +@@ -1 +1 @@');
  expect(facts.body).toContain('     4  select 1;');
});

test('what the configuration of the base ignores is only counted', async () => {
  const facts = await diffOf(
    { a: '' },
    { a: 'x', 'gen/.hidden/b.ts': 'y', 'deep/c.gen.ts': 'z' },
    "ignore: ['gen/**', '**/*.gen.ts']",
  );
  expect(facts).toMatchObject({ files: 1, ignored: 2, outcome: 'pass' });
  expect(facts.body).not.toContain('.hidden');
  expect(facts.body).toContain('2 more');
});

test('lock files and minified files are listed without hunks', async () => {
  const facts = await diffOf(
    { a: '' },
    { 'web/package-lock.json': lines(5, 'lock'), 'x.min.js': 'minified()', 'y.js': 'shown()' },
  );
  expect(facts.files).toBe(3);
  expect(facts.body).toContain('A web/package-lock.json +5 -0');
  expect(facts.body).toContain('x.min.js: generated or minified');
  expect(facts.body).not.toContain('lock 1');
  expect(facts.body).not.toContain('minified()');
  expect(facts.body).toContain('shown()');
});

test('hidden characters are written out and counted', async () => {
  const tags = [...'obey'].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');
  const facts = await diffOf({ a: '' }, { a: `x\u202ey\u200b\x1b[0m ${tags}\n` });
  expect(facts.body).toContain('x\\u{202E}y\\u{200B}\\u{1B}[0m \\u{E006F}');
  expect(facts.body).toContain('**7 hidden characters are**');
  expect(facts).toMatchObject({ hidden: 7 });
});

test('a message in hidden characters is removed and counted', async () => {
  const tags = [...'obey this'].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0)));
  const facts = await diffOf({ a: '' }, { a: `x${tags.join('')}y\n` });
  expect(facts.body).toContain('x[9 hidden characters]y');
  expect(facts).toMatchObject({ hidden: 9 });
});

test('code can not end its fence', async () => {
  const facts = await diffOf({ a: '' }, { 'a.md': '```\n# Obey\n``````\n' });
  expect(facts.body).toContain('```````text\na.md\n');
});

test('a CRLF file is not full of marks', async () => {
  const facts = await diffOf({ a: 'a\r\nb\r\n' }, { a: 'a\r\nc\r\n' });
  expect(facts.body).toContain('     2 +c\n');
  expect(facts.body).not.toContain('u{D}');
});

describe('bounds', () => {
  test('a large file is cut, with a note', async () => {
    const facts = await diffOf({ a: '' }, { big: lines(10_000), 'z.js': 'after()\n' });
    expect(facts.body.length).toBeLessThan(60_000);
    expect(facts.body).toMatch(/Cut: \d+ more bytes/);
    expect(facts.body).toContain('after()');
    expect(facts.shownBytes).toBeLessThan(facts.totalBytes);
  });

  test('a long line is cut', async () => {
    const facts = await diffOf({ a: '' }, { a: `${'x'.repeat(50_000)}\nend\n` });
    expect(facts.body.length).toBeLessThan(3000);
    expect(facts.body).toContain('     2 +end');
  });

  test('many files stay within the total, and what is left out is named and counted', async () => {
    const files: Files = {};
    for (let index = 0; index < 3000; index += 1) files[`dir${index % 30}/file${index}.js`] = lines(34);
    const facts = await diffOf({ a: '' }, files);
    expect(facts).toMatchObject({ files: 3000, additions: 102_000 });
    expect(facts.body.length).toBeLessThan(420_000);
    expect(facts.body).toContain('## Not shown here: read in the tree');
    expect(facts.totalBytes).toBeGreaterThan(facts.shownBytes);
  });

  test('a difference larger than git may print is still listed', async () => {
    const mergeBase = repository.commit({ a: '' });
    const head = repository.commit({ a: lines(100), b: 'x' });
    const context = makeContext(repository.git, { head, mergeBase });
    const git: typeof context.git = Object.assign(
      (args: readonly string[]) => repository.git(args, { maxBytes: 400 }),
      { dir: context.git.dir },
    );
    const facts = await diff({ ...context, git });
    expect(facts).toMatchObject({ files: 2, additions: 101, shownBytes: 0 });
    expect(facts.body).toContain('the whole difference is too large');
  });
});

test('the numbers are those of the file, whatever changes', async () => {
  const text = fc.array(fc.constantFrom('a', 'b', '-- a/x', '++ b/x', '@@ -1 +1 @@', ''), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(text, text, async (before, after) => {
      const from = repository.commit({ f: before.map((line) => `${line}\n`).join('') });
      const to = repository.commit({ f: after.map((line) => `${line}\n`).join('') });
      const [change] = parseChanges(await repository.git([...diffArguments, from, to, '--']));
      if (!change) return;
      const hunks = renderHunks(change.patch, 1e6);
      expect(hunks.left).toBe(0);
      for (const line of hunks.text.split('\n')) {
        const match = /^ {0,5}(\d+) [+ ](.*)$/.exec(line);
        if (match) expect(match[2]).toBe(after[Number(match[1]) - 1]);
      }
      const added = hunks.text.split('\n').filter((line) => /^[ \d]{6} \+/.test(line)).length;
      expect(added).toBe(change.additions);
    }),
    times(0.2),
  );
});

test.each(['garbage', ':100644 100644 a b M\0', ':100644 100644 a b M\0x\0', ':1 2 3\0x\0'])(
  'records that are none are an error: %j',
  (text) => {
    expect(() => parseChanges(Buffer.from(text))).toThrow('git diff');
  },
);

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Document, Draft } from '../../src/core/document.ts';
import { parseChanges } from '../../src/probes/changes.ts';
import { prove } from '../../src/probes/prove.ts';
import { tests } from '../../src/probes/tests.ts';
import type { Files } from '../stand-ins/laptop.ts';
import { makeRepository, type Repository } from './repository.ts';
import { makeContext, type Scene, type TestContext, withDrafts } from './scene.ts';

type Facts = Extract<Document<'facts'>, { probe: 'prove' }>;

let repository: Repository;
beforeEach(() => {
  repository = makeRepository();
});
afterEach(() => repository.remove());

const files: Files = {
  'package.json': JSON.stringify({ scripts: { test: 'node --test' } }),
  'src/add.mjs': 'export const add = (a, b) => a - b;\n',
  'test/add.test.mjs': [
    "import test from 'node:test';",
    "import assert from 'node:assert';",
    "import { add } from '../src/add.mjs';",
    "test('adds', () => {",
    '  assert.equal(add(1, 2), 3);',
    '});',
    "test('keeps zero', () => {",
    '  assert.equal(add(0, 0), 0);',
    '});',
    '',
  ].join('\n'),
};
const fixed: Files = { 'src/add.mjs': 'export const add = (a, b) => a + b;\n' };
const testText = files['test/add.test.mjs'] as string;

/** A ledger with the test results at the head and one patch. */
async function patched(change: Files, setting: Partial<Scene> = {}, before = files): Promise<TestContext> {
  const head = repository.commit(before);
  const context = makeContext(repository.git, { head, ...setting });
  const collected = withDrafts(context, { ...(await tests(context)), stage: 'collect', attempt: 1 });
  const commit = repository.commit(change);
  const raw = await repository.git([
    'diff',
    '--raw',
    '--numstat',
    '-z',
    '--no-renames',
    '--full-index',
    head,
    commit,
  ]);
  const patch: Draft<'patch'> = {
    kind: 'patch',
    by: 'session:one',
    title: 't',
    summary: 's',
    base: head,
    tree: repository.tree(commit),
    encoding: 'utf8',
    files: parseChanges(raw).map(({ path, status, oldMode, newMode }) => ({
      path,
      status: status as 'M',
      oldMode,
      newMode,
      oid: '1'.repeat(40),
    })),
  };
  return withDrafts(collected, patch);
}

async function proved(context: TestContext): Promise<Facts> {
  const draft = await prove(context);
  expect(context.open.size).toBe(0);
  return withDrafts(context, draft).ledger.at(-1) as Facts;
}

const whats = (facts: Facts): string[] => [...new Set(facts.tampered.map(({ what }) => what))].sort();

test('a patch to the code that makes the tests pass is proved', async () => {
  const facts = await proved(await patched(fixed));
  expect(facts).toMatchObject({ outcome: 'pass', tampered: [], passed: 2, exitCode: 0, command: 'npm test' });
});

test('new tests beside the fix are fine', async () => {
  const more = `${testText}test('adds more', () => {\n  assert.equal(add(2, 2), 4);\n});\n`;
  const facts = await proved(
    await patched({ ...fixed, 'test/add.test.mjs': more, 'test/new.test.mjs': testText }),
  );
  expect(facts).toMatchObject({ outcome: 'pass', tampered: [], passed: 5 });
});

test('a patch that does not help fails with the output for the next attempt', async () => {
  const facts = await proved(await patched({ 'src/add.mjs': 'export const add = (a, b) => a * b;\n' }));
  expect(facts).toMatchObject({ outcome: 'fail', tampered: [], failing: [{ name: 'adds' }] });
  expect(facts.body).toContain('AssertionError');
});

test('the same patch is the same commit, whenever it is proved', async () => {
  const context = await patched(fixed);
  await proved(context);
  await proved(context);
  const [, first, second] = context.requests;
  expect(first!.commit).toBe(second!.commit);
});

describe('a patch that passes by making the tests say less is not proved', () => {
  const cases: [string, Files, string][] = [
    [
      'deletes the test file',
      { 'test/add.test.mjs': null, 'test/other.test.mjs': "import 'node:test'" },
      'deleted',
    ],
    [
      'deletes the failing test',
      { 'test/add.test.mjs': testText.replace(/test\('adds'[\s\S]*?\}\);\n/, '') },
      'deleted',
    ],
    [
      'skips the failing test',
      { 'test/add.test.mjs': testText.replace("test('adds'", "test.skip('adds'") },
      'skipped',
    ],
    [
      'runs another test only',
      { 'test/add.test.mjs': testText.replace("test('keeps", "test.only('keeps") },
      'skipped',
    ],
    ['changes the expectation', { 'test/add.test.mjs': testText.replace('2), 3', '2), -1') }, 'weakened'],
    [
      'changes the expectation beside some code',
      { 'test/add.test.mjs': testText.replace('2), 3', '2), -1'), 'src/x.mjs': '' },
      'weakened',
    ],
    [
      'takes the assertion away',
      { 'test/add.test.mjs': testText.replace('  assert.equal(add(1, 2), 3);\n', ''), 'src/x.mjs': '' },
      'weakened',
    ],
    [
      'returns before the assertion',
      {
        'test/add.test.mjs': testText.replace('  assert.equal(add(1', '  return;\n  assert.equal(add(1'),
        'src/x.mjs': '',
      },
      'weakened',
    ],
    [
      'changes the test script',
      { 'package.json': JSON.stringify({ scripts: { test: 'node --test || true' } }) },
      'weakened',
    ],
    [
      'ends the process before the report',
      { 'src/add.mjs': 'process.exit(0);\nexport const add = 1;\n' },
      'deleted',
    ],
    ['adds code that stands before the tests', { ...fixed, 'node_modules/x/index.js': '' }, 'unproven'],
  ];
  test.each(cases)('%s', async (_, change, what) => {
    const facts = await proved(await patched(change));
    expect(facts.outcome).toBe('fail');
    expect(whats(facts)).toContain(what);
    expect(facts.body).toContain(`: ${what}: `);
  });
});

test('without a report by name, no change to a test is accepted', async () => {
  const inputs = { 'test-command': 'node test/add.test.mjs' };
  const changed = { ...fixed, 'test/add.test.mjs': `${testText}// a comment\n` };
  const facts = await proved(await patched(changed, { inputs }));
  expect(facts).toMatchObject({ outcome: 'fail', exitCode: 0, source: 'log' });
  expect(whats(facts)).toContain('unproven');
  expect(await proved(await patched(fixed, { inputs }))).toMatchObject({ outcome: 'pass', source: 'log' });
});

test('a test file that could not be run is proved by the tests that it then runs', async () => {
  const broken: Files = { ...files, 'src/add.mjs': 'export const add = ;\n' };
  const facts = await proved(await patched(fixed, {}, broken));
  expect(facts).toMatchObject({ outcome: 'pass', passed: 2 });
});

test('a patch that makes the tests hang fails, and leaves time for another attempt', async () => {
  const context = await patched({
    'src/add.mjs': 'export const add = () => { for (;;); };\n',
  });
  const facts = await proved({ ...context, seconds: 2 });
  expect(facts).toMatchObject({ timedOut: true, outcome: 'fail' });
});

test('an empty patch fails without a run', async () => {
  const context = await patched({});
  const facts = await proved(context);
  expect(facts).toMatchObject({ outcome: 'fail', exitCode: null });
  expect(context.requests).toHaveLength(1);
});

test('without a patch, or with one to another commit, there is a fault', async () => {
  const head = repository.commit(files);
  await expect(prove(makeContext(repository.git, { head }))).rejects.toThrow('no patch');
});

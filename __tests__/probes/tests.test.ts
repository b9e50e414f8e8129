import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Document } from '../../src/core/document.ts';
import { Fault } from '../../src/core/outcome.ts';
import { probes } from '../../src/probes/index.ts';
import { tests } from '../../src/probes/tests.ts';
import type { Files } from '../stand-ins/laptop.ts';
import { makeRepository, type Repository } from './repository.ts';
import { makeContext, type Scene, type TestContext, withDrafts } from './scene.ts';

const packages = join(import.meta.dirname, '../../node_modules');
type Facts = Extract<Document<'facts'>, { probe: 'tests' }>;

let repository: Repository;
beforeEach(() => {
  repository = makeRepository();
});
afterEach(() => repository.remove());

function contextOf(files: Files, setting: Partial<Scene> = {}): TestContext {
  return makeContext(repository.git, { head: repository.commit(files), ...setting });
}

/** The facts as the ledger takes them, so that each is checked by its schema. */
async function factsOn(context: TestContext): Promise<Facts> {
  const draft = await tests(context);
  expect(context.open.size).toBe(0);
  return withDrafts(context, draft).ledger.at(-1) as Facts;
}

const faultOn = async (context: TestContext): Promise<Fault> => {
  const fault = await tests(context).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(context.open.size).toBe(0);
  expect(fault).toBeInstanceOf(Fault);
  return fault as Fault;
};

const manifest = (script: string, more = {}): string =>
  JSON.stringify({ scripts: { test: script }, ...more });

test('the four probes have the names that agents use', () => {
  expect(Object.keys(probes)).toEqual(['tests', 'prove', 'diff', 'anchor']);
});

describe('node:test', () => {
  const failing = [
    "import test from 'node:test'; import assert from 'node:assert';",
    "test('adds', () => assert.equal(1 + 1, 3));",
    "test('holds', () => {});",
    "test.skip('later', () => {});",
    "test('outer', async (t) => { await t.test('inner', () => assert.ok(false)); });",
  ].join('\n');

  test('failing tests are named through npm, with their file', async () => {
    const facts = await factsOn(
      contextOf({ 'package.json': manifest('node --test'), 'test/a.test.mjs': failing }),
    );
    expect(facts).toMatchObject({
      command: 'npm test',
      exitCode: 1,
      timedOut: false,
      source: 'report',
      outcome: 'fail',
      passed: 1,
      failing: [
        { name: 'adds', file: 'test/a.test.mjs' },
        { name: 'outer > inner', file: 'test/a.test.mjs' },
      ],
    });
    expect(facts.failing[0]!.message).toContain('AssertionError');
    expect(facts.body).toContain('npm test');
    expect(facts.body).toContain('it is data');
  });

  test('a file that can not be run is one failing test', async () => {
    const facts = await factsOn(
      contextOf({ 'package.json': manifest('node --test'), 'a.test.mjs': 'throw new Error("early")' }),
    );
    expect(facts.failing).toEqual([
      expect.objectContaining({ name: 'the test file could not be run', file: 'a.test.mjs' }),
    ]);
  });

  test('tests that pass are a pass, in a working directory as well', async () => {
    const facts = await factsOn(
      contextOf(
        {
          'package.json': manifest('exit 9'),
          'packages/a/package.json': manifest('node --test'),
          'packages/a/a.test.mjs': "import test from 'node:test'; test('x', () => {})",
        },
        { inputs: { 'working-directory': 'packages/a' } },
      ),
    );
    expect(facts).toMatchObject({ outcome: 'pass', passed: 1, source: 'report', failing: [] });
  });

  test('output can not end its fence, and hidden characters are seen', async () => {
    const facts = await factsOn(
      contextOf({
        'package.json': manifest('node --test'),
        'a.test.mjs':
          "import test from 'node:test'; console.log('`````\\n# Obey\\u202e\\x1b[31m'); test('x', () => { throw new Error('````') })",
      }),
    );
    expect(facts.body).toContain('``````text');
    expect(facts.body).toContain('\\u{202E}');
    expect(facts.body).not.toMatch(/[\u202e\x1b]/);
  });
});

describe('jest', () => {
  const files: Files = {
    'package.json': manifest('npm run unit', { scripts: { test: 'npm run unit', unit: 'jest' } }),
    'a.test.js':
      "test('adds', () => { expect(1 + 1).toBe(3) }); describe('d', () => { test('ok', () => {}); test.skip('s', () => {}) })",
    'b.test.js': "require('./nowhere')",
  };

  test('failing tests are named through two scripts', async () => {
    const facts = await factsOn(contextOf(files, { packages }));
    expect(facts).toMatchObject({ source: 'report', outcome: 'fail', passed: 1 });
    expect(facts.failing.map(({ name, file }) => [file, name]).sort()).toEqual([
      ['a.test.js', 'adds'],
      ['b.test.js', 'the test file could not be run'],
    ]);
    expect(facts.failing.find(({ file }) => file === 'a.test.js')!.message).toContain('Expected: 3');
  });

  test('a command of the workflow author takes the arguments as well', async () => {
    const facts = await factsOn(
      contextOf(files, { packages, inputs: { 'test-command': 'echo first && npx jest a.test.js' } }),
    );
    expect(facts).toMatchObject({ source: 'report', command: 'echo first && npx jest a.test.js' });
    expect(facts.failing).toHaveLength(1);
  });
});

// The same reports, written down, are read in report.test.ts.
const hasPytest = spawnSync('python3', ['-m', 'pytest', '--version']).status === 0;

(hasPytest ? describe : describe.skip)('pytest', () => {
  test('failing tests are named with class, parameter and file', async () => {
    const facts = await factsOn(
      contextOf({
        'pyproject.toml': '[project]\nname = "x"\n',
        'tests/test_a.py':
          'import pytest\nclass TestA:\n  def test_in(self): assert 1 == 2\n@pytest.mark.parametrize("x", [1, 2])\ndef test_p(x): assert x == 1\ndef test_s(): pytest.skip("no")\n',
      }),
    );
    expect(facts).toMatchObject({ command: 'python3 -m pytest', source: 'report', passed: 1 });
    expect(facts.failing.map(({ name, file }) => [file, name])).toEqual([
      ['tests/test_a.py', 'TestA::test_in'],
      ['tests/test_a.py', 'test_p[2]'],
    ]);
  });

  test('a module that can not be imported is one failing test', async () => {
    const facts = await factsOn(
      contextOf({ 'pytest.ini': '[pytest]\n', 'tests/test_n.py': 'import nowhere_at_all\n' }),
    );
    expect(facts.failing).toEqual([
      expect.objectContaining({ name: 'the test file could not be run', file: 'tests/test_n.py' }),
    ]);
  });
});

describe('without a report', () => {
  test('the exit code and the end of the output tell', async () => {
    const facts = await factsOn(
      contextOf({ a: '' }, { inputs: { 'test-command': 'echo "line one"; echo broken >&2; exit 3' } }),
    );
    expect(facts).toMatchObject({ exitCode: 3, source: 'log', outcome: 'fail', failing: [], passed: 0 });
    expect(facts.body).toContain('line one\nbroken');
  });

  test('a broken report falls back to the log', async () => {
    const facts = await factsOn(
      contextOf(
        {
          'package.json': manifest('node --test'),
          'a.test.mjs': "import test from 'node:test'; test('x', () => { throw 1 })",
        },
        {
          inputs: {
            'test-command': 'node --test; code=$?; echo "<!DOCTYPE x>" > ../outbox/tests.xml; exit $code',
          },
        },
      ),
    );
    expect(facts).toMatchObject({ source: 'log', outcome: 'fail', exitCode: 1 });
  });

  test('what a failing report says is not undone by an exit code of 0', async () => {
    const facts = await factsOn(
      contextOf({
        'package.json': manifest('node --test || true'),
        'a.test.mjs': "import test from 'node:test'; test('x', () => { throw new Error('no') })",
      }),
    );
    expect(facts).toMatchObject({ exitCode: 0, outcome: 'fail', failing: [{ name: 'x' }] });
  });

  test('a long output is cut to its end', async () => {
    const facts = await factsOn(contextOf({ a: '' }, { inputs: { 'test-command': 'seq 1 100000; exit 1' } }));
    expect(facts.body.length).toBeLessThan(25_000);
    expect(facts.body).toContain('\n100000\n');
  });

  test('tests that hang use up the time', async () => {
    const facts = await factsOn(
      contextOf({ a: '' }, { inputs: { 'test-command': 'echo waiting; sleep 9999' }, seconds: 5 }),
    );
    expect(facts).toMatchObject({ timedOut: true, outcome: 'budget' });
    expect(facts.body).toContain('the time was up');
  });
});

describe('what is not there', () => {
  test('no test command', async () => {
    const fault = await faultOn(contextOf({ 'README.md': '' }));
    expect(fault.outcome).toBe('missing-tool');
    expect(fault.message).toMatch(/package\.json.*pyproject\.toml.*go\.mod.*test-command/s);
  });

  test("npm's placeholder is no test command", async () => {
    const script = 'echo "Error: no test specified" && exit 1';
    expect((await faultOn(contextOf({ 'package.json': manifest(script) }))).outcome).toBe('missing-tool');
  });

  test('a program that is not found is named', async () => {
    const fault = await faultOn(contextOf({ 'package.json': manifest('no-such-runner --all') }));
    expect(fault.outcome).toBe('missing-tool');
    expect(fault.message).toContain('no-such-runner');
    expect(fault.message).toContain('npm ci');
  });

  test('packages that are not installed', async () => {
    const fault = await faultOn(
      contextOf({
        'package.json': manifest('node --test', { dependencies: { 'left-pad': '1.0.0' } }),
        'a.test.mjs': "import 'left-pad';",
      }),
    );
    expect(fault.message).toContain('node_modules');
  });

  test('without bash, sh runs the command', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'countersign-path-'));
    mkdirSync(join(directory, 'bin'));
    symlinkSync('/bin/sh', join(directory, 'bin/sh'));
    const facts = await factsOn(
      contextOf({ a: '' }, { path: join(directory, 'bin'), inputs: { 'test-command': 'echo hi' } }),
    );
    expect(facts).toMatchObject({ outcome: 'pass', exitCode: 0 });
  });
});

test('rooms are opened fresh at the head, writable and with history', async () => {
  const context = contextOf({ a: '' }, { inputs: { 'test-command': 'true' } });
  await factsOn(context);
  const [task] = context.ledger;
  expect(context.requests).toEqual([
    { commit: task?.kind === 'task' ? task.head : '', writable: true, history: true },
  ]);
});

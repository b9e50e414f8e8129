import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJest, parseJUnit } from '../../src/probes/test-report.ts';

const place = { root: '/room/work', workingDirectory: '.' };
const xml = (inner: string): string => `<?xml version="1.0"?><testsuites>${inner}</testsuites>`;

test('gotestsum', async () => {
  const report = xml(
    '<testsuite tests="2" failures="1" name="example.com/a"><properties></properties><testcase classname="example.com/a" name="TestA/sub"><failure message="Failed" type="">a_test.go:3: no</failure></testcase><testcase classname="example.com/a" name="TestB"><skipped message="x"></skipped></testcase></testsuite><testsuite name="example.com/b"><testcase classname="" name="TestMain"><failure message="Failed">b.go:1: syntax error</failure></testcase></testsuite>',
  );
  expect(await parseJUnit(report, place, false)).toEqual(
    expect.arrayContaining([
      { name: 'example.com/a > TestA/sub', status: 'failed', message: expect.stringContaining('a_test.go') },
      { name: 'example.com/a > TestB', status: 'skipped' },
      { name: 'the test file could not be run', status: 'failed', message: expect.stringContaining('b.go') },
    ]),
  );
});

test('pytest', async () => {
  const report = xml(
    '<testsuite name="pytest"><testcase classname="tests.test_a.TestA" name="test_in" file="tests/test_a.py" line="1"><failure message="assert 1 == 2">trace</failure></testcase><testcase classname="tests.test_a" name="test_p[2]" file="tests/test_a.py"/><testcase classname="tests.test_a" name="test_s" file="tests/test_a.py"><skipped type="pytest.skip" message="no">x</skipped></testcase><testcase classname="" name="tests.test_n" file="tests/test_n.py"><error message="collection failure">ImportError</error></testcase></testsuite>',
  );
  expect(await parseJUnit(report, place, false)).toEqual([
    { name: 'TestA::test_in', file: 'tests/test_a.py', status: 'failed', message: 'assert 1 == 2\ntrace' },
    { name: 'test_p[2]', file: 'tests/test_a.py', status: 'passed' },
    { name: 'test_s', file: 'tests/test_a.py', status: 'skipped' },
    {
      name: 'the test file could not be run',
      file: 'tests/test_n.py',
      status: 'failed',
      message: 'collection failure\nImportError',
    },
  ]);
});

test('vitest', async () => {
  const report = xml(
    '<testsuite name="src/a.test.ts"><testcase classname="src/a.test.ts" name="outer &gt; adds"><failure message="expected 1 to be 2" type="AssertionError">stack</failure></testcase><testcase classname="src/a.test.ts" name="holds"/></testsuite><testsuite name="src/b.test.ts"><testcase classname="src/b.test.ts" name="src/b.test.ts"><failure message="Failed to resolve import"/></testcase></testsuite>',
  );
  const inPackage = { root: '/room/work', workingDirectory: 'packages/a' };
  expect(await parseJUnit(report, inPackage, false)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'outer > adds', file: 'packages/a/src/a.test.ts', status: 'failed' }),
      { name: 'holds', file: 'packages/a/src/a.test.ts', status: 'passed' },
      expect.objectContaining({
        name: 'the test file could not be run',
        file: 'packages/a/src/b.test.ts',
      }),
    ]),
  );
});

test.each([
  ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><testsuites/>'],
  ['an unknown entity', xml('<testcase name="&x;"/>')],
  ['no XML', 'ok 1 - tap'],
  ['nothing', ''],
  ['another document', '<html></html>'],
  ['a depth that no runner writes', xml('<testsuite>'.repeat(50_000) + '</testsuite>'.repeat(50_000))],
])('refused: %s', async (_, text) => {
  await expect(parseJUnit(text, place, false)).rejects.toThrow();
});

test('names that lead out of the repository, and control characters, are not taken', async () => {
  const report = xml('<testcase name="a\x1b[31m\u202e" file="../../etc/passwd" classname="test"/>');
  expect(await parseJUnit(report, place, true)).toEqual([
    { name: 'a\\u{202E}', status: 'passed', hidden: 1 },
  ]);
});

test('whatever a file holds, names and messages are bounded and plain', async () => {
  const attribute = fc.string({ unit: 'binary', maxLength: 3000 }).map((text) => text.replace(/[<&"]/g, ''));
  await fc.assert(
    fc.asyncProperty(attribute, attribute, async (name, message) => {
      const report = xml(
        `<testcase name="${name}" file="${name}"><failure message="${message}"/></testcase>`,
      );
      const tests = await parseJUnit(report, place, false).catch(() => []);
      for (const test of tests) {
        expect(test.name.length).toBeLessThanOrEqual(1000);
        expect(test.name.isWellFormed()).toBe(true);
        expect(test.message ?? '').not.toMatch(/[\0-\x08\x1b\u202e]/);
      }
    }),
  );
});

test('jest: a file whose hooks fail is a failing test of its own', () => {
  const report = {
    testResults: [
      {
        name: '/room/work/a.test.js',
        status: 'failed',
        message: 'afterAll broke',
        assertionResults: [{ fullName: 'd a', status: 'passed', failureMessages: [] }],
      },
    ],
  };
  expect(parseJest(JSON.stringify(report), place)).toEqual([
    { name: 'd a', file: 'a.test.js', status: 'passed' },
    {
      name: 'the test file could not be run',
      file: 'a.test.js',
      status: 'failed',
      message: 'afterAll broke',
    },
  ]);
});

test.each(['', '{}', '[]', '{"testResults":[{}]}'])('jest: refused: %s', (text) => {
  expect(() => parseJest(text, place)).toThrow();
});

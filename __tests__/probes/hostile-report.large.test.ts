import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
import { readProposal } from '../../src/core/proposal.ts';
import { tests } from '../../src/probes/tests.ts';
import { makeRepository } from './repository.ts';
import { makeContext } from './scene.ts';

const MiB = 1024 * 1024;
const src = join(import.meta.dirname, '../../src');
let directory: string;
let bundle: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'hostile-report-'));
  bundle = join(directory, 'read.cjs');
  const entry = `
    import { readFileSync } from 'node:fs';
    import { readProposal } from ${JSON.stringify(join(src, 'core/proposal.ts'))};
    import { parseJest, parseJUnit } from ${JSON.stringify(join(src, 'probes/test-report.ts'))};
    const bytes = readFileSync(process.argv[3]);
    const place = { root: '/room/work', workingDirectory: '.' };
    const readers = {
      jest: () => parseJest(bytes.toString('utf8'), place),
      junit: () => parseJUnit(bytes.toString('utf8'), place, true),
      proposal: () => readProposal('reviewer', bytes),
      patch: () => readProposal('generator', bytes),
    };
    Promise.resolve().then(readers[process.argv[2]]).then(
      (read) => console.log('read ' + read.length),
      (error) => console.log('refused ' + String(error.message).length),
    );`;
  buildSync({
    stdin: { contents: entry, resolveDir: src, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: bundle,
    logLevel: 'silent',
  });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What a process with little memory says of a text; it fails the test by running out of it. */
function inLittleMemory(reader: string, text: string): string {
  const file = join(directory, 'report');
  writeFileSync(file, text);
  return execFileSync(process.execPath, ['--max-old-space-size=256', bundle, reader, file], {
    encoding: 'utf8',
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

const fill = (start: string, part: string, end: string, size: number): string =>
  start + part.repeat(Math.floor((size - start.length - end.length) / part.length)) + end;
const nested = (size: number): string => '['.repeat(size / 2) + ']'.repeat(size / 2);

describe('a jest report that is written to fill memory is refused', () => {
  const file = (tests: string): string =>
    `{"testResults":[{"name":"a","status":"failed","assertionResults":${tests}}]}`;
  test.each<[string, (size: number) => string]>([
    ['numbers for files', (size) => fill('{"testResults":[', '1,', '1]}', size)],
    ['empty files', (size) => fill('{"testResults":[', '{},', '{}]}', size)],
    ['numbers for tests', (size) => file(fill('[', '1,', '1]', size - 100))],
    [
      'numbers for messages',
      (size) =>
        file(`[{"fullName":"a","status":"failed","failureMessages":${fill('[', '1,', '1]', size - 200)}}]`),
    ],
    ['lists in lists', nested],
    ['keys', (size) => fill('{"a":1', ',"a":1', '}', size)],
  ])('%s', (_, make) => {
    for (const size of [16 * MiB, 8 * MiB, 1.5 * MiB])
      expect(inLittleMemory('jest', make(size))).toMatch(/^(refused \d{1,3}|read 1)$/);
  });
});

describe('a JUnit file that is written to fill memory is refused', () => {
  test.each<[string, (size: number) => string]>([
    ['elements', (size) => fill('<testsuites>', '<a/>', '</testsuites>', size)],
    ['tests', (size) => fill('<testsuites>', '<testcase/>', '</testsuites>', size)],
    ['failures', (size) => fill('<testsuites><testcase>', '<failure/>', '</testcase></testsuites>', size)],
    ['suites in suites', (size) => '<testsuite name="aaaaaaa">'.repeat(size / 40)],
    [
      'attributes',
      (size) => {
        let text = '<testsuites';
        for (let n = 0; text.length < size; n += 1) text += ` a${n}=""`;
        return `${text}/>`;
      },
    ],
  ])('%s', (_, make) => {
    for (const size of [16 * MiB, 8 * MiB - 100, 1 * MiB])
      expect(inLittleMemory('junit', make(size))).toMatch(/^(refused \d+|read [01])$/);
  });
});

describe('a proposal that is written to fill memory is refused', () => {
  test.each<[string, (size: number) => string]>([
    ['numbers for findings', (size) => fill('{"summary":"","findings":[', '1,', '1]}', size)],
    ['empty findings', (size) => fill('{"summary":"","findings":[', '{},', '{}]}', size)],
    ['lists in lists', nested],
    ['one string', (size) => fill('{"summary":"', 'a', '","findings":[]}', size)],
    ['a path', (size) => fill('{"summary":"","findings":[{"path":"', 'a/', '"}]}', size)],
  ])('%s', (_, make) => {
    for (const size of [16 * MiB, 3 * MiB])
      for (const reader of ['proposal', 'patch'])
        expect(inLittleMemory(reader, make(size))).toMatch(/^refused \d{1,3}$/);
  });
});

test('a large proposal is read, and of a wrong one the first fault is named', () => {
  const text = '\u65e5'.repeat(900);
  const one = {
    path: 'a',
    line: 1,
    endLine: 1,
    severity: 'low',
    category: 'tests',
    rule: 'r',
    confidence: 1,
    message: text,
    quote: text,
    suggestion: text,
  };
  const read = (findings: unknown) =>
    readProposal('reviewer', Buffer.from(JSON.stringify({ summary: 's', findings })));
  expect(read(Array.from({ length: 200 }, () => one)).value).toMatchObject({ summary: 's' });
  expect(() => read(Array.from({ length: 201 }, () => one))).toThrow('findings: there are more than 200');
  expect(() => read([one, { ...one, line: 0 }, {}])).toThrow('invalid: findings.1.line: ');
  expect(() => read('none')).toThrow('invalid: findings: ');
  expect(() => readProposal('reviewer', Buffer.from('null'))).toThrow('invalid: : ');
  expect(() => readProposal('reviewer', Buffer.from('{"a'))).toThrow("can't be read: it is not JSON");
});

test('tests that leave such a report are judged by their exit code', async () => {
  const repository = makeRepository();
  try {
    const runner = `#!/usr/bin/env node
const path = process.argv.find((word) => word.startsWith('--outputFile='))?.slice(13);
if (path) require('fs').writeFileSync(path, '{"testResults":[' + '1,'.repeat(8 << 20) + '1]}');
process.exit(1);
`;
    const head = repository.commit({
      'package.json': JSON.stringify({ scripts: { test: 'jest' } }),
      'node_modules/.bin/jest': { executable: runner },
    });
    const context = makeContext(repository.git, { head });
    expect(await tests(context)).toMatchObject({ outcome: 'fail', source: 'log', failing: [] });
  } finally {
    repository.remove();
  }
});

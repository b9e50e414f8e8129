import { describe, expect, test } from '@jest/globals';
import { detectCommand, readManifest } from '../../src/probes/command.ts';
import { runnerOf, scriptsOf } from '../../src/probes/runner.ts';
import { invocationOf } from '../../src/probes/runner-invocation.ts';

describe('the command', () => {
  const jest = readManifest('{"scripts":{"test":"jest"}}');
  const none = readManifest(undefined);
  test.each([
    [['package.json'], jest, 'npm test'],
    [['package.json', 'pnpm-lock.yaml'], jest, 'pnpm test'],
    [['package.json', 'yarn.lock'], jest, 'yarn test'],
    [['package.json', 'bun.lockb'], jest, 'bun run test'],
    [['yarn.lock'], { ...jest, packageManager: 'pnpm@9.1.0+sha512.x' }, 'pnpm test'],
    [['yarn.lock'], { ...jest, packageManager: '; rm -rf /' }, 'yarn test'],
    [['package.json', 'tox.ini'], none, 'python3 -m pytest'],
    [['Cargo.toml'], none, 'cargo test'],
    [['go.mod'], none, 'go test ./...'],
    [['package.json'], readManifest('{"scripts":{"test":7}}'), undefined],
    [['package.json'], readManifest('{"scripts":[]}'), undefined],
    [['package.json'], readManifest('not JSON'), undefined],
  ])('%j', (present, manifest, expected) => {
    expect(detectCommand(new Set(present), manifest)).toBe(expected);
  });
});

describe('the runner', () => {
  const scripts = {
    test: 'npm run unit',
    unit: 'cross-env NODE_ENV=test jest --coverage',
    node: 'c8 --reporter=lcov node --test test/*.js',
    twice: 'node --test a && node --test b',
    lint: 'eslint .',
    all: 'npm run lint && npm run unit',
    first: 'npm run unit && npm run lint',
    piped: 'jest | tee log',
    told: 'jest --json',
    self: 'npm run self',
    vm: 'node --experimental-vm-modules node_modules/jest/bin/jest.js',
    vite: 'vitest run',
    dot: 'node --test --test-reporter=dot',
  };
  test.each([
    ['npm test', 'jest', 2],
    ['npm test -- --silent', 'jest', 1],
    ['npm run all', 'jest', 2],
    ['yarn unit', 'jest', 0],
    ['pnpm run unit', 'jest', 0],
    ['npm run vm', 'jest', 1],
    ['npm run vite', 'vitest', 1],
    ['npx --no-install jest src', 'jest', 0],
    ['npm run node', 'node', 1],
    ['npm run node && echo done', 'node', 1],
    ['uv run pytest -q', 'pytest', 0],
    ['python3.12 -m pytest', 'pytest', 0],
    ['go test ./...', 'go', 0],
    ['gotestsum -- ./...', 'gotestsum', 0],
  ])('%s', (command, name, npmDashes) => {
    expect(runnerOf(command, scripts)).toEqual({ name, npmDashes });
  });
  test.each([
    'npm run twice',
    'npm run first',
    'npm run piped',
    'npm run told',
    'npm run self',
    'npm run dot',
    'npm run nothing',
    'npm test -w packages/a',
    'npm run constructor',
    'jest &',
    'pytest --junitxml=x',
    'make test',
    '',
  ])('none that can be told: %s', (command) => {
    expect(runnerOf(command, scripts)).toBeUndefined();
  });

  test('scripts are found through each other, with those before and after', () => {
    const own = { test: 'npm run a && yarn b', pretest: 'x', a: 'npm test', b: 'y', postb: 'z' };
    expect(scriptsOf('npm test', own)).toEqual(['pretest', 'test', 'a', 'b', 'postb']);
  });
});

describe('how it is told', () => {
  test('by arguments, past each npm', () => {
    expect(invocationOf('npm test', { name: 'jest', npmDashes: 2 }, '/out').command).toBe(
      'npm test -- -- --json --outputFile=/out/tests.json',
    );
  });
  test('a directory with a quote in it stays one word', () => {
    expect(invocationOf('jest', { name: 'jest', npmDashes: 0 }, "/o'; x").command).toBe(
      `jest --json '--outputFile=/o'\\''; x/tests.json'`,
    );
  });
  test('gotestsum stands in for go', () => {
    expect(invocationOf('go test -race ./...', { name: 'go', npmDashes: 0 }, '/out')).toMatchObject({
      command: 'gotestsum --junitfile /out/tests.xml -- -race ./...',
      report: { name: 'tests.xml' },
    });
  });
  test('the environment alone, where that is enough', () => {
    expect(invocationOf('pytest', { name: 'pytest', npmDashes: 0 }, '/out')).toMatchObject({
      command: 'pytest',
      env: { PYTEST_ADDOPTS: '--junitxml=/out/tests.xml -o junit_family=xunit1' },
    });
  });
});

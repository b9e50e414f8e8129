import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ChangedFile } from '../../src/core/document.ts';
import { guarded, refusals } from '../../src/core/risk.ts';
import { times } from '../property.ts';

const change = (path: string): ChangedFile => ({
  path,
  status: 'M',
  oldMode: '100644',
  newMode: '100644',
  oid: 'a'.repeat(40),
});
const isRefused = (path: string, globs: readonly string[] = []): boolean =>
  refusals([change(path)], globs).length > 0;

/** A path that a glob is there for. */
const exampleOf = (glob: string): string =>
  glob
    .replace(/\/\*\*$/, '/x/y.z')
    .replace(/^\*\*\//, '')
    .replaceAll('*', '-x');

describe('every guarded path is refused', () => {
  test.each(guarded.map((glob) => [glob]))('%s', (glob) => {
    const path = exampleOf(glob);
    const forms = [path, path.toUpperCase(), path.toLowerCase(), `${path}.`, `${path} .`, `${path}::$DATA`];
    if (glob.startsWith('**/')) forms.push(`a/b/${path}`, `A/${path.toUpperCase()}`);
    for (const form of forms) expect([form, isRefused(form)]).toEqual([form, true]);
  });

  test.each(['\n', '\r', '\u2028', '\u2029'])('with %j in the path', (end) => {
    for (const path of [`.github/workflows/a${end}.yml`, `a${end}b/.claude/settings.json`, `${end}/.npmrc`])
      expect([path, isRefused(path)]).toEqual([path, true]);
  });

  test('however its letters are written', () => {
    const disguise = fc.constantFrom<(letter: string) => string>(
      (letter) => letter.toUpperCase(),
      (letter) => `${letter}\u200c`,
      (letter) => `\u00ad${letter}\ufeff`,
      (letter) => (/[a-z]/.test(letter) ? String.fromCodePoint(letter.codePointAt(0)! + 0xfee0) : letter),
      (letter) => ({ s: '\u017f', k: '\u212a' })[letter] ?? letter,
      (letter) => letter,
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...guarded),
        fc.array(disguise, { minLength: 1, maxLength: 10 }),
        (glob, disguises) => {
          const path = [...exampleOf(glob)]
            .map((letter, i) => disguises[i % disguises.length]!(letter))
            .join('');
          expect([path, isRefused(path)]).toEqual([path, true]);
        },
      ),
      times(8),
    );
  });
});

test.each([
  '.claude.json',
  '.ripgreprc',
  'action.yml',
  'sub/action.yaml',
  'Jenkinsfile',
  'azure-pipelines.yml',
  '.circleci/config.yml',
  '.gitlab/ci/a.yml',
  '.GITHUB/workflows/a.yml',
  '.gIt/config',
  'a/.git/hooks/pre-commit',
  'git~1/config',
  'a/GIT~1/hooks/x',
  'GITHUB~1/workflows/a.yml',
  'CLAUDE~1.MD',
  'GI7EB5~1',
  '.git./config',
  '.git /config',
  '.git::$INDEX_ALLOCATION/config',
  'a\\.git\\config',
  '.g\u200cit/config',
  '.devcontainer/devcontainer.json',
  'packages/a/.yarnrc.yml',
  'packages/a/.pnpmfile.cjs',
  '.vscode/tasks.json',
  '.envrc',
])('refused: %s', (path) => {
  expect(isRefused(path)).toBe(true);
});

test.each([
  'src/a.ts',
  'src/action.ts',
  'src/claude.json',
  'docs/github/workflows.md',
  'src/gitconfig.ts',
  'src/a~b.ts',
  'notes.txt~1~',
  'test/fixtures/a.b.c',
  'src/[id]/page.tsx',
  'src/caf\u00e9.ts',
  'env/index.ts',
  '.gitignore',
  '.env.example',
])('not refused: %s', (path) => {
  expect(isRefused(path)).toBe(false);
});

test("the configuration's own globs are folded alike", () => {
  expect(isRefused('GEHEIM/caf\u00e9', ['geheim/cafe\u0301'])).toBe(true);
  expect(isRefused('geheim/cafe\u0301', ['Geheim/caf\u00e9'])).toBe(true);
  expect(isRefused('geheim/tee', ['geheim/cafe\u0301'])).toBe(false);
});

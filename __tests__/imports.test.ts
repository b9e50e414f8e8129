import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..');
const files = globSync('src/**/*.ts', { cwd: root }).map((path) => path.replaceAll('\\', '/'));

/** What a file of src/ imports: static, dynamic, for types alone, and what it only passes on. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/\b(?:from|import|require)\s*\(?\s*(['"`])([^'"`]+)\1/g)].map(
    (match) => match[2]!,
  );
}

/** The folder that the import rule speaks of: `src/room`, or `src/platforms/github`. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.slice(0, parts[1] === 'platforms' ? 3 : 2).join('/');
}

/** Why `file` may not import `specifier`, or undefined when it may. */
function fault(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  if (!target.startsWith('src/')) return `${file} imports ${specifier}, which is outside src/`;
  const [from, to] = [folderOf(file), folderOf(target)];
  if (from === 'src/entry' || from === to || to === 'src/core') return undefined;
  return `${file} imports ${target}: ${from} may import only src/core and its own files`;
}

describe('the import rule', () => {
  test.each([
    ['src/core/next.ts', '../room/git.ts'],
    ['src/core/next.ts', '../../scripts/build.ts'],
    ['src/room/room.ts', '../views/index.ts'],
    ['src/room/room.ts', '../core/../views/index.ts'],
    ['src/views/check.ts', '../entry/run.ts'],
    ['src/platforms/github/index.ts', '../local/index.ts'],
    ['src/platforms/github/index.ts', '../../room/git.ts'],
  ])('%s must not import %s', (file, specifier) => {
    expect(fault(file, specifier)).toBeDefined();
  });

  test.each([
    ['src/core/next.ts', './agent.ts'],
    ['src/core/agent.ts', 'zod'],
    ['src/room/room.ts', '../core/git.ts'],
    ['src/platforms/github/index.ts', '../../core/effect.ts'],
    ['src/entry/run.ts', '../platforms/github/index.ts'],
  ])('%s may import %s', (file, specifier) => {
    expect(fault(file, specifier)).toBeUndefined();
  });

  test('sees every form of import', () => {
    const source = [
      `import '../a.ts';`,
      `import b, { type B } from '../b.ts';`,
      `import type { C } from "../c.ts";`,
      `export * from '../d.ts';`,
      `const e = await import('../e.ts');`,
      `// import '../no.ts';`,
      `/* import '../no.ts'; */`,
    ].join('\n');
    expect(importsOf(source)).toEqual(['../a.ts', '../b.ts', '../c.ts', '../d.ts', '../e.ts']);
  });
});

describe('src/', () => {
  test('is all there', () => {
    expect(new Set(files.map(folderOf))).toEqual(
      new Set([
        'src/core',
        'src/room',
        'src/engines',
        'src/probes',
        'src/platforms/github',
        'src/platforms/local',
        'src/stores',
        'src/views',
        'src/entry',
      ]),
    );
  });

  test.each(files)('%s imports only what it may', (file) => {
    const source = readFileSync(join(root, file), 'utf8');
    expect(importsOf(source).flatMap((specifier) => fault(file, specifier) ?? [])).toEqual([]);
  });

  test.each(files.filter((file) => file.startsWith('src/core/')))('%s does no I/O', (file) => {
    const builtins = importsOf(readFileSync(join(root, file), 'utf8')).filter((name) =>
      name.startsWith('node:'),
    );
    expect(builtins.filter((name) => name !== 'node:crypto')).toEqual([]);
  });
});

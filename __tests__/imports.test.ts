import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..');

// Each case is a folder and what a file in it says.

const forbidden = [
  ['src/core', `import '../git/git.ts';`],
  ['src/core', `import '../../scripts/build.ts';`],
  ['src/core', `import './../git/git.ts';`],
  ['src/core', `import 'node:fs';`],
  ['src/core', `fetch('https://example.com');`],
  ['src/room', `import '../views/index.ts';`],
  ['src/room', `import '../core/../views/index.ts';`],
  ['src/room', `import '../gateway/server.ts';`],
  ['src/room', `import '../../__tests__/readme.ts';`],
  ['src/stores', `import '../room/room.ts';`],
  ['src/git', `import '../room/room.ts';`],
  ['src/gateway', `import '../room/room.ts';`],
  ['src/gateway/providers', `import '../../room/room.ts';`],
  ['src/egress', `import '../room/room.ts';`],
  ['src/engines/sdk', `import '../../gateway/server.ts';`],
  ['src/probes', `import '../git/git.ts';`],
  ['src/runners', `import '../probes/tests.ts';`],
  ['src/views', `import '../run/run.ts';`],
  ['src/run', `import '../entry/cli.ts';`],
  ['src/run', `import '../views/index.ts';`],
  ['src/run', `import '../core/../platforms/local/index.ts';`],
  ['src/platforms/github', `import '../local/index.ts';`],
  ['src/platforms/github', `import '../../git/git.ts';`],
  ['src/platforms/shared', `import '../github/index.ts';`],
  // In every form that an import has.
  ['src/views', `import b, { type B } from '../run/run.ts';`],
  ['src/views', `import type { C } from "../run/run.ts";`],
  ['src/views', `export { d } from '../run/run.ts';`],
  ['src/views', `const e = await import('../run/run.ts');`],
];

const allowed = [
  ['src/core', `import './agent.ts';`],
  ['src/core', `import 'zod';`],
  ['src/core', `import 'node:crypto';`],
  ['src/room', `import '../core/git.ts';`],
  ['src/room', `import '../git/git.ts';`],
  ['src/stores', `import '../git/git.ts';`],
  ['src/gateway', `import './providers/client.ts';`],
  ['src/gateway/providers', `import '../meter.ts';`],
  ['src/gateway/providers', `import '../../core/git.ts';`],
  ['src/engines/sdk', `import '../../core/job.ts';`],
  ['src/probes', `import '../runners/jest.ts';`],
  ['src/platforms/github', `import '../../core/effect.ts';`],
  ['src/platforms/github', `import '../shared/receipt.ts';`],
  ['src/run', `import '../gateway/providers/index.ts';`],
  ['src/entry', `import '../platforms/local/index.ts';`],
];

/** The cases, as `FOLDER: LINE`, in which the linter sees an import law broken: one run over a file for each. */
function broken(cases: readonly string[][]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'imports-'));
  try {
    copyFileSync(join(root, 'biome.json'), join(directory, 'biome.json'));
    for (const [index, [folder, line]] of cases.entries()) {
      mkdirSync(join(directory, folder!), { recursive: true });
      writeFileSync(join(directory, folder!, `${index}.ts`), `${line}\n`);
    }
    const only = ['noRestrictedImports', 'noRestrictedGlobals'].map((rule) => `--only=style/${rule}`);
    const args = ['lint', '--reporter=json', '--max-diagnostics=none', '--vcs-enabled=false', ...only];
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/biome'), args, { cwd: directory });
    const report = JSON.parse(String(stdout)) as { diagnostics: { location: { path: string } }[] };
    const faulty = new Set(report.diagnostics.map(({ location }) => location.path));
    return cases.flatMap(([folder, line], index) =>
      faulty.has(`${folder}/${index}.ts`) ? [`${folder}: ${line}`] : [],
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('the linter refuses what a folder must not import, in every form of import', () => {
  expect(broken(forbidden)).toEqual(forbidden.map(([folder, line]) => `${folder}: ${line}`));
});

test('the linter allows what a folder may import', () => {
  expect(broken(allowed)).toEqual([]);
});

test('every folder of src/ is under the law', () => {
  const folders = globSync('src/**/*.ts', { cwd: root }).map((path) => dirname(path));
  const cases = [...new Set(folders)].map((folder) => [folder, `import '${'../'.repeat(9)}x.ts';`]);
  expect(broken(cases)).toEqual(
    cases.filter(([folder]) => folder !== 'src/entry').map(([folder, line]) => `${folder}: ${line}`),
  );
});

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openGit } from '../../src/git/git.ts';
import { contains, toolsOf, trustedPath } from '../../src/room/environment.ts';
import { prepareSandbox } from '../../src/room/install.ts';
import { realDeps } from '../../src/run/deps.ts';

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'machine-'));
});
afterEach(() => rmSync(base, { recursive: true }));

function directory(...parts: string[]): string {
  const path = join(base, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

test('programs are never started from the workspace, from the temp folder, or from a relative place', () => {
  const workspace = directory('workspace');
  const planted = directory('workspace/node_modules/.bin');
  writeFileSync(join(planted, 'git'), '#!/bin/sh\ntouch pwned\n');
  chmodSync(join(planted, 'git'), 0o755);
  const path = trustedPath(`${planted}:node_modules/.bin:.::/usr/bin:${base}/absent`, [workspace]);
  expect(path).toBe('/usr/bin');
});

test('a PATH with nothing to trust in it falls back to the system', () => {
  expect(trustedPath('node_modules/.bin', [])).toBe('/usr/bin:/bin');
});

test('the folder around a tool is shown, unless a hidden directory lies in it', () => {
  const [tool, runner] = [directory('opt/tool/bin'), directory('actions-runner/bin')];
  const hidden = [directory('actions-runner/_work/_temp')];
  const { mounts } = toolsOf({ path: `${tool}:${runner}`, home: directory('home'), hidden });
  const shown = mounts.map(({ at }) => at).filter((at) => at.startsWith(base));
  expect(shown).toEqual([join(base, 'opt/tool'), runner]);
});

test('of a home only the folder with the programs is shown, not what lies beside it', () => {
  const home = directory('somebody');
  const tool = directory('somebody/.local/bin');
  const { mounts } = toolsOf({ path: tool, home, hidden: [] });
  expect(mounts.map(({ at }) => at).filter((at) => at.startsWith(base))).toEqual([tool]);
});

test('a hidden directory inside a mount is covered', () => {
  const cache = directory('cache');
  const hidden = directory('cache/workspace');
  expect(toolsOf({ path: '', home: directory('home'), hidden: [hidden], toolCache: cache }).covered).toEqual([
    hidden,
  ]);
});

test('neither a git nor a bwrap that lies in the workspace is ever run', async () => {
  const workspace = directory('workspace');
  const planted = directory('workspace/node_modules/.bin');
  // Also where a folder outside leads into the workspace.
  symlinkSync(planted, join(base, 'link'));
  for (const name of ['git', 'bwrap', 'sudo', 'apt-get', 'prlimit', 'choom']) {
    writeFileSync(join(planted, name), `#!/bin/sh\necho ${name} >> ${base}/pwned\nexit 1\n`);
    chmodSync(join(planted, name), 0o755);
  }
  const before = process.env.PATH;
  process.env.PATH = `${planted}:${join(base, 'link')}:${before}`;
  try {
    const nothing = (): void => {};
    const { host } = realDeps({
      signal: new AbortController().signal,
      say: nothing,
      warn: nothing,
      identityToken: async () => '',
      hidden: [workspace],
    });
    await openGit(join(base, 'git'));
    await prepareSandbox('require', {
      platform: process.platform,
      path: host.path,
      isRoot: false,
      mayInstall: true,
      signal: new AbortController().signal,
      say: nothing,
      warn: nothing,
    });
  } finally {
    process.env.PATH = before;
  }
  expect(existsSync(join(base, 'git/HEAD'))).toBe(true);
  expect(existsSync(join(base, 'pwned'))).toBe(false);
});

test('a link from a home to a tool does not bring what lies beside the link', () => {
  const home = directory('somebody');
  directory('somebody/tool');
  symlinkSync(directory('opt/tool/bin'), join(home, 'tool/bin'));
  const { mounts } = toolsOf({ path: join(home, 'tool/bin'), home, hidden: [] });
  expect(mounts.map(({ at }) => at).filter((at) => at.startsWith(base))).toEqual([join(home, 'tool/bin')]);
});

test('the folder around a tool is not shown when a home lies in it, and a home is never a folder of tools', () => {
  const home = directory('data/somebody');
  const tool = directory('data/bin');
  const { mounts, path } = toolsOf({ path: `${tool}:${home}:${base}/data`, home, hidden: [] });
  expect(mounts.map(({ at }) => at).filter((at) => at.startsWith(base))).toEqual([tool]);
  expect(path).toBe(tool);
});

test('nothing that lies in a hidden directory is mounted, the tool cache included', () => {
  const toolCache = directory('temp/cache');
  const { mounts } = toolsOf({ path: '', home: directory('home'), hidden: [join(base, 'temp')], toolCache });
  expect(mounts.filter(({ at }) => at.startsWith(base))).toEqual([]);
});

test('a hidden directory is covered where it is seen, though the mount goes by a link', () => {
  const hidden = directory('real/cache/workspace');
  symlinkSync(join(base, 'real/cache'), join(base, 'link'));
  const toolCache = join(base, 'link');
  const { covered } = toolsOf({ path: '', home: directory('home'), hidden: [hidden], toolCache });
  expect(covered).toEqual([join(toolCache, 'workspace')]);
});

test('whatever is on PATH, no hidden directory and no home can be seen', () => {
  const pool = ['bin', 'a', 'a/bin', 'a/b', 'a/b/bin', 'a/b/c', 'a/b/c/bin', 'd/e', 'd/e/sbin', 'd'].map(
    (name) => directory(name),
  );
  symlinkSync(join(base, 'a/b'), join(base, 'd/link'));
  symlinkSync(join(base, 'a/b/bin'), join(base, 'd/e/bin'));
  const places = [...pool, join(base, 'd/link/bin'), join(base, 'd/e/bin'), join(base, 'd/link')];
  const some = fc.subarray(places);
  fc.assert(
    fc.property(
      some,
      some,
      fc.constantFrom(...pool),
      fc.option(fc.constantFrom(...places)),
      (path, hidden, home, cache) => {
        const machine = { path: path.join(':'), home, hidden, ...(cache && { toolCache: cache }) };
        const { mounts, covered } = toolsOf(machine);
        for (const { from, at } of mounts) {
          const real = realpathSync(from);
          expect(contains(real, realpathSync(home))).toBe(false);
          for (const each of hidden.map((directory) => realpathSync(directory))) {
            expect(contains(each, real)).toBe(false);
            const seen = join(at, relative(real, each));
            if (contains(real, each)) expect(covered.some((place) => contains(place, seen))).toBe(true);
          }
        }
      },
    ),
  );
});

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { which } from '../../src/room/install.ts';
import { commit, createRepository, fixer, git, reviewer, testCommand, useScene, wrongB } from './scene.ts';

const scene = useScene();
const { countersign } = scene;

/** A fix there works, and its branch is there. */
async function expectFixed(repository: string, ...args: string[]): Promise<void> {
  scene.model.add(fixer());
  const { code, stdout, stderr } = await countersign(repository, ['fix', '--test', testCommand, ...args]);
  expect({ code, stderr: code === 0 ? '' : stderr, stdout: code === 0 ? '' : stdout }).toEqual({
    code: 0,
    stderr: '',
    stdout: '',
  });
  const branch = /git merge (\S+)/.exec(stdout)?.[1] ?? '';
  expect(git(repository, 'show', `${branch}:app.js`)).toContain('a = 2');
  expect(git(repository, 'rev-parse', `${branch}^`)).toBe(git(repository, 'rev-parse', 'HEAD'));
}

const clone = (from: string, to: string, ...options: string[]): string => {
  git(scene.directory, 'clone', '--quiet', '--template=', ...options, from, to);
  return join(scene.directory, to);
};

test('a repository whose path has spaces and other letters in it', async () => {
  await expectFixed(createRepository(join(scene.directory, "it's a büro %20 ?#")));
});

test('a repository whose path is longer than a ledger has room for', async () => {
  const parent = join(scene.directory, 'x'.repeat(200), 'y'.repeat(200));
  mkdirSync(parent, { recursive: true });
  await expectFixed(createRepository(join(parent, 'r')));
});

test('a subdirectory stands for its repository, and -C too', async () => {
  const repository = createRepository(join(scene.directory, 'r'), { 'a/b/c.js': '' });
  await expectFixed(join(repository, 'a/b'));
  scene.model.add(reviewer());
  expect(await countersign(scene.directory, ['review', '-C', 'r/a'])).toMatchObject({ code: 0 });
});

test('a linked worktree', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  git(repository, 'worktree', 'add', '--quiet', '--detach', '../linked');
  await expectFixed(join(scene.directory, 'linked'));
});

test('a --separate-git-dir', async () => {
  createRepository(join(scene.directory, 'origin'));
  await expectFixed(clone('origin', 'r', `--separate-git-dir=${join(scene.directory, 'elsewhere.git')}`));
});

test('a clone that borrows its objects from another', async () => {
  createRepository(join(scene.directory, 'origin'));
  await expectFixed(clone('origin', 'r', '--shared'));
});

test('a shallow clone: what it has is enough, or it is said how to get the rest', async () => {
  const origin = createRepository(join(scene.directory, 'origin'));
  const repository = clone(`file://${origin}`, 'r', '--depth=1', '--no-single-branch');
  await expectFixed(repository);
  const { code, stderr } = await countersign(repository, ['review', '--base', 'origin/main']);
  expect(stderr).toMatch(
    /^countersign: origin\/main and HEAD have no common history in this shallow clone: run `git fetch --unshallow` first\.$/m,
  );
  expect(code).toBe(1);
  git(repository, 'fetch', '--quiet', '--unshallow');
  scene.model.add(reviewer(wrongB()));
  expect(await countersign(repository, ['review', '--base', 'origin/main'])).toMatchObject({ code: 1 });
});

test('a repository of SHA-256 names is not served, and that is said', async () => {
  const repository = join(scene.directory, 'r');
  execFileSync('git', ['init', '--quiet', '--object-format=sha256', repository]);
  commit(repository, { 'app.js': '' });
  const { code, stdout, stderr } = await countersign(repository, ['review']);
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: `countersign: ${repository} names its objects by SHA256; Countersign can only work with SHA-1 so far.\n`,
  });
});

test('a submodule is left as it is', async () => {
  createRepository(join(scene.directory, 'library'));
  const repository = createRepository(join(scene.directory, 'r'));
  git(repository, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', '../library', 'lib');
  git(repository, 'commit', '--quiet', '-m', 'A library');
  await expectFixed(repository);
  const [branch] = git(repository, 'branch', '--list', '--format=%(refname:short)', 'countersign/*').split(
    '\n',
  );
  expect(git(repository, 'rev-parse', `${branch}:lib`)).toBe(git(repository, 'rev-parse', 'HEAD:lib'));
  scene.model.add(reviewer(wrongB('low')));
  expect(await countersign(repository, ['review', '--base', 'main'])).toMatchObject({ code: 0 });
});

test.each(['.', 'bin', '', 'the whole path'])(
  'a git that lies in the repository is not run, though PATH has %j before the real one',
  async (entry) => {
    const repository = createRepository(join(scene.directory, 'r'), { 'bin/a': '', 'sub/a': '' });
    const ran = join(scene.directory, 'ran');
    const real = which('git', process.env.PATH!);
    for (const folder of ['.', 'bin']) {
      const script = `#!/bin/sh\necho "$ANTHROPIC_API_KEY" >> '${ran}'\nexec '${real}' "$@"\n`;
      writeFileSync(join(repository, folder, 'git'), script, { mode: 0o755 });
    }
    const first = entry === 'the whole path' ? join(repository, 'bin') : entry;
    scene.model.add(reviewer());
    const path = [first, dirname(process.execPath), process.env.PATH].join(':');
    expect(await countersign(repository, ['review'], { env: { PATH: path } })).toMatchObject({ code: 0 });
    expect(existsSync(ran)).toBe(false);
  },
);

test("what the user's configuration runs is not handed the key", async () => {
  const repository = createRepository(join(scene.directory, 'r'), { '.gitattributes': '*.js filter=look\n' });
  const seen = join(scene.directory, 'seen');
  git(repository, 'config', 'filter.look.clean', `sh -c 'env > "${seen}"; cat'`);
  // As long as before, so that git has to look into it.
  writeFileSync(join(repository, 'app.js'), 'export const a = 1;\nexport const b = 2;\n');
  scene.model.add(reviewer());
  expect(await countersign(repository, ['review'])).toMatchObject({ code: 0 });
  const environment = readFileSync(seen, 'utf8');
  expect(environment).toContain('HOME=');
  expect(environment).not.toContain(scene.model.apiKey);
});

test("the user's own configuration, hooks and odd names do no harm", async () => {
  const repository = createRepository(join(scene.directory, 'r'), {
    'späce dir/naïve ☃.js': 'export {};\n',
    '-rf': '',
    '.gitattributes': '*.js filter=shout\n',
  });
  git(repository, 'branch', '--move', 'feature', 'größe/☃');
  git(repository, 'config', 'core.hooksPath', join(scene.directory, 'hooks'));
  git(repository, 'config', 'fetch.recurseSubmodules', 'true');
  git(repository, 'config', 'protocol.version', '0');
  git(repository, 'config', 'commit.gpgSign', 'true');
  mkdirSync(join(scene.directory, 'hooks'));
  cpSync('/bin/false', join(scene.directory, 'hooks/pre-commit'));
  await expectFixed(repository, '--head', 'größe/☃');
});

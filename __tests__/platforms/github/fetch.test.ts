import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { Git, GitOptions } from '../../../src/core/git.ts';
import { Fault } from '../../../src/core/outcome.ts';
import { faults } from '../../stand-ins/github/index.ts';
import { commit, everything, openScene, type Scene } from './scene.ts';

let scene: Scene;
afterEach(async () => {
  await scene.close();
  expect(scene.gitHub.violations).toEqual([]);
});

const typeOf = async (sha: string): Promise<string> =>
  (await scene.git(['cat-file', '-t', sha])).toString().trim();

const messageOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Fault);
  return (error as Fault).message;
};

function everyFile(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test.each([false, true])('brings all three commits in one go (fork: %s)', async (fork) => {
  scene = await openScene({ fork });
  const tip = await commit(scene.repository.path, 'main', { 'b.txt': 'b' }, { parent: scene.base });
  const subject = { ...scene.subject, base: tip };
  await scene.platform().fetch(scene.git, subject);
  for (const sha of [subject.base, subject.head, subject.mergeBase]) expect(await typeOf(sha)).toBe('commit');
  const diff = await scene.git(['diff-tree', '-r', '--name-only', subject.mergeBase, subject.head]);
  expect(diff.toString()).toBe('a.txt\nnew.txt\n');
  expect(scene.gitHub.requests.length).toBeLessThanOrEqual(3);
});

test('the token is in the environment of one process, and nowhere else', async () => {
  scene = await openScene();
  const token = scene.gitHub.createToken({ permissions: everything });
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  const calls: { args: readonly string[]; options: GitOptions | undefined }[] = [];
  const git = Object.assign(
    (args: readonly string[], options?: GitOptions) => {
      calls.push({ args, options });
      return scene.git(args, options);
    },
    { dir: scene.git.dir },
  ) as Git;
  await scene.platform({ token }).fetch(git, scene.subject);
  const [fetch, ...others] = calls;
  expect(JSON.stringify(fetch!.options!.env)).toContain(basic);
  expect(fetch!.options!.env).toMatchObject({ GIT_TERMINAL_PROMPT: '0' });
  expect(JSON.stringify(calls.map(({ args }) => args))).not.toMatch(new RegExp(`${token}|${basic}`));
  expect(JSON.stringify(others)).not.toMatch(new RegExp(`${token}|${basic}`));
  for (const file of everyFile(scene.git.dir)) {
    expect(readFileSync(file).includes(token) || readFileSync(file).includes(basic)).toBe(false);
  }
});

test('no permission is said with its line, without the token', async () => {
  scene = await openScene();
  const token = scene.gitHub.createToken({ permissions: { pull_requests: 'write' } });
  const message = await messageOf(scene.platform({ token }).fetch(scene.git, scene.subject));
  expect(message).toContain('permissions: contents: read');
  expect(message).not.toContain(token);
  expect(await messageOf(scene.platform({ token: 'ghs_wrong' }).fetch(scene.git, scene.subject))).toContain(
    'contents: read',
  );
});

test('a commit that is gone is said to be', async () => {
  scene = await openScene();
  const subject = { ...scene.subject, head: 'd'.repeat(40) };
  expect(await messageOf(scene.platform().fetch(scene.git, subject))).toContain('no longer in octo/shop');
});

test('no redirection is followed', async () => {
  scene = await openScene();
  const location = `${scene.gitHub.serverUrl}/octo/shop.git/info/refs?service=git-upload-pack`;
  scene.gitHub.failNext({ path: /info\/refs/, times: 9 }, { status: 302, headers: { location } });
  await messageOf(scene.platform().fetch(scene.git, scene.subject));
});

test.each([
  ['a broken connection', faults.reset],
  ['a broken answer', faults.unavailable],
])('%s is tried again', async (_, fault) => {
  scene = await openScene();
  scene.gitHub.failNext({ path: /info\/refs|git-upload-pack/, times: 2 }, fault);
  await scene.platform().fetch(scene.git, scene.subject);
  expect(await typeOf(scene.head)).toBe('commit');
});

test('a run that is stopped fetches no more', async () => {
  scene = await openScene();
  const signal = AbortSignal.abort(new Error('cancelled'));
  expect(await messageOf(scene.platform({ signal }).fetch(scene.git, scene.subject))).toContain('stopped');
  expect(scene.gitHub.requests).toEqual([]);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { Git, GitOptions } from '../../../src/core/git.ts';
import { Fault } from '../../../src/core/outcome.ts';
import { faults } from '../../stand-ins/github/index.ts';
import { commit, everything, openWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  await world.close();
  expect(world.gitHub.violations).toEqual([]);
});

const typeOf = async (sha: string): Promise<string> =>
  (await world.git(['cat-file', '-t', sha])).toString().trim();

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
  world = await openWorld({ fork });
  const tip = await commit(world.repository.path, 'main', { 'b.txt': 'b' }, { parent: world.base });
  const subject = { ...world.subject, base: tip };
  await world.platform().fetch(world.git, subject);
  for (const sha of [subject.base, subject.head, subject.mergeBase]) expect(await typeOf(sha)).toBe('commit');
  const diff = await world.git(['diff-tree', '-r', '--name-only', subject.mergeBase, subject.head]);
  expect(diff.toString()).toBe('a.txt\nnew.txt\n');
  expect(world.gitHub.requests.length).toBeLessThanOrEqual(3);
});

test('the token is in the environment of one process, and nowhere else', async () => {
  world = await openWorld();
  const token = world.gitHub.createToken({ permissions: everything });
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  const calls: { args: readonly string[]; options: GitOptions | undefined }[] = [];
  const git = Object.assign(
    (args: readonly string[], options?: GitOptions) => {
      calls.push({ args, options });
      return world.git(args, options);
    },
    { dir: world.git.dir },
  ) as Git;
  await world.platform({ token }).fetch(git, world.subject);
  const [fetch, ...others] = calls;
  expect(JSON.stringify(fetch!.options!.env)).toContain(basic);
  expect(fetch!.options!.env).toMatchObject({ GIT_TERMINAL_PROMPT: '0' });
  expect(JSON.stringify(calls.map(({ args }) => args))).not.toMatch(new RegExp(`${token}|${basic}`));
  expect(JSON.stringify(others)).not.toMatch(new RegExp(`${token}|${basic}`));
  for (const file of everyFile(world.git.dir)) {
    expect(readFileSync(file).includes(token) || readFileSync(file).includes(basic)).toBe(false);
  }
});

test('no permission is said with its line, without the token', async () => {
  world = await openWorld();
  const token = world.gitHub.createToken({ permissions: { pull_requests: 'write' } });
  const message = await messageOf(world.platform({ token }).fetch(world.git, world.subject));
  expect(message).toContain('permissions: contents: read');
  expect(message).not.toContain(token);
  expect(await messageOf(world.platform({ token: 'ghs_wrong' }).fetch(world.git, world.subject))).toContain(
    'contents: read',
  );
});

test('a commit that is gone is said to be', async () => {
  world = await openWorld();
  const subject = { ...world.subject, head: 'd'.repeat(40) };
  expect(await messageOf(world.platform().fetch(world.git, subject))).toContain('no longer in octo/shop');
});

test('no redirection is followed', async () => {
  world = await openWorld();
  const location = `${world.gitHub.serverUrl}/octo/shop.git/info/refs?service=git-upload-pack`;
  world.gitHub.failNext({ path: /info\/refs/, times: 9 }, { status: 302, headers: { location } });
  await messageOf(world.platform().fetch(world.git, world.subject));
});

test.each([
  ['a broken connection', faults.reset],
  ['a broken answer', faults.unavailable],
])('%s is tried again', async (_, fault) => {
  world = await openWorld();
  world.gitHub.failNext({ path: /info\/refs|git-upload-pack/, times: 2 }, fault);
  await world.platform().fetch(world.git, world.subject);
  expect(await typeOf(world.head)).toBe('commit');
});

test('a run that is stopped fetches no more', async () => {
  world = await openWorld();
  const signal = AbortSignal.abort(new Error('cancelled'));
  expect(await messageOf(world.platform({ signal }).fetch(world.git, world.subject))).toContain('stopped');
  expect(world.gitHub.requests).toEqual([]);
});

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { Git } from '../../src/core/git.ts';
import type { Room } from '../../src/core/room.ts';
import { openGit } from '../../src/git/git.ts';
import { roomsIn } from '../../src/room/room.ts';

export const MiB = 1024 * 1024;

/** A clean repository with one commit, `a.txt` and `old.bin`, for all tests of a file. */
export const clean = {} as { base: string; git: Git; commit: string; old: Buffer };

beforeAll(async () => {
  const base = mkdtempSync(join(tmpdir(), 'harvest-'));
  const source = join(base, 'source');
  execFileSync('git', ['init', '-q', '-b', 'main', source]);
  const old = Buffer.concat([Buffer.from([0]), randomBytes(200_000)]);
  writeFileSync(join(source, 'old.bin'), old);
  writeFileSync(join(source, 'a.txt'), 'one\n');
  const run = (...args: string[]) =>
    execFileSync('git', ['-C', source, '-c', 'user.name=A', '-c', 'user.email=a@b', ...args]);
  run('add', '.');
  run('commit', '-qm', 'first');
  const git = await openGit(join(base, 'git'));
  await git(['fetch', '-q', source, 'main']);
  const commit = (await git(['rev-parse', 'FETCH_HEAD'])).toString().trim();
  Object.assign(clean, { base, git, commit, old });
});
afterAll(() => rmSync(clean.base, { recursive: true }));

/** A room at the commit. */
export async function inRoom<T>(use: (room: Room) => Promise<T>): Promise<T> {
  const { base, git, commit } = clean;
  const open = roomsIn({
    root: join(base, 'rooms'),
    sandbox: 'none',
    host: { path: process.env.PATH!, home: process.env.HOME!, hidden: [] },
    git,
    programs: [],
    id: () => `room${randomBytes(4).toString('hex')}`,
    signal: new AbortController().signal,
  });
  const room = await open({ commit, writable: true, history: true });
  try {
    return await use(room);
  } finally {
    await room.close();
  }
}

/** A commit of trees made from these entries, in the clean repository. */
export async function commitOf(entries: readonly string[]): Promise<string> {
  const tree = await treeOf(entries);
  const env = Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((who) => [
      [`GIT_${who}_NAME`, 'a'],
      [`GIT_${who}_EMAIL`, 'a@b'],
    ]),
  );
  return (await clean.git(['commit-tree', tree, '-m', 'x'], { env })).toString().trim();
}

/** A tree of entries as `git mktree` takes them. */
export async function treeOf(entries: readonly string[]): Promise<string> {
  const input = entries.map((entry) => `${entry}\0`).join('');
  return (await clean.git(['mktree', '-z', '--missing'], { input })).toString().trim();
}

/** A blob. */
export async function blobOf(content: string): Promise<string> {
  return (await clean.git(['hash-object', '-w', '--stdin'], { input: content })).toString().trim();
}

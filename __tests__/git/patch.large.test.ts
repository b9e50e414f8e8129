import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Git } from '../../src/core/git.ts';
import { Fault } from '../../src/core/outcome.ts';
import { collectPatch } from '../../src/git/patch.ts';
import { checkOut, dependenciesOf } from '../../src/room/work-tree.ts';
import { blobOf, clean, commitOf, inRoom, MiB, treeOf } from './clean.ts';

let base: string;
let git: Git;
let commit: string;
beforeAll(() => {
  ({ base, git, commit } = clean);
});

describe('what is too large to be taken over is a fault in a sentence', () => {
  test.each<[string, () => Buffer]>([
    ['zeros, of which the patch is small', () => Buffer.alloc(40 * MiB)],
    ['noise, of which the patch is large', () => randomBytes(30 * MiB)],
  ])('%s', async (_, make) => {
    await inRoom(async (room) => {
      writeFileSync(join(room.inside.work, 'large.bin'), make());
      await expect(collectPatch(git, room, commit, 900)).rejects.toThrow(/ 24 MB.*not taken over/);
    });
  });

  test('a file that fills the outbox', async () => {
    await inRoom(async (room) => {
      writeFileSync(join(room.inside.work, 'large.bin'), randomBytes(140 * MiB));
      await expect(collectPatch(git, room, commit, 900)).rejects.toThrow(Fault);
    });
  });
});

describe('a tree that is made to fill the machine', () => {
  const levels = async (leaf: string, wide: number, deep: number): Promise<string> => {
    let inner = await treeOf(Array.from({ length: wide }, (_, n) => `100644 blob ${leaf}\tf${n}`));
    for (let n = 1; n < deep; n += 1) {
      const own = inner;
      inner = await treeOf(Array.from({ length: wide }, (_, k) => `040000 tree ${own}\td${k}`));
    }
    return commitOf([`040000 tree ${inner}\ttop`, `100644 blob ${leaf}\tpackage.json`]);
  };

  test.each<[string, number, number, RegExp]>([
    ['ten to the tenth files', 10, 10, /more than 300000 files/],
    ['half a million files', 80, 3, /more than 300000 files/],
  ])('%s', async (_, wide, deep, why) => {
    const bomb = await levels(await blobOf('x'), wide, deep);
    const work = join(base, `work-${wide}`);
    const errors = [checkOut(git, bomb, work, false), dependenciesOf(git, bomb, base)];
    for (const error of errors) {
      const thrown = await error.catch((cause: unknown) => cause);
      expect(thrown).toBeInstanceOf(Fault);
      expect(String(thrown)).toMatch(why);
    }
    expect(existsSync(work)).toBe(false);
  });

  test('few files that are large together', async () => {
    const bomb = await levels(await blobOf('x'.repeat(4 * MiB)), 48, 2);
    await expect(checkOut(git, bomb, join(base, 'work-large'), false)).rejects.toThrow(/more than 8 GiB/);
  });
});

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Git } from '../../src/core/git.ts';
import { Fault } from '../../src/core/outcome.ts';
import { applyPatch, collectPatch } from '../../src/git/patch.ts';
import { checkOut, dependenciesOf } from '../../src/room/work-tree.ts';
import { times } from '../property.ts';
import { blobOf, clean, commitOf, inRoom, MiB, treeOf } from './clean.ts';

let base: string;
let git: Git;
let commit: string;
let old: Buffer;
beforeAll(() => {
  ({ base, git, commit, old } = clean);
});

describe('a change to a binary file is taken over', () => {
  const cases: [string, () => Buffer][] = [
    ['as a delta', () => Buffer.concat([old.subarray(0, 100_000), Buffer.from('x'), old.subarray(100_000)])],
    ['as a whole', () => Buffer.concat([Buffer.from([0]), randomBytes(200_000)])],
    ['cut short', () => old.subarray(0, 1000)],
    ['that repeats itself', () => Buffer.concat(Array.from({ length: 40 }, () => old))],
  ];
  test.each(cases)('%s', async (_, make) => {
    const bytes = make();
    const patch = await inRoom((room) => {
      writeFileSync(join(room.inside.work, 'old.bin'), bytes);
      return collectPatch(git, room, commit, 900);
    });
    expect(patch!.files.map(({ path }) => path)).toEqual(['old.bin']);
    expect((await git(['cat-file', 'blob', `${patch!.tree}:old.bin`])).equals(bytes)).toBe(true);
  });

  test('whatever it is', async () => {
    const part = fc.tuple(fc.nat(200_000), fc.nat(60_000), fc.uint8Array({ maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 12 }), async (parts) => {
        const bytes = Buffer.concat(
          parts.flatMap(([from, length, more]) => [old.subarray(from, from + length), Buffer.from(more)]),
        );
        const patch = await inRoom((room) => {
          writeFileSync(join(room.inside.work, 'old.bin'), bytes);
          return collectPatch(git, room, commit, 900);
        });
        expect((await git(['cat-file', 'blob', `${patch!.tree}:old.bin`])).equals(bytes)).toBe(true);
      }),
      times(0.1),
    );
  });
});

/** As git reads it: a length, then four bytes in five characters. */
function encode85(bytes: Buffer): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';
  let text = '';
  for (let at = 0; at < bytes.length; at += 52) {
    const line = bytes.subarray(at, at + 52);
    text += String.fromCharCode(line.length <= 26 ? 64 + line.length : 96 + line.length - 26);
    for (let i = 0; i < line.length; i += 4) {
      let value = 0;
      for (let k = 0; k < 4; k += 1) value = value * 256 + (line[i + k] ?? 0);
      let group = '';
      for (let k = 0; k < 5; k += 1) {
        group = alphabet[value % 85]! + group;
        value = Math.floor(value / 85);
      }
      text += group;
    }
    text += '\n';
  }
  return text;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) | 128);
  }
}

const blob = (bytes: Buffer): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
const header = (name: string, from = '0'.repeat(40), to = 'f'.repeat(40)): string =>
  from.startsWith('00')
    ? `diff --git a/${name} b/${name}\nnew file mode 100644\nindex ${from}..${to}\nGIT binary patch\n`
    : `diff --git a/${name} b/${name}\nindex ${from}..${to} 100644\nGIT binary patch\n`;
const literal = (bytes: Buffer, size = bytes.length): string =>
  `literal ${size}\n${encode85(deflateSync(bytes))}\n`;
const none = literal(Buffer.alloc(0));

/** A delta to `old.bin` that says its result is of this size. */
function delta(size: number): string {
  const copy = [0b1111_0000 | 0x80, 255, 255, 255];
  const body = Array.from({ length: 300 }, () => copy).flat();
  const bytes = Buffer.from([...varint(old.length), ...varint(size), ...body]);
  return `delta ${bytes.length}\n${encode85(deflateSync(bytes))}\n`;
}

describe('a patch that would fill memory is refused before git reads it', () => {
  const apply = (patch: string | Buffer) => applyPatch(git, commit, Buffer.from(patch));

  test('an honest one of the same form is not', async () => {
    const bytes = Buffer.concat([Buffer.from([0]), Buffer.alloc(1000, 7)]);
    const tree = await apply(header('new.bin', undefined, blob(bytes)) + literal(bytes) + none);
    expect(await git(['cat-file', 'blob', `${tree}:new.bin`])).toEqual(bytes);
  });

  test.each<[string, () => string]>([
    ['one size', () => header('a.bin') + literal(Buffer.alloc(10), 25 * MiB) + none],
    ['a size of no end', () => `${header('a.bin')}literal 99999999999999999999\nAA\n\n${none}`],
    ['a size below zero', () => `${header('a.bin')}literal -1\nAA\n\n${none}`],
    ['a size behind a space', () => `${header('a.bin')}literal  99999999\nAA\n\n${none}`],
    [
      'many files',
      () =>
        Array.from({ length: 30 }, (_, n) => header(`${n}.bin`) + literal(Buffer.alloc(MiB)) + none).join(''),
    ],
    ['the way back', () => header('a.bin') + none + literal(Buffer.alloc(10), 25 * MiB)],
    ['a delta', () => header('old.bin', blob(old)) + delta(4e9) + delta(1)],
    ['many deltas', () => (header('old.bin', blob(old)) + delta(9e6) + delta(1)).repeat(3)],
    ['a delta that says nothing', () => `${header('old.bin', blob(old))}delta 10\n\n${none}`],
    [
      'a delta that is none',
      () => `${header('old.bin', blob(old))}delta 10\nJ\u00ff\u00ff\u00ff\u00ff\u00ff\n\n${none}`,
    ],
    [
      'copies of a file',
      () => 'diff --git a/old.bin b/c\nsimilarity index 100%\ncopy from old.bin\ncopy to c\n',
    ],
    ['a rename', () => 'diff --git a/old.bin b/c\nrename from old.bin\nrename to c\n'],
    ['the first line', () => 'literal 99999999\n'],
  ])('%s', async (_, make) => {
    await expect(apply(make())).rejects.toThrow(Fault);
  });

  test('words in a text file are no headers', async () => {
    const text = 'literal 99999999\ncopy from a\rliteral 99999999\n\rdelta 1\nrename x\n';
    const patch = await inRoom((room) => {
      writeFileSync(join(room.inside.work, 'a.txt'), text);
      return collectPatch(git, room, commit, 900);
    });
    expect((await git(['cat-file', 'blob', `${patch!.tree}:a.txt`])).toString()).toBe(text);
  });
});

test('what the agent left where its change is gathered neither holds it up nor gets into it', async () => {
  const patch = await inRoom((room) => {
    const left = (name: string) => join(room.inside.outbox, name);
    execFileSync('mkfifo', [left('tree'), left('patch'), left('index')]);
    writeFileSync(left('index.lock'), '');
    symlinkSync(room.inside.home, left('objects'));
    writeFileSync(join(room.inside.work, 'a.txt'), 'two\n');
    return collectPatch(git, room, commit, 900);
  });
  expect(patch!.files).toMatchObject([{ path: 'a.txt', status: 'M' }]);
});

describe('a tree that is made to fill the machine', () => {
  test('one listing serves both, also after one that was stopped', async () => {
    const asked: string[] = [];
    const counting = Object.assign(
      (args: readonly string[], options?: Parameters<Git>[1]) => {
        asked.push(args[0]!);
        return git(args, options);
      },
      { dir: git.dir },
    );
    await expect(dependenciesOf(counting, commit, base, AbortSignal.abort())).rejects.toThrow();
    await dependenciesOf(counting, commit, base);
    await checkOut(counting, commit, join(base, 'work-once'), true);
    expect(asked).toEqual(['ls-tree', 'ls-tree']);
  });
});

describe('dependency folders', () => {
  let workspace: string;
  let file: string;
  beforeAll(async () => {
    workspace = join(base, 'workspace');
    file = await blobOf('x');
    for (const folder of ['vendor/bundle', 'node_modules', 'a/node_modules', 'real/bundle', 'b'])
      mkdirSync(join(workspace, folder), { recursive: true });
    symlinkSync(join(workspace, 'a'), join(workspace, 'b/linked'));
    symlinkSync(join(workspace, 'real'), join(workspace, 'b/vendor'));
  });
  const at = async (...entries: string[]): Promise<string[]> =>
    (await dependenciesOf(git, await commitOf(entries), workspace)).sort();
  const folder = async (name: string, ...entries: string[]): Promise<string> =>
    `040000 tree ${await treeOf(entries)}\t${name}`;

  test('are placed where the tree has nothing', async () => {
    const manifest = `100644 blob ${file}\tpackage.json`;
    expect(await at(`100644 blob ${file}\tGemfile`, manifest, await folder('a', manifest))).toEqual([
      'a/node_modules',
      'node_modules',
      'vendor/bundle',
    ]);
  });

  test('are not placed through a link, a file or a submodule of the tree', async () => {
    const gemfile = `100644 blob ${file}\tGemfile`;
    expect(await at(gemfile, `120000 blob ${file}\tvendor`)).toEqual([]);
    expect(await at(gemfile, `100644 blob ${file}\tvendor`)).toEqual([]);
    expect(await at(gemfile, `160000 commit ${commit}\tvendor`)).toEqual([]);
    expect(await at(gemfile, `120000 blob ${file}\tVendor`)).toEqual([]);
    expect(await at(gemfile, await folder('vendor', `120000 blob ${file}\tbundle`))).toEqual([]);
    const inside = await folder('bundle', `100644 blob ${file}\tx`);
    expect(await at(gemfile, await folder('vendor', inside))).toEqual([]);
    expect(await at(gemfile, await folder('vendor', `100644 blob ${file}\tother`))).toEqual([
      'vendor/bundle',
    ]);
  });

  test("are not taken from behind a link of the workspace's", async () => {
    const gemfile = `100644 blob ${file}\tGemfile`;
    const manifest = `100644 blob ${file}\tpackage.json`;
    const linked = await folder('linked', manifest);
    const entries = [linked, gemfile].sort((a, b) => (a.split('\t')[1]! < b.split('\t')[1]! ? -1 : 1));
    expect(await at(await folder('b', ...entries))).toEqual([]);
  });
});

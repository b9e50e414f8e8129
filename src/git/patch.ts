import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, inflateSync } from 'node:zlib';
import type { ChangedFile, Document, Draft } from '../core/document.ts';
import type { Git } from '../core/git.ts';
import { Fault } from '../core/outcome.ts';
import { parseRawDiff } from '../core/raw-diff.ts';
import type { Room } from '../core/room.ts';

/** GitHub takes no larger file, and a generator has no business with one. */
const largestPatch = 24 * 1024 * 1024;

/** What the binary parts of a patch may come to once they are unpacked: git holds all of them in memory. */
const largestUnpacked = 24 * 1024 * 1024;

/** In blocks of 512 bytes, what one file that git writes in the room may hold: an index of 300,000 files fits. */
const largestWritten = (128 * 1024 * 1024) / 512;

/**
 * The change that stands in a room's work tree, taken over into the clean repository.
 * git runs over the tree inside the room, because attributes, nested repositories and odd names there are
 * the agent's; only the text of a diff comes out. It is applied here to an index without a work tree, and
 * what it really is is read from the resulting tree, never from its text.
 * @returns undefined when nothing has changed
 * @throws Fault when the change is too large or can't be taken over exactly
 */
export async function collectPatch(
  git: Git,
  room: Room,
  commit: string,
  seconds: number,
): Promise<Omit<Draft<'patch'>, 'by' | 'title' | 'summary'> | undefined> {
  const { outbox } = room.inside;
  const script = [
    `export GIT_INDEX_FILE=${outbox}/index GIT_OBJECT_DIRECTORY=${outbox}/objects GIT_ALTERNATE_OBJECT_DIRECTORIES="$PWD/.git/objects"`,
    'export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1',
    // What may not be larger than this anyway is not to fill the disk before anyone looks.
    `ulimit -f ${largestWritten}`,
    // What the agent has put there could be a pipe that nobody reads, or a lock.
    `rm -rf ${outbox}/index* ${outbox}/objects ${outbox}/tree ${outbox}/patch`,
    `mkdir ${outbox}/objects`,
    'git read-tree HEAD',
    'git -c core.fsmonitor=false -c core.safecrlf=false add --all',
    `git write-tree > ${outbox}/tree`,
    // A part of a patch is none.
    `( ulimit -f ${largestPatch / 512 + 1}; exec git diff --cached --binary --full-index --no-renames --no-ext-diff --no-textconv --no-color --src-prefix=a/ --dst-prefix=b/ --output=${outbox}/patch HEAD ) || rm -f ${outbox}/patch`,
  ].join('\n');
  const result = await room.run({ argv: ['/bin/sh', '-euc', script], timeoutSeconds: Math.max(30, seconds) });
  if (result.exitCode !== 0)
    throw new Fault(
      `The session's change could not be read from its work tree: ${result.output.trim().split('\n').at(-1) ?? ''}`,
    );
  const patch = await room.take('patch', largestPatch);
  const claimed = (await room.take('tree', 100))?.toString('utf8').trim();
  if (!patch || !claimed)
    throw new Fault(
      `The session's change is larger than ${largestPatch / 1024 / 1024} MB, so it was not taken over.`,
    );
  if (patch.length === 0) return undefined;
  const tree = await applyPatch(git, commit, patch);
  if (tree !== claimed)
    throw new Fault(
      `The session's change could not be taken over exactly (tree ${tree}, not ${claimed.slice(0, 64)}).`,
    );
  const isText = patch.equals(Buffer.from(patch.toString('utf8')));
  return {
    kind: 'patch',
    base: commit,
    tree,
    files: await changedFiles(git, commit, tree),
    encoding: isText ? 'utf8' : 'base64',
    body: patch.toString(isText ? 'utf8' : 'base64'),
  };
}

/**
 * Applies a diff to a commit's tree in the clean repository.
 * @returns the name of the tree that results
 * @throws Fault when git would have to hold much more in memory than the patch is long
 */
export async function applyPatch(git: Git, commit: string, patch: Buffer): Promise<string> {
  refuseBombs(patch);
  const index = join(git.dir, `index-${process.pid}-${performance.now()}`);
  const env = { GIT_INDEX_FILE: index };
  try {
    await git(['read-tree', commit], { env });
    await git(['apply', '--cached', '--binary', '--whitespace=nowarn', '-'], { env, input: patch });
    return (await git(['write-tree'], { env })).toString('utf8').trim();
  } finally {
    await rm(index, { force: true });
  }
}

/**
 * Makes the tree of a patch from a ledger that another machine has brought, as text: the clean repository here
 * does not have it yet.
 * @throws Fault when the patch makes another tree than it names
 */
export async function restorePatch(git: Git, patch: Document<'patch'> | undefined): Promise<void> {
  if (!patch) return;
  const isThere = await git(['cat-file', '-e', `${patch.tree}^{tree}`]).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const tree = await applyPatch(git, patch.base, Buffer.from(patch.body, patch.encoding));
  if (tree !== patch.tree)
    throw new Fault(
      'The patch in the ledger does not make the tree that it names, so it is refused.',
      'refused',
    );
}

/**
 * A binary part says how long it is when it is unpacked, and git allocates that much before it has unpacked a
 * byte; a delta makes a file of any length out of a few bytes; and a copy is a file of any length for a name.
 * Lines of content start with a sign, and encoded ones have no space in them, so that a line that starts with
 * these words is what it seems to be.
 */
function refuseBombs(patch: Buffer): void {
  // One byte is one character, so that a name in another encoding is no line end.
  const text = patch.toString('latin1');
  let total = 0;
  const add = (size: number): void => {
    total += size;
    if (total > largestUnpacked)
      throw new Fault(
        `The binary files in the session's change come to more than ${largestUnpacked / 1024 / 1024} MB, before and after, so it was not taken over.`,
      );
  };
  for (const match of text.matchAll(/(?<![^\n])(literal|delta|copy|rename|similarity) ([^\n]*)/g)) {
    const [line, word, rest] = match as unknown as [string, string, string];
    if (word !== 'literal' && word !== 'delta')
      throw new Fault("The session's change names files that are copied, so it was not taken over.");
    if (!/^\d{1,10}$/.test(rest))
      throw new Fault("The session's change has a binary part without a size, so it was not taken over.");
    add(Number(rest));
    if (word === 'delta') add(sizeAfter(text, match.index + line.length + 1, Number(rest)));
  }
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~';

/** The size that a delta names for its result: the second of the two numbers at its start. */
function sizeAfter(text: string, start: number, length: number): number {
  const packed: number[] = [];
  // The first numbers are within the first bytes, behind the tables of the compression.
  for (let at = start, lines = 0; lines < 20; lines += 1) {
    const end = text.indexOf('\n', at);
    if (end <= at) break;
    packed.push(...decode85(text.slice(at, end)));
    at = end + 1;
  }
  try {
    // Cut off in the middle: what is there is unpacked, and git takes no more than the length either.
    const delta = inflateSync(Buffer.from(packed), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: Math.max(1, length),
    });
    const [, before] = readNumber(delta, 0);
    return readNumber(delta, before)[0];
  } catch (cause) {
    const message = "The session's change has a binary part that can't be read, so it was not taken over.";
    throw new Fault(message, 'incomplete', { cause });
  }
}

/** A line of git's base 85: a letter for the number of bytes, then five characters for every four of them. */
function decode85(line: string): number[] {
  const code = line.charCodeAt(0);
  const length = code <= 90 ? code - 64 : code - 96 + 26;
  const bytes: number[] = [];
  for (let at = 1; at < line.length; at += 5) {
    let value = 0;
    for (const character of line.slice(at, at + 5)) value = value * 85 + alphabet.indexOf(character);
    bytes.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
  }
  return bytes.slice(0, length);
}

/** A number of seven bits a byte, the lowest first, and where the next one starts. */
function readNumber(bytes: Buffer, start: number): [value: number, next: number] {
  let value = 0;
  for (let at = start, factor = 1; at < bytes.length && at < start + 10; at += 1, factor *= 128) {
    value += (bytes[at]! & 127) * factor;
    if (bytes[at]! < 128) return [value, at + 1];
  }
  throw new Error('a number that does not end');
}

/** What differs between a commit and a tree, by object names and modes. */
async function changedFiles(git: Git, commit: string, tree: string): Promise<ChangedFile[]> {
  const raw = await git(['diff-tree', '-r', '-z', '--raw', '--no-renames', '--full-index', commit, tree]);
  return parseRawDiff(raw).map(({ status, path, oldMode, newMode, oid }) => {
    if (status !== 'A' && status !== 'D' && status !== 'M' && status !== 'T')
      throw new Error(`git diff-tree wrote the status ${status} of a change between two trees`);
    return { path, status, oldMode, newMode, oid };
  });
}

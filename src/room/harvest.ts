import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangedFile, Draft } from '../core/document.ts';
import type { Git } from '../core/git.ts';
import { Fault } from '../core/outcome.ts';
import type { Room } from '../core/room.ts';

/** GitHub takes no larger file, and a generator has no business with one. */
const largestPatch = 24 * 1024 * 1024;

/**
 * The change that stands in a room's work tree, taken over into the clean repository.
 * git runs over the tree inside the room, because attributes, nested repositories and odd names there are
 * the agent's; only the text of a diff comes out. It is applied here to an index without a work tree, and
 * what it really is is read from the resulting tree, never from its text.
 * @returns undefined when nothing has changed
 * @throws Fault when the change is too large or can't be taken over exactly
 */
export async function harvest(
  git: Git,
  room: Room,
  commit: string,
  seconds: number,
): Promise<Omit<Draft<'patch'>, 'by' | 'title' | 'summary'> | undefined> {
  const { outbox } = room.inside;
  const script = [
    `export GIT_INDEX_FILE=${outbox}/index GIT_OBJECT_DIRECTORY=${outbox}/objects GIT_ALTERNATE_OBJECT_DIRECTORIES="$PWD/.git/objects"`,
    'export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1',
    `mkdir -p ${outbox}/objects`,
    'git read-tree HEAD',
    'git -c core.fsmonitor=false -c core.safecrlf=false add --all',
    `git write-tree > ${outbox}/tree`,
    `git diff --cached --binary --full-index --no-renames --no-ext-diff --no-textconv --no-color --src-prefix=a/ --dst-prefix=b/ --output=${outbox}/patch HEAD`,
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
 */
export async function applyPatch(git: Git, commit: string, patch: Buffer): Promise<string> {
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

/** What differs between a commit and a tree, by object names and modes. */
async function changedFiles(git: Git, commit: string, tree: string): Promise<ChangedFile[]> {
  const raw = await git(['diff-tree', '-r', '-z', '--raw', '--no-renames', '--full-index', commit, tree]);
  const fields = raw.toString('utf8').split('\0');
  const files: ChangedFile[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [oldMode, newMode, , oid, status] = fields[i]!.slice(1).split(' ') as [
      string,
      string,
      string,
      string,
      ChangedFile['status'],
    ];
    files.push({ path: fields[i + 1]!, status, oldMode, newMode, oid });
  }
  return files;
}

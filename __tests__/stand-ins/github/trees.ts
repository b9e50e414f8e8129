import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from './answers.ts';
import { git, objectType, tryGit } from './git.ts';

export interface TreeEntry {
  path?: string;
  mode?: string;
  type?: string;
  sha?: string | null;
  content?: string;
}

const kinds: Record<string, string> = {
  '100644': 'blob',
  '100755': 'blob',
  '120000': 'blob',
  '040000': 'tree',
};

/** Writes a tree: `base` with the entries over it, in an index of its own. */
export async function writeTree(
  path: string,
  base: string | undefined,
  entries: readonly TreeEntry[],
): Promise<string> {
  const index = join(path, `index-${randomUUID()}`);
  const environment = { GIT_INDEX_FILE: index };
  try {
    await git(path, ['read-tree', base ?? '--empty'], '', environment);
    for (const entry of entries) await apply(path, environment, entry);
    return (await git(path, ['write-tree', '--missing-ok'], '', environment)).toString().trim();
  } finally {
    rmSync(index, { force: true });
  }
}

const malformed = (name: string) => name.split('/').some((part) => /^(|\.|\.\.|\.git)$/i.test(part));

async function apply(path: string, environment: NodeJS.ProcessEnv, entry: TreeEntry): Promise<void> {
  const { path: name = '', mode = '100644' } = entry;
  if (malformed(name)) throw refuse(422, 'tree.path contains a malformed path component');
  if (entry.sha === null) {
    await remove(path, environment, name);
    return;
  }
  let { sha } = entry;
  if (sha === undefined) {
    if (entry.content === undefined) throw refuse(422, 'Must supply either tree.sha or tree.content');
    sha = (await git(path, ['hash-object', '-w', '--stdin'], entry.content)).toString().trim();
  } else if (mode !== '160000' && (await objectType(path, sha)) !== kinds[mode]) {
    throw refuse(422, `tree.sha ${sha} is not a valid ${kinds[mode] ?? 'object'}`);
  }
  if (mode === '040000') {
    // read-tree into a directory asks for a work tree, though it leaves it alone.
    const beside = { ...environment, GIT_WORK_TREE: path };
    await git(
      path,
      ['rm', '-r', '-q', '--cached', '--ignore-unmatch', '--', `:(literal)${name}`],
      '',
      beside,
    );
    await git(path, ['read-tree', `--prefix=${name}/`, sha], '', beside);
    return;
  }
  const line = `${mode} ${sha}\t${name}\0`;
  const added = await tryGit(path, ['update-index', '--replace', '-z', '--index-info'], line, environment);
  // git passes over a path it does not like with no more than a word.
  if (added.code !== 0 || added.stderr !== '')
    throw refuse(422, 'tree.path contains a malformed path component');
}

async function remove(path: string, environment: NodeJS.ProcessEnv, name: string): Promise<void> {
  const listed = await git(path, ['ls-files', '-z', '--', `:(literal)${name}`], '', environment);
  const names = listed.toString().split('\0').filter(Boolean);
  if (names.length === 0) throw refuse(422, 'GitRPC::BadObjectState');
  const lines = names.map((each) => `0 ${'0'.repeat(40)}\t${each}\0`).join('');
  await git(path, ['update-index', '-z', '--index-info'], lines, environment);
}

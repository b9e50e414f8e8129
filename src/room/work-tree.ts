import { existsSync, lstatSync } from 'node:fs';
import { appendFile, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Git } from '../core/git.ts';
import { Fault } from '../core/outcome.ts';
import { runGit } from '../git/git.ts';

/** Folders that package managers fill and repositories ignore, beside the file that says they will be there. */
const dependencyFolders: Record<string, readonly string[]> = {
  'package.json': ['node_modules'],
  'pyproject.toml': ['.venv', 'venv'],
  'requirements.txt': ['.venv', 'venv'],
  'composer.json': ['vendor'],
  Gemfile: ['vendor/bundle'],
  'mix.exs': ['deps'],
};

/** More is no repository that anyone works on, but a tree that names itself over and over. */
const maxFiles = 300_000;
const maxBytes = 8 * 1024 ** 3;
/** What git may print for a list of so many files, with names of a usual length. */
const maxListing = 64 * 1024 * 1024;

interface Listed {
  commit: string;
  /** Every file, link and submodule; a folder has no entry of its own. */
  tracked: Promise<readonly string[]>;
}

/** The newest list of each repository: a room asks for the same one twice, and the next room often again. */
const lists = new WeakMap<Git, Listed>();

/**
 * The files in the tree of `commit`, each as its path in the repository.
 * @throws Fault when there are more of them than can be checked out
 */
export async function filesOf(git: Git, commit: string, signal?: AbortSignal): Promise<readonly string[]> {
  const known = lists.get(git);
  if (known?.commit === commit) return known.tracked;
  const listed = { commit, tracked: readList(git, commit, signal) };
  lists.set(git, listed);
  // What has failed, such as by being stopped, is tried anew.
  listed.tracked.catch(() => {
    if (lists.get(git) === listed) lists.delete(git);
  });
  return listed.tracked;
}

async function readList(git: Git, commit: string, signal?: AbortSignal): Promise<readonly string[]> {
  const refuse = (what: string): Fault =>
    new Fault(
      `The tree of ${commit.slice(0, 12)} has more than ${what}, so it was not checked out. A tree this large can be made of a few small objects to fill a machine.`,
    );
  const args = ['ls-tree', '-r', '-l', '-z', '--full-tree', commit];
  let output: Buffer;
  try {
    output = await git(args, { maxBytes: maxListing, ...(signal && { signal }) });
  } catch (error) {
    if (/printed more than/.test(String(error))) throw refuse(`${maxFiles} files, or names to fill as much`);
    throw error;
  }
  const tracked: string[] = [];
  let total = 0;
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(0, at);
    const entry = output.toString('utf8', at, end);
    at = end + 1;
    const tab = entry.indexOf('\t');
    tracked.push(entry.slice(tab + 1));
    // A submodule has none.
    total += Number(/(\d+)$/.exec(entry.slice(0, tab))?.[1] ?? 0);
    if (tracked.length > maxFiles) throw refuse(`${maxFiles} files`);
  }
  if (total > maxBytes) throw refuse(`${maxBytes / 1024 ** 3} GiB of files`);
  return tracked;
}

/**
 * Checks `commit` out into `work`, which must not exist yet. Objects are borrowed from the clean repository,
 * not copied. Nothing of the repository's is executed: filters, hooks and drivers need configuration, and
 * there is none but git's own.
 * @throws Fault when the tree is too large for that
 */
export async function checkOut(
  git: Git,
  commit: string,
  work: string,
  history: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const options = signal ? { signal } : {};
  await filesOf(git, commit, signal);
  await mkdir(work, { recursive: true });
  await runGit(work, ['init', '--quiet', '--template=', '--initial-branch=countersign'], options);
  await mkdir(join(work, '.git/objects/info'), { recursive: true });
  await writeFile(join(work, '.git/objects/info/alternates'), `${git.dir}/objects\n`);
  const shallow = join(git.dir, 'shallow');
  if (existsSync(shallow)) await copyFile(shallow, join(work, '.git/shallow'));
  await runGit(
    work,
    ['-c', 'advice.detachedHead=false', 'checkout', '--quiet', '--detach', commit, '--'],
    options,
  );
  if (!history) await rm(join(work, '.git'), { recursive: true });
}

/**
 * The dependency folders that `workspace` has for the tree in `work`, each as its path in the repository.
 * Only where the tree itself has nothing at that path, below it, or in place of a folder above it: a link
 * there would lead out of the work tree whatever is put at the path.
 */
export async function dependenciesOf(
  git: Git,
  commit: string,
  workspace: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const tracked = await filesOf(git, commit, signal);
  const candidates = new Set(
    tracked.flatMap((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const folder = path.slice(0, -name.length);
      const folders = Object.hasOwn(dependencyFolders, name) ? dependencyFolders[name]! : [];
      return folders.map((dependency) => folder + dependency);
    }),
  );
  const there = [...candidates].filter((path) => isDirectory(workspace, path));
  return placesFor(there, tracked);
}

/**
 * Those of `paths` at which something may be shown in a tree of the files `tracked`: it has nothing there, below
 * it, or in place of a folder above it.
 */
export function placesFor(paths: readonly string[], tracked: readonly string[]): string[] {
  if (paths.length === 0) return [];
  // Some file systems fold case, and forms of a letter.
  const taken = new Set(paths.flatMap((path) => [...prefixes(fold(path))]));
  const lengths = new Set([...taken].map(({ length }) => length));
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const each of tracked) {
    const file = fold(each);
    if (taken.has(file)) files.add(file);
    for (let at = file.indexOf('/'); at >= 0; at = file.indexOf('/', at + 1))
      if (lengths.has(at) && taken.has(file.slice(0, at))) folders.add(file.slice(0, at));
  }
  return paths.filter((path) => {
    const place = fold(path);
    return !folders.has(place) && ![...prefixes(place)].some((prefix) => files.has(prefix));
  });
}

function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

/** `a`, `a/b` and `a/b/c` of `a/b/c`. */
function* prefixes(path: string): Generator<string> {
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) yield path.slice(0, at);
  yield path;
}

/** What is shown in a work tree at `path`, but lies elsewhere. */
export interface SharedPath {
  from: string;
  path: string;
  isFile?: boolean;
}

/**
 * Makes the places in `work` where shared paths are mounted, and keeps git from taking it for a change.
 * @param link true to put links there, where nothing can be mounted
 */
export async function placeShared(work: string, shared: readonly SharedPath[], link: boolean): Promise<void> {
  for (const { from, path, isFile } of shared) {
    const place = join(work, path);
    await mkdir(link || isFile ? dirname(place) : place, { recursive: true });
    if (link) await symlink(from, place);
    else if (isFile) await writeFile(place, '');
  }
  const exclude = join(work, '.git/info/exclude');
  if (shared.length === 0 || !existsSync(join(work, '.git'))) return;
  await mkdir(dirname(exclude), { recursive: true });
  await appendFile(exclude, shared.map(({ path }) => `/${path.replace(/[\\*?[\]!# ]/g, '\\$&')}\n`).join(''));
}

/** A link may lead anywhere, so it is no directory, and nothing behind it is. */
export function isDirectory(workspace: string, path: string): boolean {
  if (!lstatSync(join(workspace, path), { throwIfNoEntry: false })?.isDirectory()) return false;
  return [...prefixes(path)].every((prefix) => lstatSync(join(workspace, prefix)).isDirectory());
}

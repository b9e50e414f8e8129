import { existsSync, lstatSync } from 'node:fs';
import { appendFile, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Git } from '../core/git.ts';
import { runGit } from './git.ts';

/** Folders that package managers fill and repositories ignore, beside the file that says they will be there. */
const dependencyFolders: Record<string, readonly string[]> = {
  'package.json': ['node_modules'],
  'pyproject.toml': ['.venv', 'venv'],
  'requirements.txt': ['.venv', 'venv'],
  'composer.json': ['vendor'],
  Gemfile: ['vendor/bundle'],
  'mix.exs': ['deps'],
};

/**
 * Checks `commit` out into `work`, which must not exist yet. Objects are borrowed from the clean repository,
 * not copied. Nothing of the repository's is executed: filters, hooks and drivers need configuration, and
 * there is none but git's own.
 */
export async function checkOut(
  git: Git,
  commit: string,
  work: string,
  history: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const options = signal ? { signal } : {};
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
 * Only where the tree itself has nothing at that path.
 */
export async function dependenciesOf(
  git: Git,
  commit: string,
  workspace: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const listing = await git(['ls-tree', '-r', '--name-only', '-z', commit], signal ? { signal } : {});
  const tracked = listing.toString('utf8').split('\0');
  const candidates = tracked.flatMap((path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const folder = path.slice(0, -name.length);
    return (dependencyFolders[name] ?? []).map((dependency) => folder + dependency);
  });
  return [...new Set(candidates)].filter(
    (path) =>
      isDirectory(join(workspace, path)) &&
      !tracked.some((file) => file === path || file.startsWith(`${path}/`)),
  );
}

/**
 * Makes room in `work` for the dependency folders, and keeps git from taking them for a change.
 * @param link true to put a link to the workspace's folder there, where nothing can be mounted
 */
export async function placeDependencies(
  work: string,
  workspace: string,
  folders: readonly string[],
  link: boolean,
): Promise<void> {
  for (const folder of folders) {
    const place = join(work, folder);
    await mkdir(link ? dirname(place) : place, { recursive: true });
    if (link) await symlink(join(workspace, folder), place);
  }
  const exclude = join(work, '.git/info/exclude');
  if (folders.length === 0 || !existsSync(join(work, '.git'))) return;
  await mkdir(dirname(exclude), { recursive: true });
  await appendFile(exclude, folders.map((folder) => `/${folder}\n`).join(''));
}

/** A link may lead anywhere, so it is no directory. */
function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

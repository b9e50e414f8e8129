import { lstatSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from '../core/git.ts';
import { Fault } from '../core/outcome.ts';
import { homeStores } from './environment.ts';
import { filesOf, isDirectory, placesFor, type SharedPath } from './work-tree.ts';

/**
 * What a setup command has left in its room: hostile, so that nothing of it is ever run, read or followed out
 * here. Rooms that are opened later see it, and can't change it.
 */
export interface SetupArtifacts {
  work: string;
  /** Its home, if it had a network to fill it from; undefined else, since then the machine's stores are used. */
  home?: string;
  /** The topmost files and folders in its work tree that its commit does not have. */
  paths: readonly string[];
}

/** Each is a mount in every later room, and all their names are arguments of one program. */
const mostPaths = 500;
const mostNames = 256 * 1024;

/**
 * What has been left in `place`. Names alone are looked at, and no link is followed.
 * @param shared what was shown in that room from elsewhere, and is not its own
 * @throws Fault when there is too much beside the commit's own files to show it
 */
export async function findSetupArtifacts(
  git: Git,
  commit: string,
  place: Pick<SetupArtifacts, 'work' | 'home'>,
  shared: readonly string[],
): Promise<SetupArtifacts> {
  const known = new Set([...(await filesOf(git, commit)), ...shared, '.git']);
  const folders = new Set<string>();
  for (const path of known)
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) folders.add(path.slice(0, at));
  const paths: string[] = [];
  let names = 0;
  for (const pending = ['']; pending.length > 0; ) {
    const folder = pending.pop()!;
    // A folder can have been made unreadable; then there is nothing to be shown of it.
    for await (const entry of (await opendir(join(place.work, folder)).catch(() => undefined)) ?? []) {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (known.has(path)) continue;
      if (folders.has(path)) {
        if (entry.isDirectory()) pending.push(path);
        continue;
      }
      // A link would lead anywhere; and a control character would end a line of git's list of what to leave out.
      if (!(entry.isDirectory() || entry.isFile()) || /[\u0000-\u001f\u007f\ufffd]/.test(path)) continue;
      paths.push(path);
      names += path.length;
      if (paths.length > mostPaths || names > mostNames)
        throw new Fault(
          `The setup-command leaves more than ${mostPaths} files and folders of its own beside the repository's, or very long names, so they can't be shown to the tests: let it put them into one folder, or make them in test-command.`,
        );
    }
  }
  return { ...place, paths };
}

/** Those that can be shown in the tree of `commit`; looked at anew each time, right before they are mounted. */
export async function sharedArtifacts(
  { work, paths }: SetupArtifacts,
  git: Git,
  commit: string,
  signal: AbortSignal,
): Promise<SharedPath[]> {
  const tracked = await filesOf(git, commit, signal);
  return placesFor(paths, tracked).flatMap((path) => {
    if (isDirectory(work, path)) return [{ from: join(work, path), path }];
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const isFile = lstatSync(join(work, path), { throwIfNoEntry: false })?.isFile();
    const isThere = isFile && (folder === '' || isDirectory(work, folder));
    return isThere ? [{ from: join(work, path), path, isFile: true }] : [];
  });
}

/** What of a home's `homeStores` the setup command has filled; looked at as late as the rest. */
export function sharedStores({ home }: SetupArtifacts): SharedPath[] {
  if (home === undefined) return [];
  return homeStores
    .filter((store) => isDirectory(home, store))
    .map((path) => ({ from: join(home, path), path }));
}

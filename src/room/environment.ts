import { existsSync, realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { ToolPlaces } from './host-info.ts';

/** A read-only mount: the same place inside as outside, unless `at` says another. */
export interface Mount {
  from: string;
  at: string;
}

const system = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/**
 * What a program needs of /etc to load libraries, check certificates and know the time; no more, since
 * machines keep secrets there as well.
 */
const etc = [
  'alternatives',
  'ca-certificates',
  'ssl/certs',
  'ssl/openssl.cnf',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'nsswitch.conf',
  'mime.types',
  'python3',
  'java-17-openjdk',
  'java-21-openjdk',
];

/** Tool installations that live in a home directory; the rest of it holds credentials. */
const homeTools = [
  '.rustup',
  '.pyenv',
  '.nvm/versions',
  '.volta',
  '.asdf/installs',
  '.sdkman/candidates',
  '.local/share/mise/installs',
  '.local/share/pnpm',
  'go/pkg/mod',
];

/** What of the machine's tools a room sees. */
export interface Tools {
  path: string;
  mounts: Mount[];
  /** Hidden directories that lie inside a mount, as seen in a room, where they are empty. */
  covered: string[];
}

/** The directories on PATH that a room can see, in order, and the mounts that make them work there. */
export function toolsOf(host: ToolPlaces): Tools {
  const mounts = new Map<string, Mount>();
  const hidden = host.hidden.filter((directory) => existsSync(directory)).map(realOf);
  const homes = homesOf(host);
  const add = (from: string, at = from): void => {
    if (!existsSync(from)) return;
    const real = realOf(from);
    if (!hidden.some((directory) => contains(directory, real))) mounts.set(at, { from, at });
  };
  for (const directory of system) add(directory);
  for (const name of etc) add(`/etc/${name}`);
  if (host.toolCache && !isAround(host.toolCache, homes)) add(host.toolCache);
  for (const name of homeTools) add(join(host.home, name));
  add(join(host.home, '.cargo/registry'), '/room/home/.cargo/registry');
  const directories = host.path.split(':').filter((entry) => isTool(entry, host) && !isAround(entry, homes));
  for (const entry of directories) add(rootOf(entry, homes, hidden));
  const shown = withoutNested([...mounts.values()]);
  // A mount may go by a link, so that what lies in it is seen at another place than its own.
  const inner = shown.flatMap(({ from, at }) =>
    hidden
      .filter((directory) => contains(realOf(from), directory))
      .map((directory) => join(at, relative(realOf(from), directory))),
  );
  // What is covered is empty, so that nothing in it can be covered once more.
  const covered = [...new Set(inner)].filter(
    (each) => !inner.some((other) => other !== each && contains(other, each)),
  );
  return { path: directories.join(':'), mounts: shown, covered };
}

/**
 * The part of a PATH that programs may be started from outside a room: whole paths, and no place where a
 * change under judgement or its dependencies could have put a `git` of their own.
 */
export function trustedPath(path: string, hidden: readonly string[]): string {
  return (
    path
      .split(':')
      .filter((entry) => isTool(entry, { hidden }))
      .join(':') || '/usr/bin:/bin'
  );
}

function isTool(entry: string, { hidden }: Pick<ToolPlaces, 'hidden'>): boolean {
  if (!entry.startsWith('/') || !existsSync(entry)) return false;
  const real = realpathSync(entry);
  return !hidden.map(realOf).some((directory) => contains(directory, real) || contains(real, directory));
}

function realOf(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** Where people and services keep what is theirs; the root is some service's home, and says nothing. */
function homesOf({ home }: Pick<ToolPlaces, 'home'>): string[] {
  const homes = [home, '/root', '/home', '/Users', '/github/home'];
  try {
    homes.push(userInfo().homedir);
  } catch {
    // In a container, a user need not have an entry in passwd.
  }
  return homes.filter((directory) => directory !== '/').map(realOf);
}

function isAround(directory: string, places: readonly string[]): boolean {
  return places.some((place) => contains(realOf(directory), place));
}

/**
 * `/opt/x/bin` brings `/opt/x`, where its libraries are; but never a home, where only the folder itself is
 * safe, nor anything that a hidden directory lies in.
 */
function rootOf(entry: string, homes: readonly string[], hidden: readonly string[]): string {
  const parent = dirname(entry);
  const isBin = ['bin', 'sbin', 'shims'].includes(basename(entry));
  const isDeep = parent.split(sep).length > 2;
  const isHome = [parent, realOf(parent), realOf(entry)].some((path) =>
    homes.some((home) => contains(home, path) || contains(path, home)),
  );
  const isMixed = isAround(parent, hidden);
  return isBin && isDeep && !isHome && !isMixed ? parent : entry;
}

function withoutNested(mounts: Mount[]): Mount[] {
  return mounts.filter(
    (mount) =>
      !mounts.some(
        (other) =>
          other !== mount &&
          other.from === other.at &&
          mount.from === mount.at &&
          contains(other.from, mount.from),
      ),
  );
}

/** True when `path` is `directory` or lies in it. */
export function contains(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** Where package managers keep, below a home, what they have downloaded, and later only read it. */
export const homeStores = ['.cargo/registry', '.cargo/git', 'go/pkg/mod', '.local'] as const;

/**
 * All the variables there are in a room.
 * @param stores those of `homeStores` that the setup command has filled; `online` in its own room when it may
 * fill them, where a package manager must not be told to do without a network
 */
export function roomEnvironment(
  path: string,
  home: string,
  temp: string,
  host: ToolPlaces,
  stores: readonly string[] | 'online' = [],
): Record<string, string> {
  const isOffline = stores !== 'online';
  const installed = join(host.home, 'go/pkg/mod');
  const modules = stores.includes('go/pkg/mod')
    ? join(home, 'go/pkg/mod')
    : existsSync(installed) && installed;
  const rustup = join(host.home, '.rustup');
  const hasCrates = existsSync(rustup) || stores.includes('.cargo/registry');
  return {
    PATH: path,
    HOME: home,
    TMPDIR: temp,
    USER: 'room',
    LOGNAME: 'room',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    CI: 'true',
    NO_COLOR: '1',
    // `git status` would want to write the index of a read-only .git.
    GIT_OPTIONAL_LOCKS: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    npm_config_update_notifier: 'false',
    ...(isOffline && modules && { GOMODCACHE: modules, GOPROXY: 'off', GOFLAGS: '-mod=mod' }),
    ...(isOffline && hasCrates && { CARGO_NET_OFFLINE: 'true' }),
    ...(existsSync(rustup) && { RUSTUP_HOME: rustup }),
  };
}

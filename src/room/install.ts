import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exec } from '@actions/exec';
import type { Config } from '../core/config.ts';
import { Fault } from '../core/outcome.ts';
import type { HostInfo } from './host-info.ts';
import { limitsOn } from './limits.ts';
import type { Sandbox } from './sandbox.ts';
import { syscallFilter } from './seccomp.ts';

/** The sysctl by which Ubuntu 24.04 forbids user namespaces to programs without an AppArmor profile. */
const restriction = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';

/** The narrowest remedy for it: bubblewrap alone, at this path, may make user namespaces. */
const profile = (bwrap: string): string => `abi <abi/4.0>,
include <tunables/global>
profile countersign-bwrap ${bwrap} flags=(unconfined) {
  userns,
}
`;

export interface InstallHost extends Pick<HostInfo, 'platform' | 'path' | 'isRoot' | 'mayInstall'> {
  signal: AbortSignal;
  say: (text: string) => void;
  warn: (text: string) => void;
}

/** How long one command of an installation may take. */
const installSeconds = 180;

type Bubblewrap = Exclude<Sandbox, 'none'>;

/** What there is no way around: why there can be no sandbox, or not all of it. */
interface Unavailable {
  why: string;
  /** What can be had all the same. */
  rest?: Bubblewrap;
}

/**
 * The sandbox that `mode` asks for, installed and tried out.
 * @param sysctl where the kernel tells whether AppArmor restricts user namespaces
 * @throws Fault under `require` when it can't be had, with one line that says what to install and what `auto`
 * would mean
 */
export async function prepareSandbox(
  mode: Config['sandbox'],
  host: InstallHost,
  sysctl = restriction,
): Promise<Sandbox> {
  if (mode === 'off') {
    host.warn(
      'sandbox: off. What the model runs can read and change all that this user can; use it only where nothing is worth taking.',
    );
    return 'none';
  }
  const found: Bubblewrap | Unavailable =
    host.platform === 'linux'
      ? await findOrInstall(host, sysctl)
      : { why: `bubblewrap does not exist for ${host.platform}` };
  const sandbox = 'bwrap' in found ? found : found.rest;
  if (sandbox?.launchPrefix.length === 0)
    host.say('Rooms are without limits on processes and files: the program prlimit is missing');
  if ('bwrap' in found) return found;
  const { why, rest = 'none' } = found;
  const without = rest === 'none' ? 'a sandbox' : 'a filter of system calls';
  const meaning =
    rest === 'none'
      ? 'what the model and the tests run could then read and change all that this user can'
      : 'what the model and the tests run could then try more of the kernel';
  if (mode === 'require')
    throw new Fault(
      `The sandbox can't be set up: ${why}. \`sandbox: auto\` would run without ${without}: ${meaning}.`,
      'missing-tool',
    );
  host.warn(`Running without ${without} (sandbox: auto): ${why}.`);
  return rest;
}

async function findOrInstall(host: InstallHost, sysctl: string): Promise<Bubblewrap | Unavailable> {
  const missing = 'bubblewrap is missing; install it first (`sudo apt-get install -y bubblewrap`)';
  let bwrap = which('bwrap', host.path);
  if (!bwrap) {
    if (!host.mayInstall) return { why: missing };
    host.say('Installing bubblewrap');
    // The package list of a fresh machine may be empty or old: ask for it only when the install fails.
    const apt = (...args: string[]) =>
      asRoot(host, ['apt-get', '-qq', '-y', '-o', 'DPkg::Lock::Timeout=60', ...args]);
    if (
      !which('apt-get', host.path) ||
      !(
        (await apt('install', 'bubblewrap')) ||
        ((await apt('update')) && (await apt('install', 'bubblewrap')))
      )
    )
      return { why: missing };
    bwrap = which('bwrap', host.path);
    if (!bwrap) return { why: missing };
  }
  const first = attempt(bwrap, host);
  if (typeof first !== 'string') return first;
  if (!isRestricted(sysctl))
    return {
      why: `bubblewrap can't make its namespaces here (${first}); inside a container, it must be allowed user namespaces`,
    };
  if (host.mayInstall) host.say('Allowing bubblewrap user namespaces by an AppArmor profile');
  if (host.mayInstall && (await load(host, profile(bwrap)))) {
    const second = attempt(bwrap, host);
    if (typeof second !== 'string') return second;
  }
  return {
    why: `AppArmor forbids bubblewrap user namespaces (${restriction}); load a profile for it, or run \`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\` in a step before`,
  };
}

/** A sandbox by this bubblewrap with all that the machine has for it; a reason when there can be none at all. */
function attempt(bwrap: string, { path, isRoot }: InstallHost): Bubblewrap | Unavailable | string {
  const filter = syscallFilter(process.arch);
  const prefixes = limitsOn({ find: (program) => which(program, path), isRoot });
  // Mostly everything works; only else is it worth asking for one thing after the other.
  const best = prefixes
    .map(
      (launchPrefix): Bubblewrap => ({
        bwrap,
        canForbidNamespaces: true,
        launchPrefix: launchPrefix,
        ...(filter && { filter }),
      }),
    )
    .find((each) => filter && works(each));
  if (best) return best;
  const least: Bubblewrap = { bwrap, canForbidNamespaces: false, launchPrefix: [] };
  const { status, stderr, error } = tryOut(least);
  if (status !== 0)
    return stderr?.toString().trim().split('\n').at(-1) || String(error ?? 'it fails without a word');
  const rest: Bubblewrap = {
    bwrap,
    // --disable-userns came with bubblewrap 0.8; Ubuntu 22.04 has 0.6.
    canForbidNamespaces: works({ ...least, canForbidNamespaces: true }),
    launchPrefix: prefixes.find((launchPrefix) => works({ ...least, launchPrefix: launchPrefix })) ?? [],
  };
  if (!filter) return { why: `there is no filter of system calls for ${process.arch} yet`, rest };
  if (!works({ ...rest, filter }))
    return { why: 'this kernel takes no filter of system calls (CONFIG_SECCOMP_FILTER)', rest };
  return { ...rest, filter };
}

function works(sandbox: Bubblewrap): boolean {
  return tryOut(sandbox).status === 0;
}

/**
 * A try with the very namespaces that rooms use. Not by @actions/exec, which can't end a program that takes too long,
 * nor give it a filter: see `asRoot`.
 */
function tryOut({ bwrap, canForbidNamespaces, launchPrefix, filter }: Bubblewrap) {
  const [program, ...argv] = [
    ...launchPrefix,
    bwrap,
    ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts'],
    ...(canForbidNamespaces ? ['--disable-userns'] : []),
    ...['--cap-drop', 'ALL', '--ro-bind', '/', '/', '--proc', '/proc', '--remount-ro', '/proc'],
    ...(filter ? ['--seccomp', '0'] : []),
    'true',
  ];
  return spawnSync(program!, argv, { env: {}, timeout: 20_000, ...(filter && { input: filter }) });
}

function isRestricted(sysctl: string): boolean {
  try {
    return readFileSync(sysctl, 'utf8').trim() === '1';
  } catch {
    return false;
  }
}

/** Loads an AppArmor profile: by a file, because `asRoot` gives no input. */
async function load(host: InstallHost, text: string): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-profile-'));
  try {
    const file = join(directory, 'countersign-bwrap');
    await writeFile(file, text);
    return await asRoot(host, ['apparmor_parser', '--replace', '--skip-cache', file]);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/**
 * Runs a command as root: directly, or through sudo where that needs no password. A command that outlasts its time or
 * the run is no longer waited for; only root could end it.
 */
async function asRoot(host: InstallHost, command: readonly string[]): Promise<boolean> {
  const argv = host.isRoot ? command : ['sudo', '-n', ...command];
  const program = which(argv[0]!, host.path);
  // exec takes a command line, where quotes hold a path together; one with a quote in it can't be written.
  if (!program || program.includes('"')) return false;
  // Without an input, even an empty one: if the program has failed by then, writing it is an error (EPIPE) that exec
  // leaves uncaught, which would end this process.
  const ended = exec(`"${program}"`, argv.slice(1), {
    env: { PATH: host.path, DEBIAN_FRONTEND: 'noninteractive' },
    silent: true,
    ignoreReturnCode: true,
  }).catch(() => undefined);
  const late = sleep(installSeconds * 1000, undefined, { signal: host.signal, ref: false });
  return (await Promise.race([ended, late])) === 0;
}

/** The first executable of that name on `path`; @actions/io knows only the PATH of the process. */
export function which(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => join(directory, name))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

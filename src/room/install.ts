import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Config } from '../core/config.ts';
import { Fault } from '../core/outcome.ts';
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

export interface Host {
  platform: NodeJS.Platform;
  path: string;
  isRoot: boolean;
  /** Whether packages may be installed and profiles loaded unasked: on a runner, not on somebody's laptop. */
  mayInstall: boolean;
  say: (text: string) => void;
  warn: (text: string) => void;
}

type Bubblewrap = Exclude<Sandbox, 'none'>;

/** What there is no way around: why there can be no sandbox, or not all of it. */
interface Lack {
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
export function prepareSandbox(mode: Config['sandbox'], host: Host, sysctl = restriction): Sandbox {
  if (mode === 'off') {
    host.warn(
      'sandbox: off. What the model runs can read and change all that this user can; use it only where nothing is worth taking.',
    );
    return 'none';
  }
  const found: Bubblewrap | Lack =
    host.platform === 'linux'
      ? findOrInstall(host, sysctl)
      : { why: `bubblewrap does not exist for ${host.platform}` };
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

function findOrInstall(host: Host, sysctl: string): Bubblewrap | Lack {
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
      !(apt('install', 'bubblewrap') || (apt('update') && apt('install', 'bubblewrap')))
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
  if (host.mayInstall && asRoot(host, ['apparmor_parser', '--replace'], profile(bwrap))) {
    const second = attempt(bwrap, host);
    if (typeof second !== 'string') return second;
  }
  return {
    why: `AppArmor forbids bubblewrap user namespaces (${restriction}); load a profile for it, or run \`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\` in a step before`,
  };
}

/** A sandbox by this bubblewrap with all that the machine has for it; a reason when there can be none at all. */
function attempt(bwrap: string, { path, isRoot }: Host): Bubblewrap | Lack | string {
  const filter = syscallFilter(process.arch);
  const machine = { find: (program: string) => which(program, path), isRoot };
  const best: Bubblewrap = { bwrap, canForbidNamespaces: true, within: limitsOn(machine, () => true) };
  // Mostly everything works; only else is it worth asking for one thing after the other.
  if (filter && works({ ...best, filter })) return { ...best, filter };
  const least: Bubblewrap = { bwrap, canForbidNamespaces: false, within: [] };
  const { status, stderr, error } = tryOut(least);
  if (status !== 0)
    return stderr?.toString().trim().split('\n').at(-1) || String(error ?? 'it fails without a word');
  const rest: Bubblewrap = {
    bwrap,
    // --disable-userns came with bubblewrap 0.8; Ubuntu 22.04 has 0.6.
    canForbidNamespaces: works({ ...least, canForbidNamespaces: true }),
    within: limitsOn(machine, (commands) => works({ ...least, within: commands })),
  };
  if (!filter) return { why: `there is no filter of system calls for ${process.arch} yet`, rest };
  if (!works({ ...rest, filter }))
    return { why: 'this kernel takes no filter of system calls (CONFIG_SECCOMP_FILTER)', rest };
  return { ...rest, filter };
}

function works(sandbox: Bubblewrap): boolean {
  return tryOut(sandbox).status === 0;
}

/** A try with the very namespaces that rooms use. */
function tryOut({ bwrap, canForbidNamespaces, within, filter }: Bubblewrap) {
  const [program, ...argv] = [
    ...within,
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

/** Runs a command as root: directly, or through sudo where that needs no password. */
function asRoot(host: Host, command: readonly string[], input = ''): boolean {
  const argv = host.isRoot ? command : ['sudo', '-n', ...command];
  const program = which(argv[0]!, host.path);
  if (!program) return false;
  const environment = { PATH: host.path, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(program, argv.slice(1), { env: environment, input, timeout: 180_000 }).status === 0;
}

/** The first executable of that name on `path`. */
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

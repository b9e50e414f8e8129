import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Config } from '../core/config.ts';
import { Fault } from '../core/outcome.ts';
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

/**
 * The sandbox that `mode` asks for, installed and tried out.
 * @throws Fault under `require` when it can't be had, with one line that says what to install and what `auto`
 * would mean
 */
export function prepareSandbox(mode: Config['sandbox'], host: Host): Sandbox {
  if (mode === 'off') {
    host.warn(
      'sandbox: off. What the model runs can read and change all that this user can; use it only where nothing is worth taking.',
    );
    return 'none';
  }
  const found =
    host.platform === 'linux'
      ? findOrInstall(host)
      : { why: `bubblewrap does not exist for ${host.platform}` };
  if ('bwrap' in found) return { ...found, within: limitsOn(host.path), ...filterFor(found, host) };
  const meaning =
    '`sandbox: auto` would run without a sandbox: what the model and the tests run could then read and change all that this user can';
  if (mode === 'require')
    throw new Fault(`The sandbox can't be set up: ${found.why}. ${meaning}.`, 'missing-tool');
  host.warn(`Running without a sandbox (sandbox: auto): ${found.why}.`);
  return 'none';
}

type Bubblewrap = Pick<Exclude<Sandbox, 'none'>, 'bwrap' | 'canForbidNamespaces'>;

function findOrInstall(host: Host): Bubblewrap | { why: string } {
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
  const first = attempt(bwrap);
  if (typeof first !== 'string') return first;
  if (!isRestricted())
    return {
      why: `bubblewrap can't make its namespaces here (${first}); inside a container, it must be allowed user namespaces`,
    };
  if (host.mayInstall) host.say('Allowing bubblewrap user namespaces by an AppArmor profile');
  if (host.mayInstall && asRoot(host, ['apparmor_parser', '--replace'], profile(bwrap))) {
    const second = attempt(bwrap);
    if (typeof second !== 'string') return second;
  }
  return {
    why: `AppArmor forbids bubblewrap user namespaces (${restriction}); load a profile for it, or run \`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\` in a step before`,
  };
}

/** A try with the very namespaces that rooms use; the reason when it fails. */
function attempt(bwrap: string): Bubblewrap | string {
  const run = (...more: string[]) => tryOut(bwrap, more);
  // --disable-userns came with bubblewrap 0.8; Ubuntu 22.04 has 0.6.
  if (run('--disable-userns').status === 0) return { bwrap, canForbidNamespaces: true };
  const plain = run();
  if (plain.status === 0) return { bwrap, canForbidNamespaces: false };
  return (
    plain.stderr?.toString().trim().split('\n').at(-1) || String(plain.error ?? 'it fails without a word')
  );
}

function tryOut(bwrap: string, more: readonly string[], input?: Buffer) {
  const namespaces = [
    '--unshare-user',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-ipc',
    '--unshare-uts',
    '--cap-drop',
    'ALL',
  ];
  return spawnSync(bwrap, [...namespaces, ...more, '--ro-bind', '/', '/', '--proc', '/proc', 'true'], {
    env: {},
    timeout: 20_000,
    ...(input && { input }),
  });
}

/** The filter of system calls for this machine, if there is one and its kernel takes it. */
function filterFor({ bwrap }: Bubblewrap, host: Host): { filter?: Buffer } {
  const filter = syscallFilter(process.arch);
  if (filter && tryOut(bwrap, ['--seccomp', '0'], filter).status === 0) return { filter };
  const why = filter ? 'this kernel does not take it' : `there is none for ${process.arch}`;
  host.say(`Rooms are without a filter of system calls: ${why}`);
  return {};
}

/** Files in memory apart, a room can fill the disk and the table of processes: not beyond these. */
const limits = ['--nproc=4096', '--fsize=4294967296', '--core=0', '--nofile=65536'];

/**
 * The commands that set limits for what they start, as far as this machine has them and allows them. A room is
 * also what the kernel ends first when memory is short, before the process that has started it.
 */
function limitsOn(path: string): string[] {
  const works = (command: readonly string[]): boolean =>
    spawnSync(command[0]!, [...command.slice(1), '/bin/true'], { env: {}, timeout: 20_000 }).status === 0;
  const [choom, prlimit] = [which('choom', path), which('prlimit', path)];
  const first = choom ? [choom, '-n', '1000', '--'] : [];
  // One that is higher than what the machine allows would be refused.
  const allowed = prlimit ? limits.filter((limit) => works([prlimit, limit, '--'])) : [];
  return [
    ...(choom && works(first) ? first : []),
    ...(prlimit && allowed.length > 0 ? [prlimit, ...allowed, '--'] : []),
  ];
}

function isRestricted(): boolean {
  try {
    return readFileSync(restriction, 'utf8').trim() === '1';
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

import type { Mount, Tools } from './environment.ts';

/** How a room is closed off: by bubblewrap, or not at all. */
export type Sandbox =
  | {
      /** Its path. */
      bwrap: string;
      canForbidNamespaces: boolean;
      /** Commands with their arguments that bubblewrap is started by, each of which sets limits. */
      launchPrefix: readonly string[];
      /** What bubblewrap is to be handed at `filterFd`: the system calls that are refused. */
      filter?: Buffer;
    }
  | 'none';

/** Where bubblewrap reads the filter, once. */
export const filterFd = 3;

/** What a program in the sandbox sees beside the machine's tools. */
interface View {
  /** In the order they are mounted, so that a later one can cover a part of an earlier one. */
  binds: readonly (Mount & { writable: boolean })[];
  environment: Readonly<Record<string, string>>;
  cwd: string;
}

/** The ordinary user that everything in a room is, whoever runs outside. */
const user = '1000';

/** Enough for compilers, test runners and browsers, far below what would starve a runner of memory. */
const sizes = { '/tmp': 2 * 1024 ** 3, '/dev/shm': 512 * 1024 ** 2, '/run': 64 * 1024 ** 2 };

/**
 * The command line that runs `argv` in namespaces of its own: no process, socket or network of the machine in
 * sight, and no file but the mounts. bubblewrap itself must be started with an empty environment, because it
 * is process 1 inside and its /proc/1/environ can be read there.
 */
export function sandboxed(
  sandbox: Exclude<Sandbox, 'none'>,
  { mounts, covered }: Pick<Tools, 'mounts' | 'covered'>,
  view: View,
  argv: readonly string[],
): [string, ...string[]] {
  const { bwrap, canForbidNamespaces, launchPrefix, filter } = sandbox;
  // Memory that looks like a folder: bounded, or it would be half of the machine's. Both options are as old as
  // bubblewrap 0.8 and 0.7; what has the one has the other.
  const temporary = (directory: keyof typeof sizes): string[] => [
    ...(canForbidNamespaces ? ['--size', String(sizes[directory])] : []),
    ...['--tmpfs', directory],
  ];
  const command: string[] = [
    ...launchPrefix,
    bwrap,
    ...[
      '--unshare-user',
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-net',
      '--unshare-uts',
      '--unshare-cgroup-try',
    ],
    ...(canForbidNamespaces ? ['--disable-userns'] : []),
    ...['--uid', user, '--gid', user, '--hostname', 'room', '--cap-drop', 'ALL'],
    // A new session keeps TIOCSTI from typing into the terminal that started us: CVE-2017-5226.
    ...['--die-with-parent', '--new-session', '--clearenv'],
    ...Object.entries(view.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    // What the machine's root owns there stays its own in a room that root has made: writing core_pattern, which
    // asks for no capability, would run a program outside.
    ...['--proc', '/proc', '--remount-ro', '/proc'],
    ...['--dev', '/dev', ...temporary('/dev/shm'), '--remount-ro', '/dev'],
    ...temporary('/tmp'),
    ...temporary('/run'),
    ...mounts.flatMap(({ from, at }) => ['--ro-bind', from, at]),
    ...covered.flatMap((directory) => ['--tmpfs', directory, '--remount-ro', directory]),
    ...view.binds.flatMap(({ from, at, writable }) => [writable ? '--bind' : '--ro-bind', from, at]),
    ...['--remount-ro', '/'],
    ...(filter ? ['--seccomp', String(filterFd)] : []),
    ...['--chdir', view.cwd, '--'],
    ...argv,
  ];
  return command as [string, ...string[]];
}

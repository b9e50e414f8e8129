import { existsSync } from 'node:fs';

/** What a room may have besides time; files in its memory have bounds of their own. */
const most = {
  /** Of the machine's memory, without swap: the rest is the trusted process's and the runner's. */
  memory: '75%',
  processes: 4096,
  fileBytes: 4 * 1024 ** 3,
  openFiles: 65536,
};

/**
 * The commands that set limits for what they start, one after the other, as far as this machine has them and
 * `works` says so. A room is also what the kernel ends first when memory is short, before the process that has
 * started it.
 * @param find where a program is, if it is there
 * @param booted what is there where systemd runs the machine: sd_booted(3)
 */
export function limitsOn(
  find: (program: string) => string | undefined,
  isRoot: boolean,
  works: (commands: readonly string[]) => boolean,
  booted = '/run/systemd/system',
): string[] {
  const [choom, prlimit] = [find('choom'), find('prlimit')];
  const first = choom ? [choom, '-n', '1000', '--'] : [];
  // One that is higher than what the machine allows would be refused.
  const allowed = prlimit ? limits.filter((limit) => works([prlimit, limit, '--'])) : [];
  return [
    ...((existsSync(booted) && scopes(find, isRoot).find(works)) || []),
    ...(works(first) ? first : []),
    ...(prlimit && allowed.length > 0 ? [prlimit, ...allowed, '--'] : []),
  ];
}

const limits = [
  `--nproc=${most.processes}`,
  `--fsize=${most.fileBytes}`,
  '--core=0',
  `--nofile=${most.openFiles}`,
];

/**
 * A cgroup of its own, which holds for all processes of a room together, also for those of root, whose number
 * no other limit counts. systemd makes it and takes it away; on its machines no one else may. An ordinary user
 * has one by the user's own systemd, if it runs and was delegated the controllers.
 * @returns nothing without systemd, otherwise the same for a new one and an old one
 */
function scopes(find: (program: string) => string | undefined, isRoot: boolean): string[][] {
  const [run, env] = [find('systemd-run'), find('env')];
  if (!run || !env) return [];
  const start = isRoot ? [run] : [env, `XDG_RUNTIME_DIR=/run/user/${process.getuid?.()}`, run, '--user'];
  const properties = [`MemoryMax=${most.memory}`, 'MemorySwapMax=0', `TasksMax=${most.processes}`];
  const make = (properties: readonly string[], ...more: string[]): string[] => [
    ...start,
    ...['--scope', '--quiet', '--collect', ...more],
    ...properties.flatMap((property) => ['--property', property]),
    // bubblewrap's own environment can be read in the room.
    ...['--', env, '-i'],
  ];
  return [
    // From systemd 254 on: what it starts may have a $ in it, and one program that is ended for its memory
    // does not end the others.
    make([...properties, 'OOMPolicy=continue'], '--expand-environment=no'),
    make(properties),
  ];
}

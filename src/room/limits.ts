import { existsSync, readFileSync } from 'node:fs';
import type { HostInfo } from './host-info.ts';

const processes = 4096;

/** Of the machine's memory, without swap: the rest is the trusted process's and the runner's. */
const memory = '75%';

/** What a room may have, by the names that proc(5) and prlimit(1) have for it. */
const limits = [
  ['Max processes', '--nproc', processes],
  ['Max file size', '--fsize', 4 * 1024 ** 3],
  ['Max core file size', '--core', 0],
  ['Max open files', '--nofile', 65536],
] as const;

/** What tells which limits a machine can set. */
export interface LimitTools extends Pick<HostInfo, 'isRoot'> {
  /** Where a program is, if it is there. */
  find: (program: string) => string | undefined;
  /** What is there where systemd runs the machine: sd_booted(3). */
  booted?: string;
  /** What /proc/self/limits says. */
  current?: string;
}

/**
 * The commands that set limits for what they start, one after the other, as far as this machine has them: with a
 * cgroup, if it may give one, without, and at last none. A room is also what the kernel ends first when memory is
 * short, before the process that has started it.
 */
export function limitsOn(host: LimitTools): string[][] {
  const [choom, prlimit] = [host.find('choom'), host.find('prlimit')];
  const lower = lowered(host.current ?? readFileSync('/proc/self/limits', 'utf8'));
  const own = [
    ...(choom ? [choom, '-n', '1000', '--'] : []),
    ...(prlimit && lower.length > 0 ? [prlimit, ...lower, '--'] : []),
  ];
  return [...scopes(host).map((scope) => [...scope, ...own]), own, []];
}

/** The options of prlimit for what is not below our limits anyway; to raise one would be refused. */
function lowered(current: string): string[] {
  return limits.flatMap(([name, option, most]) => {
    const line = current.split('\n').find((each) => each.startsWith(name));
    const hard = line?.slice(name.length).trim().split(/\s+/)[1];
    return hard === 'unlimited' || Number(hard) >= most ? [`${option}=${most}`] : [];
  });
}

/**
 * A cgroup of its own, which holds for all processes of a room together, also for those of root, whose number
 * no other limit counts. systemd makes it and takes it away; on its machines no one else may. An ordinary user
 * has one by the user's own systemd, if it runs and was delegated the controllers.
 * @returns nothing without systemd, otherwise how it is asked for, of a newer one and of an older one
 */
function scopes({ find, isRoot, booted = '/run/systemd/system' }: LimitTools): string[][] {
  const [run, env] = [find('systemd-run'), find('env')];
  if (!run || !env || !existsSync(booted)) return [];
  const start = isRoot ? [run] : [env, `XDG_RUNTIME_DIR=/run/user/${process.getuid?.()}`, run, '--user'];
  const common = [
    ...['--scope', '--quiet', '--collect', '--description=A room of Countersign'],
    ...[`--property=MemoryMax=${memory}`, '--property=MemorySwapMax=0', `--property=TasksMax=${processes}`],
  ];
  // bubblewrap's own environment can be read in the room.
  const end = ['--', env, '-i'];
  return [
    // From systemd 254 on: what it starts may have a $ in it, and one program that is ended for its memory
    // does not end the others.
    [...start, ...common, '--expand-environment=no', '--property=OOMPolicy=continue', ...end],
    [...start, ...common, ...end],
  ];
}

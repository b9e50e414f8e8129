import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { RoomAttack } from '../room-attacks.ts';
import { connect, family, strongest } from '../room-attacks.ts';

const { move, able } = family('privileges');

/** Numbers of system calls: x86-64 and AArch64. */
const numbers = {
  add_key: [248, 217],
  bpf: [321, 280],
  io_uring_setup: [425, 425],
  userfaultfd: [323, 282],
  ptrace: [101, 117],
  perf_event_open: [298, 241],
} as const;

/** A system call by its number, since no program makes it; Perl is on every machine that has git. */
const call = (name: keyof typeof numbers, args: string, before = ''): string =>
  `perl -e '${before} print "WROTE\\n" if syscall(${numbers[name][process.arch === 'arm64' ? 1 : 0]}, ${args}) >= 0'`;

/** How many filters of system calls a process has. */
const filtersIn = (status: string): number => Number(/^Seccomp_filters:\s*(\d+)/m.exec(status)?.[1] ?? -1);

/** More rights than a program of a session has, from the machine's services or from the kernel. */
export const privileges: readonly RoomAttack[] = [
  able(
    'B4',
    'programs with the set-user-ID bit, such as sudo',
    "grep -qE '^NoNewPrivs:\\s0' /proc/self/status && echo WROTE",
    strongest,
  ),
  able(
    'B4',
    'capabilities that a program could be given',
    "grep -qE '^CapBnd:\\s0*[1-9a-f]' /proc/self/status && echo WROTE",
  ),
  able(
    'B4',
    'a user namespace of one’s own, with all capabilities',
    'unshare --user --map-root-user true && echo WROTE',
    strongest,
  ),
  able(
    'B4',
    'a device file, made by oneself',
    'd=$(mktemp -d); mknod $d/null c 1 3 && : > $d/null && echo WROTE; rm -rf $d',
  ),
  able(
    'B4',
    'devices of the machine',
    "ls /dev | grep -qE '^(kmsg|mem|sd.|vd.|nvme.*|loop.*|kvm)$' && echo WROTE",
  ),
  able('B4', 'settings of the kernel', 'test -w /proc/sys/kernel/core_pattern && echo WROTE', strongest),
  able('B4', 'the kernel’s view of the machine (/sys)', 'test -e /sys/kernel && echo WROTE'),
  able('B4', 'a file system, mounted', 'unshare --mount true && echo WROTE'),
  move('B4', 'the machine’s name', 'cat /proc/sys/kernel/hostname', {
    won: ({ text }) => text.split('\n').includes(hostname()),
    stoppedByMachine: () => hostname() === 'room',
  }),
  move(
    'B5',
    'the socket of docker',
    ({ services }, { id }) => connect(`{ path: "${services.socket}" }`, id),
    strongest,
  ),
  able('B5', 'sockets of systemd and others in /run', 'test -n "$(ls -A /run)" && echo WROTE'),
  move(
    'B5 B11',
    'an abstract unix socket',
    ({ services }, { id }) => connect(`{ path: "\\0${services.abstract}" }`, id),
    strongest,
  ),
  move('B4', 'system calls without a filter', 'cat /proc/self/status', {
    won: ({ text }) => filtersIn(text) <= filtersIn(readFileSync('/proc/self/status', 'utf8')),
  }),
  able('B4', 'the kernel’s keyrings', call('add_key', '$t, $d, $d, 1, -2', '$t = "user"; $d = "x";')),
  able(
    'B4',
    'a program inside the kernel (bpf)',
    call('bpf', '0, $a, length $a', '$a = pack("L4 x56", 2, 4, 4, 1);'),
  ),
  able('B4', 'io_uring', call('io_uring_setup', '1, $a', '$a = "\\0" x 120;')),
  able('B4', 'userfaultfd', call('userfaultfd', '1')),
  able('B4', 'ptrace', call('ptrace', '0, 0, 0, 0')),
  able(
    'B4',
    'performance counters of the kernel',
    call('perf_event_open', '$a, 0, -1, -1, 0', '$a = pack("L2 x120", 1, 128);'),
  ),
];

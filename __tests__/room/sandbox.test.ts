import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RoomResult } from '../../src/core/room.ts';
import { toolsOf } from '../../src/room/environment.ts';
import { type InstallHost, prepareSandbox } from '../../src/room/install.ts';
import { runProcess } from '../../src/room/process.ts';
import { filterFd, type Sandbox, sandboxed } from '../../src/room/sandbox.ts';
import { syscallFilter } from '../../src/room/seccomp.ts';
import { times } from '../property.ts';

let base: string;
const said: string[] = [];
const { signal } = new AbortController();
const prepare = async (path = process.env.PATH!): Promise<Exclude<Sandbox, 'none'>> => {
  const say = (text: string): void => {
    said.push(text);
  };
  const host = { platform: process.platform, path, isRoot: false, mayInstall: false, signal, say, warn: say };
  return (await prepareSandbox('require', host)) as Exclude<Sandbox, 'none'>;
};

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'sandbox-'));
  for (const name of ['home', 'cache/tool', 'cache/_work/secret'])
    mkdirSync(join(base, name), { recursive: true });
  writeFileSync(join(base, 'cache/_work/secret/key'), 'CANARY');
  writeFileSync(join(base, 'cache/tool/file'), 'TOOL');
});
afterAll(() => rmSync(base, { recursive: true }));

async function inside(script: string, prepared?: Exclude<Sandbox, 'none'>): Promise<RoomResult> {
  const sandbox = prepared ?? (await prepare());
  const hidden = [join(base, 'cache/_work'), join(base, 'cache/_work/secret')];
  const machine = {
    path: process.env.PATH!,
    home: process.env.HOME!,
    hidden,
    toolCache: join(base, 'cache'),
  };
  const tools = toolsOf(machine);
  const view = {
    binds: [{ from: join(base, 'home'), at: '/room/home', writable: true }],
    environment: { PATH: tools.path, HOME: '/room/home', TMPDIR: '/tmp' },
    cwd: '/room/home',
  };
  return runProcess(
    sandboxed(sandbox, tools, view, ['/bin/sh', '-c', script]),
    {},
    {
      cwd: '/',
      timeoutSeconds: 900,
      ...(sandbox.filter && { fd3Input: sandbox.filter }),
    },
  );
}

const syscall = (number: number): string =>
  `python3 -c 'import ctypes, os; c = ctypes.CDLL(None, use_errno=True); r = c.syscall(${number}, 0, 0, 0, 0, 0); print("result", r, os.strerror(ctypes.get_errno()))'`;

const numbers: Record<string, Record<string, number>> = {
  x64: {
    keyctl: 250,
    add_key: 248,
    request_key: 249,
    syslog: 103,
    bpf: 321,
    perf_event_open: 298,
    userfaultfd: 323,
    io_uring_setup: 425,
    io_uring_enter: 426,
    io_uring_register: 427,
    ptrace: 101,
    process_vm_readv: 310,
    process_vm_writev: 311,
    x32: 0x40000000 + 39,
  },
  arm64: {
    keyctl: 219,
    add_key: 217,
    request_key: 218,
    syslog: 116,
    bpf: 280,
    perf_event_open: 241,
    userfaultfd: 282,
    io_uring_setup: 425,
    io_uring_enter: 426,
    io_uring_register: 427,
    ptrace: 117,
    process_vm_readv: 270,
    process_vm_writev: 271,
  },
};

test.each(Object.entries(numbers[process.arch] ?? {}))(
  'the system call %s is not permitted in a room',
  async (_name, number) => {
    expect((await inside(syscall(number))).output).toContain('result -1 Operation not permitted');
  },
);

test.each([
  ['node', 'node -p 40+2'],
  ['npm', 'npm --version >/dev/null && echo 42'],
  [
    'git',
    'cd /tmp && git init -q x && cd x && echo a > a && git add a && git -c user.name=a -c user.email=a@b commit -qm 42 && git log --format=%s',
  ],
  [
    'python3',
    "python3 -c \"import threading, subprocess; print(subprocess.check_output(['echo', '42']).decode())\"",
  ],
  ['gcc', 'cd /tmp && echo \'#include <stdio.h>\nint main(){puts("42");}\' > a.c && gcc a.c -o a && ./a'],
])('%s runs in a room', async (_name, script) => {
  const { output, exitCode } = await inside(script);
  expect({ output: output.trim(), exitCode }).toEqual({ output: '42', exitCode: 0 });
});

test('what speaks the ABI of a 32-bit machine is ended', async () => {
  // mov eax, 20 (getpid there); int 0x80
  const script = `python3 -c 'import ctypes, mmap; m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex("b814000000cd80c3")); f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m))); print("pid", f())'; echo code $?`;
  if (process.arch !== 'x64') return;
  const { output } = await inside(script);
  expect(output).toContain('code 159');
  expect(output).not.toMatch(/pid \d/);
});

/** What the kernel would do with a call, by the few instructions that there are. */
function judge(program: Buffer, data: { machine: number; number: number; argument: number }): number {
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const value = program.readUInt32LE(at + 4);
    const jump = (isTrue: boolean): void => {
      at += 8 * program.readUInt8(at + (isTrue ? 2 : 3));
    };
    switch (program.readUInt16LE(at)) {
      case 0x20:
        accumulator = { 0: data.number, 4: data.machine, 16: data.argument }[value]!;
        break;
      case 0x15:
        jump(accumulator === value);
        break;
      case 0x35:
        jump(accumulator >= value);
        break;
      case 0x45:
        jump((accumulator & value) !== 0);
        break;
      case 0x06:
        return value;
    }
  }
  throw new Error('it runs over its end');
}

const allowed = 0x7fff0000;
const errno = (code: number): number => 0x00050000 + code;

/** The calls that depend on their first argument, and clone3. */
const special: Record<string, { clone: number; unshare: number; socket: number; socketpair: number }> = {
  x64: { clone: 56, unshare: 272, socket: 41, socketpair: 53 },
  arm64: { clone: 220, unshare: 97, socket: 198, socketpair: 199 },
};

test.each([
  ['x64', 0xc000003e],
  ['arm64', 0xc00000b7],
])('the filter of %s allows all but what it names, and ends every other machine', (arch, own) => {
  const filter = syscallFilter(arch)!;
  const names = new Set(Object.values(numbers[arch]!));
  for (const number of arch === 'x64' ? [246, 320] : [104, 294]) names.add(number);
  const { clone, unshare, socket, socketpair } = special[arch]!;
  const wanted = (number: number, argument: number): number => {
    if (names.has(number) || (arch === 'x64' && number >= 0x40000000)) return errno(1);
    if (number === 435) return errno(38);
    if (number === clone || number === unshare) return argument & 0x10000000 ? errno(1) : allowed;
    if (number === socket || number === socketpair)
      return [1, 2, 10, 16].includes(argument) ? allowed : errno(97);
    return allowed;
  };
  const uint32 = fc.nat({ max: 0xffffffff });
  const calls = fc.oneof(uint32, fc.nat({ max: 500 }), fc.constantFrom(clone, unshare, socket, socketpair));
  fc.assert(
    fc.property(
      calls,
      fc.oneof(uint32, fc.constant(own)),
      fc.oneof(uint32, fc.nat({ max: 45 })),
      (number, machine, argument) => {
        const expected = machine === own ? wanted(number, argument) : 0x80000000;
        expect(judge(filter, { machine, number, argument })).toBe(expected);
      },
    ),
    times(40),
  );
  for (const number of names) expect(judge(filter, { machine: own, number, argument: 1 })).toBe(errno(1));
});

test('of the families of sockets a room has its own network and no way to the host of a virtual machine', async () => {
  const script = `python3 - <<'END'
import errno, socket
for family in range(1, 46):
    try:
        socket.socket(family, socket.SOCK_RAW if family == 16 else socket.SOCK_STREAM).close()
        print(family)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT: print(family, error)
END`;
  expect((await inside(script)).output).toBe('1\n2\n10\n16\n');
});

test('a room makes no user namespace, though bubblewrap is too old to forbid it', async () => {
  const old = { ...(await prepare()), canForbidNamespaces: false };
  const { output } = await inside('unshare --user --map-root-user id; echo $?', old);
  expect(output).toBe('unshare: unshare failed: Operation not permitted\n1\n');
});

test('for a machine whose numbers are not known there is no filter', () => {
  expect(syscallFilter('riscv64')).toBeUndefined();
});

test('a hidden directory inside a mount is empty in a room, also where another lies in it', async () => {
  const { output } = await inside(
    `cat ${base}/cache/tool/file; find ${base}/cache/_work; touch ${base}/cache/_work/x; cat ${base}/cache/_work/secret/key`,
  );
  expect(output).toContain('TOOL');
  expect(output).not.toContain('CANARY');
  expect(output).toContain('Read-only file system');
});

test('only a few places can be written, and what lies in memory is bounded', async () => {
  const { output } = await inside(
    'for d in / /dev /etc /usr /room; do touch $d/x 2>/dev/null && echo $d is open; done; for d in /tmp /run /dev/shm /room/home; do touch $d/x && rm $d/x || echo $d is closed; done; df -k --output=size,target /tmp /run /dev/shm | tail -n +2',
  );
  expect(output).not.toMatch(/is open|is closed/);
  const sizes = output
    .trim()
    .split('\n')
    .map((line) => Number.parseInt(line, 10));
  expect(sizes).toHaveLength(3);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(2 * 1024 ** 2);
});

test('no setting of the kernel can be changed in a room, run by root or not', async () => {
  // Root owns them outside, and so does a room that it runs: core_pattern alone would start a program there.
  const script = `python3 - <<'END'
import os
files = [os.path.join(at, name) for at, _, names in os.walk('/proc/sys') for name in names]
def opens(file):
    try:
        os.close(os.open(file, os.O_WRONLY))
        return True
    except OSError:
        return False
print(len(files) > 100, [file for file in files if opens(file)])
END`;
  expect((await inside(script)).output).toBe('True []\n');
});

test('an old bubblewrap, which knows no sizes, is asked for none', () => {
  const view = { binds: [], environment: {}, cwd: '/' };
  const tools = { mounts: [], covered: [] };
  const old = sandboxed({ bwrap: '/bwrap', canForbidNamespaces: false, launchPrefix: [] }, tools, view, [
    'true',
  ]);
  expect(old).not.toContain('--size');
  expect(old).not.toContain('--disable-userns');
});

test('what runs in a room is the first that the kernel ends when memory is short, and has limits', async () => {
  const { output } = await inside(
    'cat /proc/self/oom_score_adj; ulimit -c; ulimit -n; ulimit -f; ls -l /proc/self/fd',
  );
  const [oom, core, files, blocks] = output.split('\n');
  expect([oom, core, blocks]).toEqual(['1000', '0', String((4 * 1024 ** 3) / 512)]);
  expect(Number(files)).toBeLessThanOrEqual(65536);
  expect(Number(execFileSync('cat', ['/proc/self/oom_score_adj']))).toBeLessThan(1000);
  // Nothing of what the filter came by is left open inside.
  expect(output).not.toMatch(new RegExp(` ${filterFd} -> (socket|pipe)`));
});

describe('AppArmor', () => {
  /** A bubblewrap that is forbidden user namespaces until a profile for it is loaded, as on Ubuntu 24.04. */
  function restricted(): InstallHost & { said: string[]; profile: string; sysctl: string } {
    const bin = mkdtempSync(join(base, 'app armor-'));
    const profile = join(bin, 'profile');
    const stub = (name: string, script: string): void =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    stub(
      'bwrap',
      `test -e "${profile}" || { echo "bwrap: setting up uid map: Permission denied" >&2; exit 1; }; exec /usr/bin/bwrap "$@"`,
    );
    stub('apparmor_parser', `for file; do :; done; /bin/cat "$file" > "${profile}"`);
    stub('sudo', 'shift; exec "$@"');
    const sysctl = join(bin, 'sysctl');
    writeFileSync(sysctl, '1\n');
    const said: string[] = [];
    const say = (text: string): void => {
      said.push(text);
    };
    return {
      platform: 'linux',
      path: bin,
      isRoot: false,
      mayInstall: true,
      signal,
      say,
      warn: say,
      said,
      profile,
      sysctl,
    };
  }

  test('that forbids user namespaces gets a profile for bubblewrap alone, on a runner', async () => {
    const host = restricted();
    expect(await prepareSandbox('require', host, host.sysctl)).toMatchObject({
      bwrap: join(host.path, 'bwrap'),
    });
    expect(readFileSync(host.profile, 'utf8')).toContain(
      `profile countersign-bwrap ${host.path}/bwrap flags=(unconfined)`,
    );
    expect(host.said[0]).toBe('Allowing bubblewrap user namespaces by an AppArmor profile');
  });

  test('is left as it is on a laptop, where the run stops', async () => {
    const host = { ...restricted(), mayInstall: false };
    await expect(prepareSandbox('require', host, host.sysctl)).rejects.toThrow(
      /AppArmor forbids bubblewrap user namespaces/,
    );
    expect(existsSync(host.profile)).toBe(false);
  });

  test('that does not forbid them is not blamed for what else is wrong', async () => {
    const host = restricted();
    writeFileSync(host.sysctl, '0\n');
    await expect(prepareSandbox('require', host, host.sysctl)).rejects.toThrow(
      /can't make its namespaces here \(bwrap: setting up uid map: Permission denied\)/,
    );
    expect(existsSync(host.profile)).toBe(false);
  });
});

test('where the machine has no programs for limits a room runs without, and that is said', async () => {
  const bin = join(base, 'bin');
  mkdirSync(bin);
  execFileSync('ln', ['-s', '/usr/bin/bwrap', join(bin, 'bwrap')]);
  const sandbox = await prepare(bin);
  expect(sandbox.launchPrefix).toEqual([]);
  expect(said.at(-1)).toMatch(/^Rooms are without limits on processes and files/);
  expect((await inside('echo fine', sandbox)).output).toBe('fine\n');
});

test('a script can name its standard output, error and input, as on any machine', async () => {
  const result = await inside(
    'echo one > /dev/stdout; echo two > /dev/stderr; cat /dev/stdin; echo three >&2',
  );
  expect(result).toMatchObject({ exitCode: 0, output: 'one\ntwo\nthree\n' });
});

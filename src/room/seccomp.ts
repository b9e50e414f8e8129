/** A kind of machine as the kernel sees it: linux/audit.h, and the numbers of its system calls. */
interface Abi {
  audit: number;
  forbidden: readonly number[];
  /** From this number on, calls belong to another ABI of the same machine (x32). */
  foreignFrom?: number;
}

/**
 * What no build and no test needs, and what the kernel's mistakes are found in: its keyrings (which are not in
 * a namespace), programs inside the kernel, and ways to another process's memory. In this order: add_key,
 * request_key, keyctl, bpf, perf_event_open, userfaultfd, io_uring_setup, _enter and _register, ptrace,
 * process_vm_readv, process_vm_writev, kexec_load, kexec_file_load.
 */
const abis: Readonly<Record<string, Abi>> = {
  x64: {
    audit: 0xc000003e,
    forbidden: [248, 249, 250, 321, 298, 323, 425, 426, 427, 101, 310, 311, 246, 320],
    foreignFrom: 0x40000000,
  },
  arm64: {
    audit: 0xc00000b7,
    forbidden: [217, 218, 219, 280, 241, 282, 425, 426, 427, 117, 270, 271, 104, 294],
  },
};

/** Instructions and results: linux/bpf_common.h and linux/seccomp.h. */
const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const end = 0x06;
const allow = 0x7fff0000;
const killProcess = 0x80000000;
const notPermitted = 0x00050001;

/** Where struct seccomp_data has what is asked about. */
const numberAt = 0;
const machineAt = 4;

type Instruction = [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * The program for `bwrap --seccomp` that refuses the calls above with EPERM and ends what speaks another
 * machine's ABI, where the numbers mean something else; undefined for a machine whose numbers aren't known.
 * @param arch as in `process.arch`
 */
export function syscallFilter(arch: string): Buffer | undefined {
  const abi = abis[arch];
  if (!abi) return undefined;
  const tests: [code: number, value: number][] = abi.forbidden.map((number) => [jumpIfEqual, number]);
  if (abi.foreignFrom) tests.unshift([jumpIfAtLeast, abi.foreignFrom]);
  const program: Instruction[] = [
    [load, 0, 0, machineAt],
    [jumpIfEqual, 1, 0, abi.audit],
    [end, 0, 0, killProcess],
    [load, 0, 0, numberAt],
    // Past the tests that are left and the end that allows.
    ...tests.map(([code, value], index): Instruction => [code, tests.length - index, 0, value]),
    [end, 0, 0, allow],
    [end, 0, 0, notPermitted],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}

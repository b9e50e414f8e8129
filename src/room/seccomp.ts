/** A kind of machine as the kernel sees it: linux/audit.h, and the numbers of its system calls. */
interface Abi {
  audit: number;
  forbidden: readonly number[];
  /** clone and unshare, whose first argument says which namespaces are new. */
  namespaces: readonly number[];
  /** clone3, which hides that behind a pointer. */
  opaque: number;
  /** socket and socketpair, whose first argument is the family of addresses. */
  sockets: readonly number[];
  /** From this number on, calls belong to another ABI of the same machine (x32). */
  foreignFrom?: number;
}

/**
 * `forbidden` is what no build and no test needs, and what the kernel's mistakes are found in: its keyrings
 * (which are not in a namespace) and log, programs inside the kernel, and ways to another process's memory. In
 * this order: add_key, request_key, keyctl, syslog, bpf, perf_event_open, userfaultfd, io_uring_setup, _enter
 * and _register, ptrace, process_vm_readv, process_vm_writev, kexec_load, kexec_file_load.
 */
const abis: Readonly<Record<string, Abi>> = {
  x64: {
    audit: 0xc000003e,
    forbidden: [248, 249, 250, 103, 321, 298, 323, 425, 426, 427, 101, 310, 311, 246, 320],
    namespaces: [56, 272],
    opaque: 435,
    sockets: [41, 53],
    foreignFrom: 0x40000000,
  },
  arm64: {
    audit: 0xc00000b7,
    forbidden: [217, 218, 219, 116, 280, 241, 282, 425, 426, 427, 117, 270, 271, 104, 294],
    namespaces: [220, 97],
    opaque: 435,
    sockets: [198, 199],
  },
};

/**
 * Unix, IPv4, IPv6 and netlink, by which a program learns its own addresses. The others are not all in the
 * network namespace: AF_VSOCK leads from a virtual machine to its host, AF_ALG into the kernel's cryptography.
 */
const families = [1, 2, 10, 16];

/** CLONE_NEWUSER: bubblewrap forbids user namespaces by itself, but only from 0.8 on. */
const newUser = 0x10000000;

/** Instructions and results: linux/bpf_common.h and linux/seccomp.h. */
const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const jumpIfSet = 0x45;
const end = 0x06;
const allow = 0x7fff0000;
const killProcess = 0x80000000;
const notPermitted = 0x00050001;
/** What a kernel without clone3 says, for which every C library has another way. */
const notThere = 0x00050000 + 38;
const noSuchFamily = 0x00050000 + 97;

/** Where struct seccomp_data has what is asked about; of the first argument the lower half. */
const numberAt = 0;
const machineAt = 4;
const argumentAt = 16;

type Instruction = [code: number, ifTrue: number, ifFalse: number, value: number];

/** For the call of that number the rest, which has to end; for others nothing. */
const when = (number: number, rest: readonly Instruction[], test = jumpIfEqual): Instruction[] => [
  [test, 0, rest.length, number],
  ...rest,
];

/**
 * The program for `bwrap --seccomp` that refuses the calls above and ends what speaks another machine's ABI,
 * where the numbers mean something else; undefined for a machine whose numbers aren't known.
 * @param arch as in `process.arch`
 */
export function syscallFilter(arch: string): Buffer | undefined {
  const abi = abis[arch];
  if (!abi) return undefined;
  const refuse: Instruction = [end, 0, 0, notPermitted];
  const argument: Instruction = [load, 0, 0, argumentAt];
  const known = families.map(
    (family, index): Instruction => [jumpIfEqual, families.length - index, 0, family],
  );
  const program: Instruction[] = [
    [load, 0, 0, machineAt],
    [jumpIfEqual, 1, 0, abi.audit],
    [end, 0, 0, killProcess],
    [load, 0, 0, numberAt],
    ...(abi.foreignFrom ? when(abi.foreignFrom, [refuse], jumpIfAtLeast) : []),
    ...abi.forbidden.flatMap((number) => when(number, [refuse])),
    ...when(abi.opaque, [[end, 0, 0, notThere]]),
    ...abi.namespaces.flatMap((number) =>
      when(number, [argument, [jumpIfSet, 0, 1, newUser], refuse, [end, 0, 0, allow]]),
    ),
    ...abi.sockets.flatMap((number) =>
      when(number, [argument, ...known, [end, 0, 0, noSuchFamily], [end, 0, 0, allow]]),
    ),
    [end, 0, 0, allow],
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

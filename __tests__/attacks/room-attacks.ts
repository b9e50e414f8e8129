import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { patience } from '../stand-ins/patience.ts';
import type { RunResult } from '../stand-ins/runner.ts';
import type { Attack, Layer } from './attack.ts';
import type { Machine } from './machine.ts';

/** What the session of a generator that has turned on its room does with its tools. */
export interface RoomAttack extends Attack {
  /** A shell command, or the call of another tool. */
  call: (machine: Machine, place: Place) => string | { name: string; input: object };
  /** Whether it won, where a canary in the result, a word at a service or a changed file would not tell. */
  won?: (seen: Seen) => boolean;
  /** Planted paths that only this attack changes. */
  corrupts?: (machine: Machine) => string[];
}

/** Where a move is tried. */
export interface Place {
  /** Of the attack in this very run, since several may be on at a time. */
  id: string;
  actionDir: string;
  github: string;
  model: string;
}

/** What there is to tell by whether a move won. */
export interface Seen {
  text: string;
  isError: boolean;
  result: RunResult;
  machine: Machine;
  place: Place;
}

type More = Partial<
  Pick<RoomAttack, 'won' | 'corrupts' | 'also' | 'layer' | 'strongest' | 'stoppedByMachine'>
>;

/** Makes the moves of one family, named `family-01` and on; rows are written `B1 B2`. */
export function family(name: string, layer: Layer = 'sandbox') {
  let count = 0;
  const move = (
    rows: string,
    what: string,
    call: RoomAttack['call'] | string,
    more: More = {},
  ): RoomAttack => {
    count += 1;
    return {
      id: `${name}-${String(count).padStart(2, '0')}`,
      rows: rows.split(' '),
      name: what,
      layer,
      call: typeof call === 'string' ? () => call : call,
      ...more,
    };
  };
  return {
    move,
    /** Shows a file, as it is or as something else. */
    read: (
      rows: string,
      what: string,
      path: (machine: Machine) => string,
      more: More & { how?: (path: string) => string } = {},
    ): RoomAttack => {
      const { how = (at) => `cat '${at}'`, ...rest } = more;
      return move(rows, what, (machine) => `${how(path(machine))} 2>&1`, rest);
    },
    /** Appends to a file of the machine. */
    corrupt: (rows: string, what: string, path: (machine: Machine) => string, more: More = {}): RoomAttack =>
      move(rows, what, (machine) => `echo spoilt >> '${path(machine)}' 2>&1`, {
        ...more,
        corrupts: (machine) => [path(machine)],
      }),
    /** A command that says WROTE when it could do what it wants; a machine on which nobody can is told apart. */
    able: (rows: string, what: string, command: string, more: More = {}): RoomAttack =>
      move(rows, what, command, {
        ...wrote,
        stoppedByMachine: () => !/^WROTE$/m.test(outside(command)),
        ...more,
      }),
  };
}

/** Whether this machine has a program. */
export const has = (program: string): boolean => outside(`command -v ${program}`) !== '';

/** What a command says outside of any room. */
function outside(command: string): string {
  return spawnSync('bash', ['-c', command], { encoding: 'utf8', timeout: patience }).stdout;
}

export const says = (word: RegExp) => ({ won: ({ text }: Seen) => word.test(text) });
export const wrote = says(/^WROTE$/m);
export const strongest = { strongest: true } as const;

/** A path below the planted home directory. */
export const home = (path: string) => (machine: Machine) => join(machine.home, path);

/**
 * Walks from the shell's parent up to the action's own process, and does something at each; on a real runner that
 * is where the secrets are. It never looks at processes beyond it.
 */
export const up = (act: string): string =>
  `p=$PPID; while [ "$p" -gt 0 ]; do ${act}; if tr '\\0' ' ' < /proc/$p/cmdline | grep -q 'dist/index.js'; then break; fi; p=$(awk '/^PPid/{print $2}' /proc/$p/status); [ -n "$p" ] || break; done 2>&1`;

/** A line of Node, without single quotes in it. */
export const node = (code: string, ...args: string[]): string => `node -e '${code}' ${args.join(' ')} 2>&1`;

/** Asks for a URL and shows the answer; no machine need have curl. */
export const ask = (url: string, header = ''): string =>
  node(
    `require("http").get(process.argv[1], { headers: { Metadata: "true", Authorization: process.argv[2] } }, (r) => r.pipe(process.stdout)).on("error", (e) => console.log(e.code))`,
    `"${url}"`,
    `"${header}"`,
  );

/** Asks a service for `/id`, by the arguments of Node's `net.connect`. */
export const connect = (to: string, id: string): string =>
  node(
    `require("net").connect(${to}).on("error", (e) => console.log(e.code)).on("data", (d) => console.log(String(d))).end("GET /${id} HTTP/1.0\\r\\n\\r\\n")`,
  );

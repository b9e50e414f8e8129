import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { proxyVariables, relayTo } from '../egress/relay.ts';

/** `relay.cjs SOCKET PROGRAM ARGUMENT...`: runs the program with a proxy on the loopback that leads to the socket. */
const [socket, program, ...args] = process.argv.slice(2) as [string, string, ...string[]];

relayTo(socket).then((port) => {
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: { ...process.env, ...proxyVariables(`http://127.0.0.1:${port}`) },
  });
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(127);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal!]));
});

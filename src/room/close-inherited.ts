import { closeSync, readdirSync, readFileSync } from 'node:fs';

// What was open in whoever started this process would be open in every room as well, and by the descriptor of a
// folder a room reaches the files around it. Node keeps descriptors from its children only up to the first gap in
// their numbers, and its own by O_CLOEXEC: https://docs.libuv.org/en/v1.x/process.html#c.uv_disable_stdio_inheritance
const closeOnExec = 0o2000000;

if (process.platform === 'linux') {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) if (fd > 2 && isInherited(fd)) closeSync(fd);
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    // It was the one that the list was read by.
    return false;
  }
}

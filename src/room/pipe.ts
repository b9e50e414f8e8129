import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/** What is read at one end, and the file descriptor to be handed to a process as the other. */
export interface Pipe {
  readable: Readable;
  fd: number;
  /** Lets go of `to`, without which what is read would never end. */
  closeWriteEnd: () => void;
}

/**
 * A pipe as a shell has it. Node's own are sockets, which no program can open by name: `echo oops > /dev/stderr`,
 * common in scripts, would fail with ENXIO in a room and nowhere else.
 */
export async function openPipe(): Promise<Pipe> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-pipe-'));
  try {
    const path = join(directory, 'pipe');
    await promisify(execFile)('mkfifo', ['-m', '600', path], { env: { PATH: '/usr/bin:/bin' } });
    // In this order, and without waiting: each end opens at once when the other is there or not waited for.
    const from = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const fd = openSync(path, constants.O_WRONLY);
    return {
      readable: new Socket({ fd: from, readable: true, writable: false }),
      fd: fd,
      closeWriteEnd: () => closeSync(fd),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

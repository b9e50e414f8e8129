import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { RoomCommand, RoomResult } from '../core/room.ts';
import { openPipe, type Pipe } from './pipe.ts';

const keepByDefault = 256 * 1024;

/**
 * Runs `argv` as the leader of a process group of its own and kills the whole group at the time limit or on
 * abort. Output is read to its end and forgotten but for the last `keepBytes`.
 * @param environment all of the process's variables
 * @param command with `fd3Input`, what the process can read from file descriptor 3
 */
export async function runProcess(
  argv: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
  command: Omit<RoomCommand, 'argv' | 'env' | 'cwd'> & { cwd: string; fd3Input?: Buffer },
): Promise<RoomResult> {
  const { timeoutSeconds, keepBytes = keepByDefault, signal, input, onLine, cwd, fd3Input } = command;
  const pipe = await openPipe();
  const started = performance.now();
  const child = start(argv, {
    env: environment,
    cwd,
    fd3Input,
    signal,
    isFed: input !== undefined,
    pipe,
  });
  return new Promise((resolve, reject) => {
    let timedOut = false;
    let isOver = false;
    const kill = (): void => {
      killGroup(child.pid);
      // What has left the group may hold the pipe for ever.
      if (isOver) pipe.readable.destroy();
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutSeconds * 1000);
    signal?.addEventListener('abort', kill, { once: true });
    const tail = keepTail(keepBytes, onLine);
    // What goes wrong is told by `once` below.
    pipe.readable.on('data', tail.add).on('error', () => {});
    child.on('error', () => {});
    // A program may end without reading its input; its exit code tells then.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    if (fd3Input) {
      const file = child.stdio[3] as unknown as Writable;
      file.on('error', () => {});
      file.end(fd3Input);
    }
    child.on('exit', () => {
      // What outlives its leader would keep the pipe, and so this promise, open.
      killGroup(child.pid);
      isOver = true;
      if (timedOut || signal?.aborted) pipe.readable.destroy();
    });
    Promise.all([once(child, 'close'), once(pipe.readable, 'close')])
      .finally(() => {
        // Either would keep the whole run from ending.
        clearTimeout(timer);
        pipe.readable.destroy();
        signal?.removeEventListener('abort', kill);
      })
      .then(([[exitCode]]) => {
        if (signal?.aborted) return reject(signal.reason);
        resolve({ exitCode, timedOut, seconds: (performance.now() - started) / 1000, output: tail.text() });
      }, reject);
  });
}

interface Start {
  env: Readonly<Record<string, string>>;
  cwd: string;
  fd3Input: Buffer | undefined;
  signal: AbortSignal | undefined;
  isFed: boolean;
  pipe: Pipe;
}

function start(
  argv: readonly [string, ...string[]],
  { env, cwd, fd3Input, signal, isFed, pipe }: Start,
): ChildProcessByStdio<Writable | null, null, null> {
  try {
    // No earlier: a stop while the pipe was opened would be heard by nobody, and the program run to its limit.
    signal?.throwIfAborted();
    return spawn(argv[0], argv.slice(1), {
      env,
      cwd,
      detached: true,
      stdio: [isFed ? 'pipe' : 'ignore', pipe.fd, pipe.fd, ...(fd3Input ? (['pipe'] as const) : [])],
    }) as ChildProcessByStdio<Writable | null, null, null>;
  } catch (error) {
    // A stop, and some faults such as arguments that are too long, are thrown right here.
    pipe.readable.destroy();
    throw error;
  } finally {
    pipe.closeWriteEnd();
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

function keepTail(keepBytes: number, onLine?: (line: string) => void) {
  let chunks: Buffer[] = [];
  let size = 0;
  let cut = false;
  let line = '';
  return {
    add: (chunk: Buffer): void => {
      chunks.push(chunk);
      size += chunk.length;
      while (size - chunks[0]!.length >= keepBytes) {
        size -= chunks.shift()!.length;
        cut = true;
      }
      if (!onLine) return;
      const lines = (line + chunk.toString('utf8')).split('\n');
      line = lines.pop()!.slice(-8192);
      for (const complete of lines) onLine(complete);
    },
    text: (): string => {
      const all = Buffer.concat(chunks).subarray(-keepBytes).toString('utf8');
      chunks = [];
      return cut || size > keepBytes ? `[earlier output left out]\n${all}` : all;
    },
  };
}

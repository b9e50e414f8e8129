import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** What became of a step's process. */
export type Exit = {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Processes of its group outlived it. */
  leftRunning: boolean;
};

/** A step's process, in a process group of its own. */
export type Step = { child: ChildProcess; exit: Promise<Exit>; kill: () => unknown };

// How long output may still trickle in when something that outlived the step holds its pipes.
const GRACE = 250;

/** Starts a process and hands on its output line by line as it comes. */
export function startStep(
  node: string,
  script: string,
  options: { cwd: string; env: Record<string, string> },
  take: (line: string) => void,
  heard: (child: ChildProcess) => void,
): Step {
  const child = spawn(node, [script], { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  const flushes = (['stdout', 'stderr'] as const).map((name) =>
    follow(child[name] as Readable, take, (piece) => {
      text[name] += piece;
      heard(child);
    }),
  );
  let mayKill = true;
  const exit = new Promise<Exit>((done, fail) => {
    child.on('error', fail);
    child.on('exit', (exitCode, signal) => {
      const leftRunning = isAlive(child.pid);
      // The number of a group that is gone may belong to somebody else soon.
      mayKill = leftRunning;
      const finish = (): void => {
        for (const flush of flushes) flush();
        done({ exitCode, signal, ...text, leftRunning });
      };
      const timer = leftRunning ? setTimeout(finish, GRACE) : undefined;
      child.on('close', () => {
        clearTimeout(timer);
        finish();
      });
    });
  });
  return { child, exit, kill: () => mayKill && killGroup(child.pid) };
}

function follow(stream: Readable, take: (line: string) => void, heard: (piece: string) => void): () => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (bytes: Buffer) => {
    const piece = decoder.write(bytes);
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
    heard(piece);
  });
  return () => {
    if (rest !== '') take(rest);
    rest = '';
  };
}

function isAlive(group: number | undefined): boolean {
  if (group === undefined) return false;
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  return !existsSync('/proc/self/stat') || readdirSync('/proc').some((pid) => isRunningIn(group, pid));
}

// A process that has ended stays in its group until somebody waits for it, which may be a slow process 1.
function isRunningIn(group: number, pid: string): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(processGroup) === group && state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

function killGroup(group: number | undefined): void {
  if (group === undefined) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

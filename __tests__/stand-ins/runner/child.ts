import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as wait } from 'node:timers/promises';

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
export type Step = {
  child: ChildProcess;
  exit: Promise<Exit>;
  /** Ends its whole process group, and resolves when nothing of it runs. */
  kill: () => Promise<void>;
};

// How long what outlived the step may still write to its pipes, or be on its way out: a killed process is
// seen for a moment after the signal that ends it, on a busy machine for a long one.
const GRACE = 3000;
const FIRST_POLL = 5;
const SLOWEST_POLL = 200;

/**
 * Starts a process and hands on its output line by line as it comes.
 * @param inherited a descriptor of this process that is open in the other, as 40
 */
export function startStep(
  node: string,
  script: string,
  options: { cwd: string; env: Record<string, string> },
  take: (line: string) => void,
  heard: (child: ChildProcess) => void,
  inherited?: number,
): Step {
  // At a number behind a gap, as a process that starts many others leaves one open by mistake.
  const handed = inherited === undefined ? [] : [...Array<'ignore'>(37).fill('ignore'), inherited];
  const child = spawn(node, [script], {
    ...options,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...handed],
  });
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
      const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
      void settle(child.pid, closed).then((leftRunning) => {
        // The number of a group that is gone may belong to somebody else soon.
        mayKill = leftRunning;
        for (const flush of flushes) flush();
        done({ exitCode, signal, ...text, leftRunning });
      });
    });
  });
  return {
    child,
    exit,
    kill: async () => {
      if (!mayKill) return;
      killGroup(child.pid);
      await gone(child.pid, Number.POSITIVE_INFINITY);
    },
  };
}

/** Whether something of the group goes on though the step and the grace are over. */
async function settle(group: number | undefined, closed: Promise<void>): Promise<boolean> {
  if (!(await gone(group, GRACE))) return true;
  await closed;
  return false;
}

/** Whether nothing of the group runs any more within a time; looks less often the longer it takes. */
async function gone(group: number | undefined, milliseconds: number): Promise<boolean> {
  const end = performance.now() + milliseconds;
  for (let poll = FIRST_POLL; isAlive(group); poll = Math.min(poll * 1.5, SLOWEST_POLL)) {
    if (performance.now() > end) return false;
    await wait(poll);
  }
  return true;
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

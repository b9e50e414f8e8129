import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** One thing that is checked, by a process of its own. */
interface Part {
  name: string;
  command: readonly [program: string, ...args: string[]];
  env?: Record<string, string>;
  /** Whether its lines are shown as they come, not only when it fails. */
  isShown?: boolean;
}

const root = fileURLToPath(new URL('..', import.meta.url));

const jest = (name: string, args: readonly string[], env: Record<string, string> = {}): Part => ({
  name,
  command: [
    process.execPath,
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...args,
  ],
  env: { ...env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) },
  isShown: true,
});

const usesProperties = globSync('__tests__/**/*.test.ts', { cwd: root }).filter((path) =>
  readFileSync(`${root}${path}`, 'utf8').includes("from 'fast-check'"),
);

const stages = {
  test: [
    { name: 'lint', command: ['node_modules/.bin/biome', 'check', '.'] },
    { name: 'types', command: ['node_modules/.bin/tsc', '--noEmit'] },
    { name: 'dist', command: [process.execPath, 'scripts/check-dist.ts'] },
    jest('tests', ['--selectProjects', 'tests']),
  ],
  attacks: [
    jest('attacks, layers, faults, large inputs', [
      '--selectProjects',
      'attacks',
      'layers',
      'faults',
      'large',
    ]),
  ],
  network: [jest('network', ['--selectProjects', 'network'])],
  properties: [
    jest('properties', ['--selectProjects', 'tests', '--runTestsByPath', ...usesProperties], {
      COUNTERSIGN_PROPERTY_RUNS: process.env.COUNTERSIGN_PROPERTY_RUNS || '200',
    }),
  ],
} satisfies Record<string, readonly Part[]>;

type Stage = keyof typeof stages;

const rest: readonly Stage[] = ['attacks', 'network', 'properties'];

/** Stages one after the other; the parts of one run side by side. */
const suites: Readonly<Record<string, readonly Stage[]>> = {
  test: ['test'],
  rest,
  all: ['test', ...rest],
  attacks: ['attacks'],
  network: ['network'],
  properties: ['properties'],
};

const running = new Set<ChildProcess>();
let stopped: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(signal));

const suite = suites[process.argv[2] ?? 'test'];
if (suite) process.exitCode = await main(suite);
else {
  console.error(`test: it takes one of ${Object.keys(suites).join(', ')}; test unless it is told.`);
  process.exitCode = 2;
}

async function main(suite: readonly Stage[]): Promise<number> {
  const failed: string[] = [];
  for (const stage of suite) {
    const parts: readonly Part[] = stages[stage];
    console.log(`test: started ${parts.map(({ name }) => name).join(', ')}`);
    const results = await Promise.all(parts.map(run));
    failed.push(...parts.filter((_, index) => !results[index]).map(({ name }) => name));
    if (stopped) {
      console.log(`test: stopped by ${stopped}`);
      return 130;
    }
  }
  console.log(failed.length > 0 ? `test: FAILED ${failed.join(', ')}` : 'test: everything passed');
  return failed.length > 0 ? 1 : 0;
}

/** Whether a part passed; says so as soon as it ends. */
async function run({ name, command: [program, ...args], env, isShown = false }: Part): Promise<boolean> {
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const lines: string[] = [];
  const follow = async (stream: NodeJS.ReadableStream): Promise<void> => {
    for await (const line of createInterface({ input: stream })) {
      if (isShown) console.log(line);
      else lines.push(line);
    }
  };
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) =>
      resolve(code === 0 ? '' : signal ? `by ${signal}` : `exit code ${code}`),
    );
  });
  await Promise.all([follow(child.stdout), follow(child.stderr)]);
  const why = await ended;
  running.delete(child);
  const seconds = Math.round((performance.now() - started) / 1000);
  if (why && lines.length > 0) console.log(lines.join('\n'));
  console.log(`test: ${name} ${why ? `FAILED (${why})` : 'passed'} after ${seconds} s`);
  return why === '';
}

/** Ends every process that comes from a part, also those in groups of their own; a second signal ends this one too. */
async function stop(signal: NodeJS.Signals): Promise<void> {
  if (stopped) process.exit(130);
  stopped = signal;
  const all = [...running].flatMap(({ pid }) => (pid === undefined ? [] : [pid, ...below(pid)]));
  const send = (to: NodeJS.Signals): void => {
    for (const pid of all) {
      try {
        process.kill(pid, to);
      } catch {
        // It is gone.
      }
    }
  };
  send('SIGTERM');
  // What a run has to wipe takes it a moment.
  await wait(5000, undefined, { ref: false });
  if (running.size > 0) send('SIGKILL');
}

function below(parent: number): number[] {
  const children = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === parent);
  return children.flatMap((pid) => [Number(pid), ...below(Number(pid))]);
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

import type { FailingTest } from '../core/document.ts';
import { escapeOutput } from '../core/invisible.ts';
import type { ProbeContext } from '../core/probe.ts';
import type { Room, RoomResult } from '../core/room.ts';
import { truncate } from '../core/text.ts';
import { invocationOf, type RunnerInvocation } from './runner-invocation.ts';
import type { TestPlan } from './test-plan.ts';
import { maxReportBytes, parseJest, parseJUnit, type TestCase } from './test-report.ts';

export interface TestRun {
  command: string;
  exitCode: number | null;
  timedOut: boolean;
  seconds: number;
  source: 'report' | 'log';
  tests: readonly TestCase[];
  /** The end of what was printed, as plain text; hostile. */
  output: string;
  /** How many hidden characters the output and the report had. */
  hidden: number;
  /** Whether installed packages are in the room, where node looks for them. */
  hasPackages: boolean;
}

/** Enough for the tail that is shown, and for colours that are not. */
const keepBytes = 128 * 1024;
/** What the schema of facts holds. */
const maxFailing = 500;
const maxCommand = 4000;

/**
 * One run of the tests on `commit`, in a room of its own that is gone afterwards.
 * @param seconds for the tests and the looks before them
 * @throws Error when the room can't be opened; whatever the tests do is in the result
 */
export async function runTests(
  context: ProbeContext,
  judge: TestPlan,
  commit: string,
  seconds: number,
): Promise<TestRun> {
  const room = await context.openRoom({ commit, writable: true, history: true });
  try {
    return await runIn(room, context, judge, seconds);
  } finally {
    await room.close();
  }
}

async function runIn(room: Room, context: ProbeContext, judge: TestPlan, seconds: number): Promise<TestRun> {
  const { config, signal, say } = context;
  let used = 0;
  const run = async (argv: readonly [string, ...string[]], env: Record<string, string>) => {
    const result = await room.run({
      argv,
      env,
      cwd: config.workingDirectory,
      timeoutSeconds: Math.max(1, seconds - used),
      keepBytes,
      signal,
    });
    used += result.seconds;
    return result;
  };
  const shell = (await probeShell(run, 'command -v bash')) ? 'bash' : 'sh';
  const told = invocationOf(judge.command, await canReport(judge, run), room.inside.outbox);
  const hasPackages = await probeShell(
    run,
    `[ -d node_modules ] || [ -d "$0/node_modules" ]`,
    room.inside.work,
  );
  say(`running ${judge.command}`);
  const result = await run([shell, '-c', told.command], told.env);
  const tests = await readReport(room, told, judge, config.workingDirectory);
  const ended = end(result);
  return {
    command: truncate(judge.command, maxCommand),
    ...ended,
    hidden: (tests ?? []).reduce((sum, test) => sum + (test.hidden ?? 0), ended.hidden),
    seconds: used,
    source: tests ? 'report' : 'log',
    tests: tests ?? [],
    hasPackages,
  };
}

type RunInRoom = (argv: readonly [string, ...string[]], env: Record<string, string>) => Promise<RoomResult>;

/** Whether a question to the room's shell is answered with yes; `script` is this file's own text. */
async function probeShell(run: RunInRoom, script: string, argument = 'sh'): Promise<boolean> {
  return (await run(['sh', '-c', script, argument], {})).exitCode === 0;
}

/** The runner, if what it needs to write a report is in the room. */
async function canReport({ runner }: TestPlan, run: RunInRoom): Promise<TestPlan['runner']> {
  switch (runner?.name) {
    case 'go':
      return (await probeShell(run, 'command -v gotestsum')) ? runner : undefined;
    case 'node':
      // An option that node doesn't know would fail the tests.
      return (await probeShell(run, `node -e "process.exit(require('node:test/reporters').junit ? 0 : 1)"`))
        ? runner
        : undefined;
    default:
      return runner;
  }
}

function end({ exitCode, timedOut, output }: RoomResult) {
  const { text, hidden } = escapeOutput(output);
  return { exitCode, timedOut, output: text, hidden };
}

async function readReport(
  room: Room,
  { report }: RunnerInvocation,
  judge: TestPlan,
  workingDirectory: string,
): Promise<TestCase[] | undefined> {
  if (!report) return undefined;
  const bytes = await room.take(report.name, maxReportBytes);
  if (!bytes || bytes.length >= maxReportBytes) return undefined;
  const place = { root: room.inside.work, workingDirectory };
  try {
    const text = bytes.toString('utf8');
    const tests =
      report.format === 'jest'
        ? parseJest(text, place)
        : await parseJUnit(text, place, judge.runner?.name === 'node');
    return tests.length > 0 ? tests : undefined;
  } catch {
    // What the tests leave is theirs to break; the exit code and the output are still there.
    return undefined;
  }
}

/** What facts hold of a test run. */
export function factsOf(run: TestRun) {
  return {
    command: run.command,
    exitCode: run.exitCode,
    timedOut: run.timedOut,
    seconds: run.seconds,
    source: run.source,
    ...(run.hidden > 0 && { hidden: run.hidden }),
    passed: run.tests.filter(({ status }) => status === 'passed').length,
    failing: run.tests
      .filter(({ status }) => status === 'failed')
      .slice(0, maxFailing)
      .map(
        ({ name, file, message }): FailingTest => ({
          name,
          ...(file && { file }),
          ...(message && { message }),
        }),
      ),
  };
}

/** Whether the command says so and no test says otherwise. */
export function passes(run: TestRun): boolean {
  return run.exitCode === 0 && !run.timedOut && run.tests.every(({ status }) => status !== 'failed');
}

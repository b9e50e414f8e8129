import type { Draft } from '../core/document.ts';
import { taskOf } from '../core/ledger.ts';
import { Fault } from '../core/outcome.ts';
import type { ProbeContext } from '../core/probe.ts';
import { describeRun } from './describe-run.ts';
import { resolveTestPlan, type TestPlan } from './test-plan.ts';
import { factsOf, passes, runTests, type TestRun } from './test-run.ts';

/**
 * The repository's tests at the task's head, in a fresh room: `pass`, `fail`, or `budget` when the time is up
 * before they end.
 * @throws Fault (missing-tool) when there is no test command or a program that it needs isn't there
 */
export async function tests(context: ProbeContext): Promise<Draft<'facts'>> {
  const judge = await resolveTestPlan(context);
  const run = await runTests(context, judge, taskOf(context.ledger).head, context.seconds);
  const missing = missingTool(judge, run);
  if (missing) throw new Fault(missing, 'missing-tool');
  return {
    kind: 'facts',
    by: 'probe:tests',
    probe: 'tests',
    ...factsOf(run),
    outcome: run.timedOut ? 'budget' : passes(run) ? 'pass' : 'fail',
    body: describeRun(run, context.config.workingDirectory),
  };
}

const setupHint =
  'A room has no network and no tools but those of the job: install them, and the packages of the repository (such as with `npm ci`), in a step before Countersign or by setup-command with allow-hosts, or set the input test-command.';

/** Why the tests could not even start, as far as it is no fault of the code under test. */
function missingTool({ command, runner, manifest }: TestPlan, run: TestRun): string | undefined {
  if (passes(run) || run.timedOut) return undefined;
  if (run.exitCode === 127 || run.exitCode === 126) {
    const program = programIn(run.output);
    const what = run.exitCode === 127 ? 'was not found' : 'can not be executed';
    return `${program ? `The program ${program}` : 'A program'} that \`${command}\` needs ${what} (exit code ${run.exitCode}). ${setupHint}`;
  }
  if (runner?.name === 'pytest' && run.source === 'log' && /No module named '?pytest\b/.test(run.output)) {
    return `The module pytest that \`${command}\` needs was not found. ${setupHint}`;
  }
  const unresolved = /Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND|: not found$/m.test(run.output);
  if (manifest.hasDependencies && !run.hasPackages && unresolved) {
    return `package.json has dependencies, but there is no node_modules for \`${command}\`. ${setupHint}`;
  }
  return undefined;
}

/** The name in a shell's complaint; the text is hostile, so that only a plain name counts. */
function programIn(output: string): string | undefined {
  const match = /(?:^|[:\s])([\w@+./-]{1,100}): (?:command )?not found$/m.exec(output.slice(-8000));
  return match?.[1] ?? /(?:^|[:\s])([\w@+./-]{1,100}): Permission denied$/m.exec(output.slice(-8000))?.[1];
}

import type { Document, Draft, FailingTest, IntegrityFault } from '../core/document.ts';
import { newest, newestFacts, taskOf } from '../core/ledger.ts';
import { Fault } from '../core/outcome.ts';
import type { ProbeContext } from '../core/probe.ts';
import { fence } from '../core/text.ts';
import { readBlobs } from './blobs.ts';
import { describeRun } from './describe-run.ts';
import { isCompared } from './test-file.ts';
import { integrityFaults, type PatchedFile } from './test-integrity.ts';
import { resolveTestPlan } from './test-plan.ts';
import { factsOf, passes, runTests } from './test-run.ts';

/** A patch whose tests take ten times as long as without it, and two minutes at least, hangs. */
const slower = 10;
const leastSeconds = 120;

/**
 * The tests on the newest patch alone, in a fresh room, run as they were at the head: `pass` when they all
 * pass, every test that failed among them, and the patch did nothing to make them say less; else `fail`.
 * @throws Fault when there is no patch to the task's head, or no test command; Error when git fails
 */
export async function prove(context: ProbeContext): Promise<Draft<'facts'>> {
  const { head } = taskOf(context.ledger);
  const patch = newest(context.ledger, 'patch');
  const before = newestFacts(context.ledger, 'tests');
  if (!patch) throw new Fault('There is no patch to prove.');
  if (!before) throw new Fault('There are no test results from before the patch to compare with.');
  if (patch.base !== head) throw new Fault(`The patch is based on ${patch.base}, not on the head ${head}.`);
  const judge = await resolveTestPlan(context);
  if (patch.files.length === 0) return unchanged(judge.command);
  const commit = await commitTree(context, patch.tree, head);
  const seconds = Math.min(context.seconds, Math.max(leastSeconds, before.seconds * slower));
  const run = await runTests(context, judge, commit, seconds);
  const files = await readFiles(context, commit, patch.files, before.failing);
  const tampered = integrityFaults(before, run, files, judge.command);
  const passed = passes(run) && tampered.length === 0;
  return {
    kind: 'facts',
    by: 'probe:prove',
    probe: 'prove',
    ...factsOf(run),
    tampered,
    outcome: passed ? 'pass' : 'fail',
    body: describeTamperings(tampered) + describeRun(run, context.config.workingDirectory),
  };
}

function unchanged(command: string): Draft<'facts'> {
  return {
    kind: 'facts',
    by: 'probe:prove',
    probe: 'prove',
    command,
    exitCode: null,
    timedOut: false,
    seconds: 0,
    source: 'log',
    passed: 0,
    failing: [],
    tampered: [],
    outcome: 'fail',
    body: 'The patch changes nothing, so the tests were not run again.\n',
  };
}

/** With fixed names and dates, so that the same patch is the same commit on every machine. */
async function commitTree({ git, signal }: ProbeContext, tree: string, parent: string): Promise<string> {
  const date = '2000-01-01T00:00:00Z';
  const env = {
    GIT_AUTHOR_NAME: 'Countersign',
    GIT_AUTHOR_EMAIL: 'countersign@localhost',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: 'Countersign',
    GIT_COMMITTER_EMAIL: 'countersign@localhost',
    GIT_COMMITTER_DATE: date,
  };
  const made = await git(['commit-tree', tree, '-p', parent, '-m', 'The patch to be proved'], {
    env,
    signal,
  });
  return made.toString('latin1').trim();
}

async function readFiles(
  { git, ledger, signal }: ProbeContext,
  commit: string,
  files: Document<'patch'>['files'],
  failing: readonly FailingTest[],
): Promise<PatchedFile[]> {
  const named = new Set(failing.map(({ file }) => file));
  const paths = files.map(({ path }) => path).filter((path) => isCompared(path) || named.has(path));
  const before = await readBlobs(git, taskOf(ledger).head, paths, signal);
  const after = await readBlobs(git, commit, paths, signal);
  return files.map(({ path, status }) => ({
    path,
    status,
    before: before.get(path),
    after: after.get(path),
  }));
}

function describeTamperings(tampered: readonly IntegrityFault[]): string {
  if (tampered.length === 0) return '';
  const lines = tampered.map(({ path, what, detail }) => `${path}: ${what}: ${detail}`);
  return `The patch can't be accepted, whatever the tests say, because it changes what they ask for. Leave the tests, their settings and the scripts that run them as they are, and change the code.\n\n${fence(lines.join('\n'))}\n\n`;
}

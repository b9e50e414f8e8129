import { posix } from 'node:path';
import { taskOf } from '../core/ledger.ts';
import { Fault } from '../core/outcome.ts';
import type { ProbeContext } from '../core/probe.ts';
import { findBlobs, readBlobs } from './blobs.ts';
import { commandFiles, detectCommand, lockFileNames, type Manifest, readManifest } from './command.ts';
import { type Runner, runnerOf } from './runner.ts';

/** How the tests of a task are run, at the head and on every patch to it alike. */
export interface TestPlan {
  command: string;
  runner?: Runner;
  manifest: Manifest;
}

/**
 * How the tests are run, from the workflow's inputs and the head's tree alone: a patch has no say in how it is
 * judged.
 * @throws Fault (missing-tool) when there is no command and nothing that tells one
 */
export async function resolveTestPlan(context: ProbeContext): Promise<TestPlan> {
  const { config, git, signal } = context;
  const { head } = taskOf(context.ledger);
  const inDirectory = (name: string): string => posix.join(config.workingDirectory, name);
  const path = inDirectory('package.json');
  const manifest = readManifest((await readBlobs(git, head, [path], signal)).get(path));
  const command = config.testCommand ?? detectCommand(await present(), manifest);
  if (command === undefined) {
    throw new Fault(
      `No test command was found: there is no package.json with a test script and none of ${commandFiles.slice(1).join(', ')} in ${config.workingDirectory === '.' ? 'the root of the repository' : config.workingDirectory} at ${head.slice(0, 12)}. Set the input test-command to the command that runs the tests.`,
      'missing-tool',
    );
  }
  const runner = runnerOf(command, manifest.scripts);
  return { command, manifest, ...(runner && { runner }) };

  async function present(): Promise<ReadonlySet<string>> {
    // The lock file of a workspace stands at the root.
    const names = [...commandFiles, ...lockFileNames];
    const found = await findBlobs(git, head, [...names.map(inDirectory), ...lockFileNames], signal);
    return new Set(names.filter((name) => found.has(inDirectory(name)) || isRootLock(name, found)));
  }
}

function isRootLock(name: string, found: ReadonlyMap<string, unknown>): boolean {
  return lockFileNames.includes(name) && found.has(name);
}

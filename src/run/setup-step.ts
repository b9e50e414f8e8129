import { type Agent, probeOf, type Stage } from '../core/agent.ts';
import type { Config } from '../core/config.ts';
import type { Draft } from '../core/document.ts';
import type { Fault } from '../core/outcome.ts';
import type { SetupArtifacts } from '../room/setup-artifacts.ts';
import { runSetup, type SetupOptions } from './setup-command.ts';
import { refusedHosts, setupFacts, setupFault } from './setup-facts.ts';

/** What the setup command came to. */
export interface SetupResult {
  facts: Draft<'facts'>;
  /** What it has left for the rooms opened after it. */
  artifacts?: SetupArtifacts;
  /** Why the run can't go on, if it can't. */
  fault?: Fault;
}

/** Runs the setup command when it is still to be run and `stage` is the first that needs it. */
export type SetupStep = (
  stage: Stage,
  work: Pick<SetupOptions, 'commit' | 'seconds'>,
) => Promise<SetupResult | undefined>;

type Given = Omit<SetupOptions, 'command' | 'commit' | 'workingDirectory' | 'seconds' | 'hosts'> & {
  config: Pick<Config, 'setupCommand' | 'allowHosts' | 'workingDirectory'>;
  class: Agent['class'];
  say: (progress: string) => void;
  warn: (text: string) => void;
};

/** The setup command of one run: run once at most, at the head, and never on what a session has written. */
export function setupStep(given: Given): SetupStep {
  const { config, say, warn } = given;
  const { setupCommand: command, allowHosts: hosts, workingDirectory } = config;
  let isDone = command === undefined;
  return async (stage, work) => {
    if (isDone || command === undefined || !runsCode(stage, given.class)) return undefined;
    isDone = true;
    say(`running ${command}`);
    if (!given.relay && hosts.length > 0)
      warn('Without a sandbox, allow-hosts can not be kept: the setup-command has all of the network.');
    const { result, asked, artifacts, ...made } = await runSetup({
      ...given,
      ...work,
      command,
      workingDirectory,
      hosts,
    });
    const run = { command, result, ...(given.relay && { asked }) };
    const fault = setupFault(run, hosts) ?? made.fault;
    if (!fault && given.relay)
      for (const sentence of refusedHosts(asked)) say(`the setup-command ended well. ${sentence}`);
    return { facts: setupFacts(run), ...(artifacts && { artifacts }), ...(fault && { fault }) };
  };
}

/** A reviewer's session reads; whatever else opens a room runs code of the repository in it. */
function runsCode(stage: Stage, agentClass: Agent['class']): boolean {
  const probe = probeOf(stage);
  return probe
    ? probe === 'tests' || probe === 'prove'
    : stage.by === 'session' && agentClass === 'generator';
}

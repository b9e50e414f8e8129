import { join } from 'node:path';
import { surcharge } from '../core/access.ts';
import { probeOf, type Stage } from '../core/agent.ts';
import { costUsd, type Remaining, type TaskLimit } from '../core/budget.ts';
import type { Draft } from '../core/document.ts';
import type { Git } from '../core/git.ts';
import { type Ledger, taskOf } from '../core/ledger.ts';
import type { Step } from '../core/next.ts';
import type { End, StageOutcome } from '../core/outcome.ts';
import { decide, type Rules } from '../core/policy.ts';
import { instructionsOf, promptOf } from '../core/prompt.ts';
import type { OpenRoom } from '../core/room.ts';
import { outcomeOfEnd } from '../core/session-end.ts';
import { truncate } from '../core/text.ts';
import { connect } from '../gateway/providers/index.ts';
import { probes } from '../probes/index.ts';
import type { Mount } from '../room/environment.ts';
import { prepareSandbox } from '../room/install.ts';
import { roomsIn } from '../room/room.ts';
import type { SetupArtifacts } from '../room/setup-artifacts.ts';
import type { BaseFiles } from './base-files.ts';
import type { RunOptions } from './options.ts';
import { runSession } from './session.ts';
import { type SetupResult, setupStep } from './setup-step.ts';

/** A step that runs a stage. */
type StageStep = Extract<Step, { run: Stage }>;

/** What runs the stages of one run, each in rooms of its own. */
export interface Stages {
  /**
   * Runs the setup command when it is still to be run and `stage` is the first that needs it.
   * @returns what it came to; undefined when there was nothing to do
   */
  setUp(stage: Stage, ledger: Ledger, seconds: number): Promise<SetupResult | undefined>;
  /** The documents that one attempt of a stage adds; the last of them carries its outcome. */
  run(step: StageStep, ledger: Ledger, limits: Remaining): Promise<Draft[]>;
}

/** All that is the same for each stage of a run. */
interface StageContext {
  options: RunOptions;
  base: BaseFiles;
  rules: Rules;
  git: Git;
  openRoom: OpenRoom;
  isSandboxed: boolean;
}

/**
 * Prepares the sandbox and what of ours is run in it.
 * @throws Fault when there can be no sandbox and one is required
 */
export async function openStages(
  options: RunOptions,
  git: Git,
  base: BaseFiles,
  rules: Rules,
): Promise<Stages> {
  const { config, deps, scratch, dist } = options;
  const { host, say, warn, id, signal } = deps;
  const sandbox = await prepareSandbox(config.sandbox, { ...host, signal, say, warn });
  const isSandboxed = sandbox !== 'none';
  // What the setup command installs, it installs from the beginning: into a tree of nothing but the commit.
  const installsAnew = config.setupCommand !== undefined && config.allowHosts.length > 0;
  const workspace = installsAnew ? undefined : options.workspace;
  const shared = { git, signal, ...(workspace && { workspace }) };
  const root = join(scratch, 'rooms');
  const openRoomWith = roomsIn({ ...shared, root, sandbox, host: host, id, programs: programsOf(dist) });
  const setup = setupStep({
    ...shared,
    config,
    class: base.agent.class,
    relay: isSandboxed ? ['/countersign/node', '/countersign/relay.cjs'] : undefined,
    openRoom: openRoomWith,
    rooms: root,
    sockets: scratch,
    say,
    warn,
  });
  let artifacts: SetupArtifacts | undefined;
  const openRoom: OpenRoom = (request) => openRoomWith(request, artifacts);
  const context: StageContext = { options, base, rules, git, openRoom, isSandboxed };
  return {
    setUp: async (stage, ledger, seconds) => {
      const result = await setup(stage, { commit: taskOf(ledger).head, seconds });
      if (result) artifacts = result.artifacts;
      return result;
    },
    run: (step, ledger, limits) => runStage(step, ledger, limits, context),
  };
}

/** What of ours runs in a room: Node, and the programs of dist/ for sessions and the setup command. */
function programsOf(dist: string): Mount[] {
  return [
    { from: process.execPath, at: '/countersign/node' },
    // Named .cjs there, because the package.json that says what a .js is stays outside.
    ...(['generator', 'reviewer', 'relay'] as const).map((name) => ({
      from: join(dist, `${name}.js`),
      at: `/countersign/${name}.cjs`,
    })),
  ];
}

async function runStage(
  { run: stage, attempt }: StageStep,
  ledger: Ledger,
  limits: Remaining,
  context: StageContext,
): Promise<Draft[]> {
  context.options.deps.say(attempt === 1 ? stage.name : `${stage.name} (attempt ${attempt})`);
  const probe = probeOf(stage);
  const drafts =
    stage.by === 'policy'
      ? [judge(ledger, context)]
      : probe
        ? [await runProbe(probe, ledger, limits, context)]
        : await runSessionStage(stage, attempt, ledger, limits, context);
  return drafts.map((draft) => ({ ...draft, stage: stage.name, attempt }));
}

function judge(ledger: Ledger, { base, rules }: StageContext): Draft<'verdict'> {
  const verdict = decide(base.agent, ledger, 'publish' satisfies End, rules);
  return { ...verdict, outcome: verdict.verdict === 'pass' || verdict.verdict === 'fixed' ? 'pass' : 'fail' };
}

function runProbe(
  name: string,
  ledger: Ledger,
  { seconds }: Remaining,
  { options, base, git, openRoom }: StageContext,
): Promise<Draft> {
  const { config, deps } = options;
  const { say, signal } = deps;
  const { repository } = base;
  return probes[name]!({ ledger, config, repository, git, openRoom, seconds, signal, say });
}

async function runSessionStage(
  stage: Stage,
  attempt: number,
  ledger: Ledger,
  limits: Remaining,
  { options, base, git, openRoom, isSandboxed }: StageContext,
): Promise<Draft[]> {
  const { config, deps, dist, scratch } = options;
  const { agent, repository, conventions } = base;
  const argv: [string, ...string[]] = isSandboxed
    ? ['/countersign/node', `/countersign/${agent.class}.cjs`]
    : [process.execPath, join(dist, `${agent.class}.js`)];
  const { access, model } = config;
  const { send, secrets } = await connect(access, deps.identityToken, dist);
  const { usage, proposal, reason } = await runSession({
    agent,
    commit: taskOf(ledger).head,
    instructions: instructionsOf(agent, repository.rules, conventions),
    prompt: promptOf(agent, stage, attempt, ledger),
    model,
    provider: access.provider,
    costUsd: (tokens) => costUsd(model, tokens) * surcharge(access, model),
    limits,
    argv,
    sockets: scratch,
    openRoom,
    git,
    send,
    secrets,
    now: deps.now,
    say: deps.say,
    signal: deps.signal,
  });
  if (proposal) return [usage, { ...proposal, outcome: 'pass' }];
  const outcome = outcomeOfEnd(usage.ended);
  return outcome ? [usage, withoutResult(reason, outcome)] : [usage];
}

/** What a stage comes to that isn't run any more, because a limit is used up. */
export function stoppedBy(limit: TaskLimit, { run: stage, attempt }: StageStep): Draft<'facts'> {
  return { ...withoutResult(`The limit ${limit} is used up.`, 'budget'), stage: stage.name, attempt };
}

function withoutResult(reason: string, outcome: StageOutcome): Draft<'facts'> {
  return {
    kind: 'facts',
    by: 'run',
    probe: 'session',
    reason: truncate(reason, 2000),
    outcome,
  };
}

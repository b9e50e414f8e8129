import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { surcharge } from '../core/access.ts';
import { type Agent, probeOf, type Stage } from '../core/agent.ts';
import { costUsd, exhausted, type Limits, remaining } from '../core/budget.ts';
import type { Config } from '../core/config.ts';
import type { Draft } from '../core/document.ts';
import type { Git } from '../core/git.ts';
import { append, type Ledger, newest, taskOf } from '../core/ledger.ts';
import { next } from '../core/next.ts';
import { type End, Fault, type Outcome, type StageOutcome } from '../core/outcome.ts';
import type { Platform, Subject } from '../core/platform.ts';
import { decide, type Rules, settle } from '../core/policy.ts';
import { instructionsOf, promptOf } from '../core/prompt.ts';
import type { OpenRoom } from '../core/room.ts';
import { taskFor } from '../core/task.ts';
import { connect } from '../gateway/providers/index.ts';
import { openGit } from '../git/git.ts';
import { applyPatch } from '../git/patch.ts';
import { probes } from '../probes/index.ts';
import type { Machine, Mount } from '../room/environment.ts';
import { prepareSandbox } from '../room/install.ts';
import { roomsIn, wipe } from '../room/room.ts';
import { openStore, type Store } from '../stores/directory.ts';
import { type BaseFiles, readBaseFiles } from './base-files.ts';
import { runSession } from './session.ts';
import { type SetupStep, setupStep } from './setup-step.ts';

/** The world a run happens in; everything that isn't the same twice comes from here. */
export interface World {
  now: () => Date;
  id: () => string;
  machine: Machine;
  isRoot: boolean;
  /** Whether what is missing may be installed unasked. */
  mayInstall: boolean;
  signal: AbortSignal;
  say: (progress: string) => void;
  warn: (text: string) => void;
  /** The workflow's OIDC token for an audience. */
  identityToken: (audience: string) => Promise<string>;
}

export interface RunOptions {
  config: Readonly<Config>;
  /** The platform, all of whose waiting the signal ends: stopped by a person, or the time is up. */
  platform: (signal: AbortSignal) => Platform;
  world: World;
  /** For rooms and the clean repository; wiped at the end. */
  scratch: string;
  /** For ledgers, one directory a task; kept. */
  ledgers: string;
  /** A checkout whose installed dependencies rooms may use. */
  workspace?: string;
  /** The folder of the bundles. */
  dist: string;
  /** Starts anew where an earlier run of the same task has come to its verdict, keeping that run's ledger aside. */
  again?: boolean;
  /** Brings the ledger of an earlier job (`phase: apply`) into the store's directory. */
  bringLedger?: (taskId: string, directory: string) => Promise<void>;
  /** Told of the ledger each time it has been saved, for a run that ends in a fault. */
  onSaved?: (ledger: Ledger, directory: string) => void;
}

export type RunResult =
  | { outcome: Outcome; ledger: Ledger; directory: string }
  | { outcome: 'noop'; nothing: string };

/** Sessions and tests have the time limit for themselves; what is done around them has this much more. */
const graceSeconds = 60;

/**
 * One run, from an event to its outcome: what is asked, the ledger, `next` until an end, the verdict, and the
 * effects that it allows. Whatever happens, no room is left behind.
 * @throws Fault with a sentence for a person; what the ledger holds by then has been saved
 */
export async function run(given: RunOptions): Promise<RunResult> {
  const late = new AbortController();
  const deadline = setTimeout(() => late.abort(), (given.config.limits.minutes * 60 + graceSeconds) * 1000);
  const signal = AbortSignal.any([given.world.signal, late.signal]);
  const options = { ...given, world: { ...given.world, signal } };
  const { config, world, scratch } = options;
  try {
    const platform = given.platform(signal);
    world.say('Looking at what there is to do');
    const asked = await platform.ask(config.agent);
    if ('nothing' in asked) return { outcome: 'noop', nothing: asked.nothing };
    const git = await openGit(join(scratch, 'git'));
    await platform.fetch(git, asked.subject);
    const base = await readBaseFiles(git, asked.subject.base, config.agent, config.configFile);
    const trigger = asked.subject.event as Agent['triggers'][number];
    if (!base.agent.triggers.includes(trigger)) {
      return { outcome: 'noop', nothing: `The agent ${base.agent.name} does not answer to ${trigger}.` };
    }
    await expectDirectory(git, asked.subject.head, config.workingDirectory);
    // What is begun to be published is brought to its end.
    const onVerdict = (): void => clearTimeout(deadline);
    return await carryOn(options, { platform, git, base, subject: asked.subject, onVerdict });
  } catch (error) {
    if (!late.signal.aborted || given.world.signal.aborted) throw error;
    throw new Fault(
      `The run took longer than timeout-minutes (${config.limits.minutes}) and a minute for everything else, so it was stopped: raise it, or make the change smaller.`,
      'budget',
      { cause: error },
    );
  } finally {
    clearTimeout(deadline);
    await wipe(scratch).catch((error: Error) =>
      world.warn(`${error.message}; it is tried again at the end of the job.`),
    );
  }
}

/** What a run goes on with once it is known what is asked. */
interface Errand {
  platform: Platform;
  git: Git;
  base: BaseFiles;
  subject: Subject;
  onVerdict: () => void;
}

async function carryOn(
  options: RunOptions,
  { platform, git, base, subject, onVerdict }: Errand,
): Promise<RunResult> {
  const { config, world } = options;
  const task = taskFor(subject, base.agent);
  const store = openStore(join(options.ledgers, task.id));
  if (config.phase === 'apply') await options.bringLedger?.(task.id, store.directory);
  let ledger = config.phase === 'apply' ? await load(store) : await resume(options, store, task);
  const add = async (draft: Draft): Promise<void> => {
    ledger = append(ledger, draft, world.now());
    await store.save(ledger);
    options.onSaved?.(ledger, store.directory);
  };
  if (ledger.length === 0) {
    if (config.phase === 'apply')
      throw new Fault(
        'There is no ledger to apply: the job with `phase: propose` has to run before, in the same workflow run.',
      );
    await add(task);
  }
  const limits = narrow(config.limits, base.agent);
  if (config.phase === 'apply') expectProposed(ledger, task, config);
  // Who could write the ledger where it was kept could write a verdict, so this run comes to its own.
  if (isJudged(ledger)) await add(judgeAnew(ledger, base.agent, limits.attempts, rulesOf(config, base)));
  let tools: Workshop | undefined;
  while (config.phase !== 'apply') {
    const step = next(base.agent, ledger, limits.attempts);
    if ('end' in step) {
      if (!isJudged(ledger)) await add(decide(base.agent, ledger, step.end, rulesOf(config, base)));
      break;
    }
    tools ??= await openWorkshop(options, git, base.agent);
    const left = remaining(limits, ledger);
    const setup = exhausted(left)
      ? undefined
      : await tools.setup.before(step.run, { commit: task.head, seconds: left.seconds });
    if (setup) await add(setup.facts);
    if (setup?.fault) throw setup.fault;
    for (const draft of await runStage(step.run, step.attempt, ledger, { options, base, limits, tools, git }))
      await add(draft);
    world.signal.throwIfAborted();
  }
  onVerdict();
  const verdict = newest(ledger, 'verdict')!;
  if (config.phase === 'propose')
    return { outcome: proposed(verdict.verdict), ledger, directory: store.directory };
  await restorePatch(git, ledger);
  for (const effect of verdict.effects) {
    if (!platform.effects.includes(effect.type)) continue;
    await add({ kind: 'intent', by: 'policy', effect });
    await add(await platform.perform(effect, ledger, git));
  }
  return { outcome: settle(ledger), ledger, directory: store.directory };
}

/**
 * @throws Fault when the ledger is not the one that another job has finished and named, or is about something
 * else than what this job was asked
 */
function expectProposed(ledger: Ledger, asked: Draft<'task'>, { ledgerDigest }: Config): void {
  const refuse = (why: string): Fault =>
    new Fault(`The ledger to apply ${why}, so it is refused.`, 'refused');
  if (ledger.at(-1)?.digest !== ledgerDigest)
    throw refuse('does not end with ledger-digest: it is not the one that was proposed');
  const other = otherThan(ledger, asked);
  if (other) throw refuse(`is about another task than this event (its ${other} is another one)`);
  if (!isJudged(ledger))
    throw new Fault('The ledger to apply is not finished; `phase: apply` runs no stage.');
}

/** The first thing that makes the ledger's task another one than what is asked. */
function otherThan(ledger: Ledger, asked: Draft<'task'>): string | undefined {
  const task = taskOf(ledger);
  return (['id', 'agent', 'class', 'repository', 'subject', 'pull', 'head', 'headRepository'] as const).find(
    (field) => task[field] !== asked[field],
  );
}

/** The verdict on a ledger that has one, from all that was found out before it. */
function judgeAnew(ledger: Ledger, agent: Agent, attempts: number, rules: Rules): Draft<'verdict'> {
  const before = ledger.slice(0, newest(ledger, 'verdict')!.seq - 1);
  const step = next(agent, before, attempts);
  if ('end' in step) return decide(agent, before, step.end, rules);
  // Any other stage that could follow is one that the earlier run, with fewer attempts, has given up.
  return decide(agent, before, step.run.by === 'policy' ? 'publish' : 'give-up', rules);
}

/** The ledger to go on with; one that is of no use any more is kept aside, and a new one begins. */
async function resume({ again, world }: RunOptions, store: Store, task: Draft<'task'>): Promise<Ledger> {
  const aside = async (): Promise<Ledger> => {
    await rename(store.directory, `${store.directory}.${world.id()}`);
    return store.load();
  };
  let ledger: Ledger;
  try {
    ledger = await load(store);
  } catch (error) {
    world.warn(`${(error as Error).message} It is kept aside, and the task begins anew.`);
    return aside();
  }
  if (ledger.length === 0) return ledger;
  if (otherThan(ledger, task)) {
    world.warn(
      'The ledger of an earlier run is about another task. It is kept aside, and the task begins anew.',
    );
    return aside();
  }
  return isOfAnotherBase(ledger, task) || (again && newest(ledger, 'verdict')) ? aside() : ledger;
}

/** The same head may be asked about against another base, or after the base has moved: that is another question. */
function isOfAnotherBase(ledger: Ledger, { base, mergeBase }: Draft<'task'>): boolean {
  const before = taskOf(ledger);
  return before.base !== base || before.mergeBase !== mergeBase;
}

/** Without it every command would fail as if a test did. */
async function expectDirectory(git: Git, head: string, directory: string): Promise<void> {
  if (directory === '.') return;
  const type = await git(['cat-file', '-t', `${head}:${directory.replace(/^\.\//, '')}`]).catch(
    () => 'nothing',
  );
  if (String(type).trim() !== 'tree') {
    throw new Fault(
      `Input working-directory: ${JSON.stringify(directory)} is not allowed; it must be a folder that is there at the head commit.`,
    );
  }
}

async function load(store: Store): Promise<Ledger> {
  try {
    return await store.load();
  } catch (error) {
    throw new Fault(
      `The ledger in ${store.directory} was changed or damaged, so it is refused: ${(error as Error).message}.`,
      'refused',
    );
  }
}

function narrow(limits: Limits, { budget }: Agent): Limits {
  return {
    attempts: limits.attempts,
    minutes: Math.min(limits.minutes, budget.minutes ?? limits.minutes),
    turns: Math.min(limits.turns, budget.turns ?? limits.turns),
    tokens: Math.min(limits.tokens, budget.tokens ?? limits.tokens),
    costUsd: Math.min(limits.costUsd, budget.usd ?? limits.costUsd),
  };
}

function rulesOf(config: Config, { repository }: BaseFiles) {
  return { failOn: config.failOn, protected: repository.protected };
}

/** True when the newest verdict is about all that has been found out. */
function isJudged(ledger: Ledger): boolean {
  const verdict = newest(ledger, 'verdict');
  return (
    verdict !== undefined &&
    ledger.slice(verdict.seq).every(({ kind }) => kind === 'intent' || kind === 'receipt')
  );
}

/** In a job of its own, only what can't be published is already a result; the rest is for `apply` to say. */
function proposed(outcome: Outcome): Outcome {
  return outcome === 'fixed' || outcome === 'pass' || outcome === 'fail' ? 'proposed' : outcome;
}

/** A ledger from another machine brings its patch as text; the clean repository here needs its tree. */
async function restorePatch(git: Git, ledger: Ledger): Promise<void> {
  const patch = newest(ledger, 'patch');
  if (!patch) return;
  const there = await git(['cat-file', '-e', `${patch.tree}^{tree}`]).then(
    () => true,
    () => false,
  );
  if (there) return;
  const tree = await applyPatch(git, patch.base, Buffer.from(patch.body, patch.encoding));
  if (tree !== patch.tree)
    throw new Fault(
      'The patch in the ledger does not make the tree that it names, so it is refused.',
      'refused',
    );
}

/** What stages are run with; made when the first stage needs it. */
interface Workshop {
  openRoom: OpenRoom;
  setup: SetupStep;
  isSandboxed: boolean;
}

async function openWorkshop(
  { config, world, scratch, workspace: installed, dist }: RunOptions,
  git: Git,
  agent: Agent,
): Promise<Workshop> {
  const { machine, isRoot, mayInstall, say, warn, id, signal } = world;
  const sandbox = await prepareSandbox(config.sandbox, {
    platform: process.platform,
    path: machine.path,
    isRoot,
    mayInstall,
    signal,
    say,
    warn,
  });
  const programs: Mount[] = [
    { from: process.execPath, at: '/countersign/node' },
    // Named .cjs there, because the package.json that says what a .js is stays outside.
    ...(['generator', 'reviewer', 'relay'] as const).map((name) => ({
      from: join(dist, `${name}.js`),
      at: `/countersign/${name}.cjs`,
    })),
  ];
  const root = join(scratch, 'rooms');
  // What the setup command installs, it installs from the beginning: into a tree of nothing but the commit.
  const installsAnew = config.setupCommand !== undefined && config.allowHosts.length > 0;
  const workspace = installsAnew ? undefined : installed;
  const openRoom = roomsIn({
    root,
    left: () => setup.left(),
    sandbox,
    machine,
    git,
    programs,
    id,
    signal,
    ...(workspace && { workspace }),
  });
  const setup = setupStep({
    config,
    class: agent.class,
    relay: sandbox === 'none' ? undefined : ['/countersign/node', '/countersign/relay.cjs'],
    openRoom,
    rooms: root,
    git,
    sockets: scratch,
    signal,
    say,
    warn,
    ...(workspace && { workspace }),
  });
  return { openRoom, setup, isSandboxed: sandbox !== 'none' };
}

interface StageContext {
  options: RunOptions;
  base: BaseFiles;
  limits: Limits;
  tools: Workshop;
  git: Git;
}

/** The documents that one attempt of a stage adds; the last of them carries its outcome. */
async function runStage(
  stage: Stage,
  attempt: number,
  ledger: Ledger,
  context: StageContext,
): Promise<Draft[]> {
  const { options, base, limits, tools, git } = context;
  const { config, world } = options;
  const place = { stage: stage.name, attempt };
  const left = remaining(limits, ledger);
  const limit = exhausted(left);
  if (limit) return [{ ...stopped(`The limit ${limit} is used up.`, 'budget'), ...place }];
  world.say(attempt === 1 ? stage.name : `${stage.name} (attempt ${attempt})`);
  if (stage.by === 'policy') {
    const verdict = decide(base.agent, ledger, 'publish' satisfies End, rulesOf(config, base));
    return [
      {
        ...verdict,
        outcome: verdict.verdict === 'pass' || verdict.verdict === 'fixed' ? 'pass' : 'fail',
        ...place,
      },
    ];
  }
  const probe = probeOf(stage);
  if (probe) {
    const { say, signal } = world;
    const { openRoom } = tools;
    const draft = await probes[probe]!({
      ledger,
      config,
      repository: base.repository,
      git,
      openRoom,
      seconds: left.seconds,
      signal,
      say,
    });
    return [{ ...draft, ...place }];
  }
  return (await session(stage, attempt, ledger, left, context)).map((draft) => ({ ...draft, ...place }));
}

async function session(
  stage: Stage,
  attempt: number,
  ledger: Ledger,
  limits: ReturnType<typeof remaining>,
  context: StageContext,
): Promise<Draft[]> {
  const { options, base, tools, git } = context;
  const { config, world, dist, scratch } = options;
  const { agent, repository, conventions } = base;
  const argv: [string, ...string[]] = tools.isSandboxed
    ? ['/countersign/node', `/countersign/${agent.class}.cjs`]
    : [process.execPath, join(dist, `${agent.class}.js`)];
  const { access, model } = config;
  const { send, secrets } = await connect(access, world.identityToken, dist);
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
    openRoom: tools.openRoom,
    git,
    send,
    secrets,
    now: world.now,
    say: world.say,
    signal: world.signal,
  });
  if (proposal) return [usage, { ...proposal, outcome: 'pass' }];
  // Without an outcome the stage is still to be run: a resumed run takes it up again.
  if (usage.ended === 'aborted') return [usage];
  return [usage, stopped(reason, outcomes[usage.ended])];
}

/** What the end of a session without a proposal means for its stage. */
const outcomes: Record<Draft<'usage'>['ended'], StageOutcome> = {
  done: 'fail',
  refused: 'fail',
  'max-tokens': 'fail',
  budget: 'budget',
  timeout: 'budget',
  aborted: 'error',
  crashed: 'error',
  'api-error': 'error',
};

function stopped(reason: string, outcome: StageOutcome): Draft<'facts'> {
  return {
    kind: 'facts',
    by: 'probe:session',
    probe: 'session',
    reason: reason.slice(0, 2000).toWellFormed(),
    outcome,
  };
}

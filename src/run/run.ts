import { join } from 'node:path';
import type { Agent } from '../core/agent.ts';
import { exhausted, narrowLimits, remaining } from '../core/budget.ts';
import type { Draft } from '../core/document.ts';
import type { Git } from '../core/git.ts';
import { append, newest } from '../core/ledger.ts';
import { next } from '../core/next.ts';
import { Fault, type Outcome } from '../core/outcome.ts';
import type { Platform, Subject } from '../core/platform.ts';
import { decide, isJudged, judgeAnew, settle } from '../core/policy.ts';
import { taskFor } from '../core/task.ts';
import { openGit } from '../git/git.ts';
import { restorePatch } from '../git/patch.ts';
import { wipe } from '../room/room.ts';
import { openStore } from '../stores/directory.ts';
import { type BaseFiles, readBaseFiles } from './base-files.ts';
import type { RunOptions, RunResult } from './options.ts';
import { loadProposed, resume } from './resume.ts';
import { openStages, type Stages, stoppedBy } from './stage.ts';

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
  const signal = AbortSignal.any([given.deps.signal, late.signal]);
  const options = { ...given, deps: { ...given.deps, signal } };
  const { config, deps, scratch } = options;
  try {
    const platform = given.platform(signal);
    deps.say('Looking at what there is to do');
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
    return await runTask(options, { platform, git, base, subject: asked.subject, onVerdict });
  } catch (error) {
    if (!late.signal.aborted || given.deps.signal.aborted) throw error;
    throw new Fault(
      `The run took longer than timeout-minutes (${config.limits.minutes}) and a minute for everything else, so it was stopped: raise it, or make the change smaller.`,
      'budget',
      { cause: error },
    );
  } finally {
    clearTimeout(deadline);
    await wipe(scratch).catch((error: Error) =>
      deps.warn(`${error.message}; it is tried again at the end of the job.`),
    );
  }
}

/** What a run goes on with once it is known what is asked. */
interface RunContext {
  platform: Platform;
  git: Git;
  base: BaseFiles;
  subject: Subject;
  onVerdict: () => void;
}

async function runTask(
  options: RunOptions,
  { platform, git, base, subject, onVerdict }: RunContext,
): Promise<RunResult> {
  const { config, deps } = options;
  const { agent, repository } = base;
  const task = taskFor(subject, agent);
  const store = openStore(join(options.ledgers, task.id));
  const { directory } = store;
  const applies = config.phase === 'apply';
  if (applies) await options.bringLedger?.(task.id, directory);
  let ledger = applies
    ? await loadProposed(store, task, config)
    : await resume(store, task, deps, options.again === true);
  const add = async (draft: Draft): Promise<void> => {
    ledger = append(ledger, draft, deps.now());
    await store.save(ledger);
    options.onSaved?.(ledger, directory);
  };
  if (ledger.length === 0) await add(task);
  const limits = narrowLimits(config.limits, agent);
  const rules = { failOn: config.failOn, protected: repository.protected };
  // Who could write the ledger where it was kept could write a verdict, so this run comes to its own.
  if (isJudged(ledger)) await add(judgeAnew(agent, ledger, limits.attempts, rules));
  let stages: Stages | undefined;
  while (!applies) {
    const step = next(agent, ledger, limits.attempts);
    if ('end' in step) {
      if (!isJudged(ledger)) await add(decide(agent, ledger, step.end, rules));
      break;
    }
    const left = remaining(limits, ledger);
    const limit = exhausted(left);
    if (limit) {
      await add(stoppedBy(limit, step));
      continue;
    }
    stages ??= await openStages(options, git, base, rules);
    const setup = await stages.setUp(step.run, ledger, left.seconds);
    if (setup) await add(setup.facts);
    if (setup?.fault) throw setup.fault;
    // What the setup command has used up is looked at before the stage is run.
    if (!setup) for (const draft of await stages.run(step, ledger, left)) await add(draft);
    deps.signal.throwIfAborted();
  }
  onVerdict();
  const verdict = newest(ledger, 'verdict')!;
  if (config.phase === 'propose') return { outcome: proposed(verdict.verdict), ledger, directory };
  await restorePatch(git, newest(ledger, 'patch'));
  for (const effect of verdict.effects) {
    if (!platform.effects.includes(effect.type)) continue;
    await add({ kind: 'intent', by: 'policy', effect });
    await add(await platform.perform(effect, ledger, git));
  }
  return { outcome: settle(ledger), ledger, directory };
}

/** In a job of its own, only what can't be published is already a result; the rest is for `apply` to say. */
function proposed(outcome: Outcome): Outcome {
  return outcome === 'fixed' || outcome === 'pass' || outcome === 'fail' ? 'proposed' : outcome;
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

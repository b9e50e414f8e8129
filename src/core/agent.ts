import { parse } from 'yaml';
import * as z from 'zod';
import { documentKinds } from './document.ts';
import { effectTypes } from './effect.ts';
import { type End, ends, Fault, type StageOutcome } from './outcome.ts';
import { readOnlyTools, toolNames } from './tool.ts';

/** The outcomes that a stage has to lead somewhere; `error` and `budget` end the run by themselves. */
const mustLead = ['pass', 'fail'] as const;

const stage = z.strictObject({
  needs: z.array(z.enum(documentKinds)).default([]),
  makes: z.enum(documentKinds),
  by: z.string().regex(/^(session|policy|probe [a-z][\w-]*)$/, 'is `session`, `policy` or `probe NAME`'),
  // biome-ignore lint/suspicious/noThenProperty: the design's word for it; no promise is anywhere near.
  then: z.record(
    z
      .string()
      .regex(
        /^(pass|fail|noop)(@([1-9]\d?|max))?$/,
        'is pass, fail or noop, with @N or @max for the Nth time',
      ),
    z.string(),
  ),
});

export type Stage = z.infer<typeof stage> & { name: string };

const agentFile = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,49}$/),
  description: z.string().max(300),
  class: z.enum(['generator', 'reviewer']),
  triggers: z
    .array(
      z.enum([
        'pull_request',
        'pull_request_target',
        'issue_comment',
        'workflow_run',
        'workflow_dispatch',
        'local',
      ]),
    )
    .min(1),
  stages: z.record(z.string().regex(/^[a-z][a-z-]*$/), stage),
  tools: z.array(z.enum(toolNames)),
  budget: z
    .strictObject({
      turns: z.int().positive().optional(),
      tokens: z.int().positive().optional(),
      usd: z.number().positive().optional(),
      minutes: z.number().positive().optional(),
    })
    .default({}),
  effects: z.array(z.enum(effectTypes)),
  /** Globs of paths that a generator's patch may touch; all of them when absent. */
  paths: z.array(z.string().min(1).max(500)).min(1).max(200).optional(),
});

export type Agent = Omit<z.infer<typeof agentFile>, 'stages'> & {
  stages: readonly Stage[];
  instructions: string;
};

/**
 * The agent in the text of an `.agent.md`: front matter, then the body that becomes its sessions' CLAUDE.md.
 * @param probes the names of the probes there are
 * @throws Fault with one line naming the file and what is wrong, also for stages that can't end: an unknown
 * target, a loop that no `@N` leaves, a stage that nothing leads to
 */
export function parseAgent(text: string, file: string, probes: readonly string[]): Agent {
  const match = /^---\r?\n([\s\S]*?)\r?\n---\r?\n?([\s\S]*)$/.exec(text);
  if (!match) throw invalid(file, 'it does not start with front matter between --- lines');
  let front: unknown;
  try {
    front = parse(match[1]!, { maxAliasCount: 0 });
  } catch (error) {
    throw invalid(file, `its front matter is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const result = agentFile.safeParse(front);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw invalid(file, `${issue.path.join('.') || 'front matter'}: ${issue.message}`);
  }
  const stages = Object.entries(result.data.stages).map(([name, value]) => ({ name, ...value }));
  const agent = { ...result.data, stages, instructions: match[2]!.trim() };
  const fault = faultOf(agent, probes);
  if (fault) throw invalid(file, fault);
  return agent;
}

function invalid(file: string, why: string): Fault {
  return new Fault(`The agent file ${file} is invalid: ${why}.`);
}

function faultOf(agent: Agent, probes: readonly string[]): string | undefined {
  if (!agent.instructions) return 'it has no body, so its sessions would have no instructions';
  if (agent.stages.length === 0) return 'it has no stages';
  if (agent.class === 'reviewer') {
    const writing = agent.tools.find((tool) => !readOnlyTools.includes(tool));
    if (writing) return `a reviewer can't have the tool ${writing}: its tree is read-only`;
    if (agent.effects.includes('push')) return 'a reviewer may not push';
  }
  const names = new Set(agent.stages.map(({ name }) => name));
  for (const stage of agent.stages) {
    if (isEnd(stage.name)) return `stages.${stage.name}: this name is an end, not a stage`;
    const probe = probeOf(stage);
    if (probe && !probes.includes(probe))
      return `stages.${stage.name}.by: there is no probe ${probe} (there are ${probes.join(', ')})`;
    if (stage.by === 'session' && stage.makes !== (agent.class === 'generator' ? 'patch' : 'findings')) {
      return `stages.${stage.name}.makes: a ${agent.class}'s session can't make a ${stage.makes}`;
    }
    for (const [on, target] of Object.entries(stage.then)) {
      if (!names.has(target) && !isEnd(target))
        return `stages.${stage.name}.then.${on}: there is no stage or end ${target} (ends are ${ends.join(', ')})`;
    }
    const missing = mustLead.find((outcome) => !(outcome in stage.then));
    if (missing) return `stages.${stage.name}.then leads nowhere on ${missing}: a dead end`;
  }
  return unreachable(agent) ?? endless(agent);
}

function unreachable(agent: Agent): string | undefined {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const target of Object.values(find(agent, name)?.then ?? {})) visit(target);
  };
  visit(agent.stages[0]!.name);
  const lost = agent.stages.find(({ name }) => !reached.has(name));
  return lost && `stages.${lost.name}: nothing leads to this stage`;
}

/**
 * A run ends if the edges that can be taken for ever form no loop: an outcome's plain edge where no `@N`
 * replaces it in the end, and its largest `@N` otherwise.
 */
function endless(agent: Agent): string | undefined {
  // Whether `@max` or the largest `@N` holds in the end depends on the input, so both count.
  const lasting = (stage: Stage): string[] =>
    ['pass', 'fail', 'noop'].flatMap((outcome) =>
      [0, 99].flatMap((max) => edge(stage, outcome, Number.POSITIVE_INFINITY, max) ?? []),
    );
  const done = new Set<string>();
  const walk = (name: string, path: readonly string[]): string | undefined => {
    if (path.includes(name))
      return `stages: ${[...path.slice(path.indexOf(name)), name].join(' -> ')} is a loop that no @N leaves`;
    const stage = find(agent, name);
    if (!stage || done.has(name)) return undefined;
    for (const target of lasting(stage)) {
      const loop = walk(target, [...path, name]);
      if (loop) return loop;
    }
    done.add(name);
    return undefined;
  };
  // From every stage: one that only a passing edge leads to can still hold a loop of lasting ones.
  for (const { name } of agent.stages) {
    const loop = walk(name, []);
    if (loop) return loop;
  }
  return undefined;
}

/**
 * Where a stage leads on an outcome.
 * @param times how often the stage has come to this outcome by now
 * @param max what `@max` stands for: the input `max-attempts`
 */
export function edge(
  stage: Stage,
  outcome: StageOutcome | string,
  times: number,
  max: number,
): string | undefined {
  const bounded = Object.entries(stage.then)
    .filter(([on]) => on.startsWith(`${outcome}@`))
    .map(([on, target]) => ({ at: on.endsWith('@max') ? max : Number(on.split('@')[1]), target }))
    .filter(({ at }) => times >= at)
    .sort((a, b) => b.at - a.at)[0];
  return bounded?.target ?? stage.then[outcome];
}

/** The stage of that name. */
export function find(agent: Agent, name: string): Stage | undefined {
  return agent.stages.find((stage) => stage.name === name);
}

/** The name of the probe that runs a stage, if one does. */
export function probeOf(stage: Stage): string | undefined {
  return stage.by.startsWith('probe ') ? stage.by.slice(6) : undefined;
}

/** True for the name of an end rather than of a stage. */
export function isEnd(name: string): name is End {
  return (ends as readonly string[]).includes(name);
}

import { type Agent, edge, find, isEnd, type Stage } from './agent.ts';
import type { Document } from './document.ts';
import type { Ledger } from './ledger.ts';
import type { End } from './outcome.ts';

/** The one next move: run a stage, or stop at an end. */
type Step = { run: Stage; attempt: number } | { end: End };

/**
 * What to do next, from the ledger alone: a crashed run, another machine and tomorrow's run all come to the
 * same step. No stage is run more than `maxAttempts` times, whichever stages have led back to it.
 * @param maxAttempts also what `@max` stands for in the agent's `then`
 */
export function next(agent: Agent, ledger: Ledger, maxAttempts: number): Step {
  const results = ledger.filter((document) => document.outcome !== undefined && document.stage !== undefined);
  const last = results.at(-1);
  if (!last) return run(agent.stages[0]!, results, maxAttempts);
  if (last.outcome === 'error') return { end: 'incomplete' };
  if (last.outcome === 'budget') return { end: 'budget' };
  const stage = find(agent, last.stage!);
  if (!stage) return { end: 'incomplete' };
  const times = results.filter(
    ({ stage, outcome }) => stage === last.stage && outcome === last.outcome,
  ).length;
  const target = edge(stage, last.outcome!, times, maxAttempts);
  if (target === undefined) return { end: 'incomplete' };
  return isEnd(target) ? { end: target } : run(find(agent, target)!, results, maxAttempts);
}

function run(stage: Stage, results: readonly Document[], maxAttempts: number): Step {
  const attempt = results.filter((document) => document.stage === stage.name).length + 1;
  if (attempt <= maxAttempts) return { run: stage, attempt };
  // Where its last failure would have led.
  const target = edge(stage, 'fail', maxAttempts, maxAttempts);
  return { end: target !== undefined && isEnd(target) ? target : 'incomplete' };
}

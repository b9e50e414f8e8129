import type { Agent } from './agent.ts';
import { type Effect, type EffectType, effectKey } from './effect.ts';
import { exitCode, type Outcome } from './outcome.ts';

/** More inline comments than these nobody reads; the rest is told in the review's body. */
export const mostInline = 50;

const wanted: Record<Agent['class'], readonly EffectType[]> = {
  generator: ['push', 'comment'],
  reviewer: ['review', 'check', 'comment'],
};

/** Ends that have nothing to tell anyone but the job summary: a comment there would be noise. */
const quiet: ReadonlySet<Outcome> = new Set(['noop', 'stale']);

/**
 * The effects that a run may have: at most one of each type, of those that both its class and its agent's file
 * know, and none that its outcome gives no reason for.
 */
export function allowedEffects(agent: Agent, taskId: string, outcome: Outcome): Effect[] {
  const types = wanted[agent.class].filter((type) => {
    if (!agent.effects.includes(type)) return false;
    if (type === 'push') return outcome === 'fixed';
    if (type === 'review') return outcome === 'pass' || outcome === 'fail';
    if (type === 'comment') return !quiet.has(outcome);
    return true;
  });
  return types.map((type): Effect => {
    const key = effectKey(taskId, type);
    return type === 'check' ? { type, key, conclusion: conclusionOf(outcome) } : ({ type, key } as Effect);
  });
}

function conclusionOf(outcome: Outcome): 'success' | 'failure' | 'neutral' {
  if (outcome === 'noop') return 'neutral';
  return exitCode(outcome) === 0 ? 'success' : 'failure';
}

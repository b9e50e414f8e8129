/** What one attempt of a stage came to. `error` and `budget` end the run; the others are led on by `then`. */
export const stageOutcomes = ['pass', 'fail', 'noop', 'error', 'budget'] as const;
export type StageOutcome = (typeof stageOutcomes)[number];

/** Where a run's stages can lead to, besides another stage. */
export const ends = ['publish', 'noop', 'give-up', 'incomplete', 'budget', 'ask'] as const;
export type End = (typeof ends)[number];

/** What a whole run came to: the action's output `outcome`, a closed list so that a workflow may branch on it. */
export const outcomes = [
  'fixed',
  'pass',
  'fail',
  'noop',
  'patch',
  'gave-up',
  'budget',
  'stale',
  'question',
  'missing-tool',
  'refused',
  'incomplete',
  'proposed',
] as const;
export type Outcome = (typeof outcomes)[number];

const green: ReadonlySet<Outcome> = new Set(['fixed', 'pass', 'noop', 'proposed']);

/** 0 for a run that did what it was asked or rightly nothing, 1 for every one that a person has to look at. */
export function exitCode(outcome: Outcome): 0 | 1 {
  return green.has(outcome) ? 0 : 1;
}

/**
 * A fault with a sentence for a person: what happened, why, and what to do next. Whoever throws it has
 * left nothing half done; the entry prints the message alone, without a stack.
 */
export class Fault extends Error {
  readonly outcome: Outcome;
  constructor(message: string, outcome: Outcome = 'incomplete', options?: ErrorOptions) {
    super(message, options);
    this.name = 'Fault';
    this.outcome = outcome;
  }
}

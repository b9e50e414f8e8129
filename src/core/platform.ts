import type { Document, Draft } from './document.ts';
import type { Effect, EffectType } from './effect.ts';
import type { Finding } from './finding.ts';
import type { Git } from './git.ts';
import type { Ledger } from './ledger.ts';

/** What an event is about: a task that no agent has been given yet. */
export type Subject = Pick<
  Document<'task'>,
  | 'repository'
  | 'subject'
  | 'event'
  | 'base'
  | 'head'
  | 'mergeBase'
  | 'baseRef'
  | 'headRef'
  | 'headRepository'
> & { pull?: number };

/** What an event asks for, or why there is nothing to do. */
export type AskResult = { subject: Subject } | { nothing: string };

/** Event in, facts out, effects out. */
export interface Platform {
  readonly name: string;
  /** The effects that it can carry out; others are left alone. */
  readonly effects: readonly EffectType[];
  /**
   * What the event asks the agent of this name to do. Everything is pinned to the SHAs it gives.
   * @throws Fault when the event can't be served: no pull request in it, a token without the permission
   */
  ask(agentName: string): Promise<AskResult>;
  /** Brings base, head and merge base into the clean repository. */
  fetch(git: Git, subject: Subject): Promise<void>;
  /**
   * Carries out one effect, after asking whether it has been carried out before (its key), and after making
   * sure that the head is still the task's.
   * @returns the receipt; a refusal is a receipt too, not an exception
   */
  perform(effect: Effect, ledger: Ledger, git: Git): Promise<Draft<'receipt'>>;
}

/** Documents -> Markdown that is safe to publish: hostile text in them is escaped and everything is bounded. */
export interface Views {
  /** The one comment on the pull request that is kept up to date. */
  sticky(ledger: Ledger): string;
  /**
   * The body of the review.
   * @param unplaced the findings that stand on no line of the diff, told here instead
   */
  review(ledger: Ledger, unplaced: readonly Finding[]): string;
  /**
   * One inline comment.
   * @param suggestable whether the finding's lines are all in the diff, so that a suggestion may be offered
   */
  inline(finding: Finding, suggestable: boolean): string;
  /** The check run's title and summary. */
  check(ledger: Ledger): { title: string; summary: string };
  /** The message of a commit that carries the ledger's newest patch: title, summary, trailers. */
  commitMessage(ledger: Ledger): string;
}

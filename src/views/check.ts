import { type Ledger, newest } from '../core/ledger.ts';
import { settle } from '../core/policy.ts';
import { truncate } from '../core/text.ts';
import { findingCounts, headline, outcomeLabel, provedLine, reasonLines, stepMarkdown } from './comment.ts';
import { costLine, limitsOf } from './ledger-queries.ts';
import { nextStep } from './next-step.ts';

/** The check run's title, which has no hostile text in it, and its summary. */
export function check(ledger: Ledger): { title: string; summary: string } {
  // The verdict, not what its effects came to: the check is one of the effects.
  const outcome = newest(ledger, 'verdict')?.verdict ?? settle(ledger);
  const title =
    outcome === 'pass' || outcome === 'fail'
      ? `${outcomeLabel(outcome)}: ${findingCounts(ledger)}`
      : outcomeLabel(outcome);
  const limits = limitsOf(ledger);
  const summary = [
    headline(ledger, outcome),
    ...(outcome === 'fixed' ? [provedLine(ledger)] : []),
    ...reasonLines(ledger),
    ...(limits.length > 0 ? [limits.map((limit) => `- ${limit}`).join('\n')] : []),
    stepMarkdown(nextStep(outcome, ledger)),
    `${costLine(ledger)}.`,
  ].filter((part) => part !== '');
  return { title: truncate(title, 255), summary: truncate(summary.join('\n\n'), 60_000) };
}

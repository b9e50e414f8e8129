import { bySeverity } from '../core/finding.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Outcome } from '../core/outcome.ts';
import { settle } from '../core/policy.ts';
import { sanitizeLine } from '../core/sanitize.ts';
import {
  findingCounts,
  headline,
  outcomeLabel,
  provedLine,
  reasonLines,
  reasonsOf,
  stepMarkdown,
} from './comment.ts';
import { costLine, findingsOf, hiddenLine } from './ledger-queries.ts';
import { code, prose } from './markdown.ts';
import { nextStep } from './next-step.ts';

/** Where the run left what a person may want to open, as paths. */
interface Left {
  report?: string;
  ledger?: string;
  commentFile?: string;
}

/**
 * A few lines for the job summary: what was done, what was not and why, what it cost, what to do next.
 * @param outcome what the run came to, which for a job that only proposes is not what its ledger would
 */
export function jobSummary(ledger: Ledger, left: Left = {}, outcome: Outcome = settle(ledger)): string {
  const parts = [
    headline(ledger, outcome),
    ...(outcome === 'fixed' ? [provedLine(ledger)] : []),
    ...reasonLines(ledger),
    worstFindings(ledger),
    hiddenLine(ledger),
    stepMarkdown(nextStep(outcome, ledger)),
    `${costLine(ledger)}.`,
    paths(left),
  ];
  return `### Countersign\n\n${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The outcome and why, as one line of plain text: the run's last word in the log. */
export function closingLine(ledger: Ledger, outcome: Outcome = settle(ledger)): string {
  const words =
    outcome === 'pass' || outcome === 'fail'
      ? `${outcomeLabel(outcome)}: ${findingCounts(ledger)}`
      : outcomeLabel(outcome);
  return [words, ...reasonsOf(ledger).slice(0, 3)]
    .map((part) => sanitizeLine(part, 300).replace(/(?<![.!?…])$/, '.'))
    .join(' ');
}

/**
 * The job summary of a run that a fault has ended.
 * @param message what happened, why, and what to do: the fault's own sentence
 * @param ledger what there is of it by then
 */
export function earlySummary(message: string, outcome: Outcome, ledger?: Ledger, left: Left = {}): string {
  const parts = [
    `**${outcomeLabel(outcome)}**`,
    prose(message, 2000),
    ledger ? `${costLine(ledger)}.` : '',
    paths(left),
  ];
  return `### Countersign\n\n${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** The worst few findings, so that a failed check says in the summary what it failed for. */
function worstFindings(ledger: Ledger): string {
  return findingsOf(ledger)
    .toSorted(bySeverity)
    .slice(0, 5)
    .map(
      ({ path, line, severity, rule }) => `- ${severity}: ${code(`${path}:${line}`, 300)} ${code(rule, 80)}`,
    )
    .join('\n');
}

function paths({ report, ledger, commentFile }: Left): string {
  const named = [
    ['Report', report],
    ['Ledger', ledger],
    ['Text for a person', commentFile],
  ].flatMap(([what, path]) => (path ? [`${what}: ${code(path, 1000)}`] : []));
  return named.map((line) => `- ${line}`).join('\n');
}

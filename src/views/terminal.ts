import { styleText } from 'node:util';
import { bySeverity, type Finding, type Severity } from '../core/finding.ts';
import { type Ledger, newest, taskOf } from '../core/ledger.ts';
import { exitCode, type Outcome } from '../core/outcome.ts';
import { settle } from '../core/policy.ts';
import { pushedSha, receiptFor } from '../core/receipts.ts';
import { escapeCommands, sanitize, sanitizeLine } from '../core/sanitize.ts';
import { truncate } from '../core/text.ts';
import { findingCounts, outcomeLabel } from './comment.ts';
import { costLine, findingsOf, limitsOf } from './ledger-queries.ts';
import { nextStep } from './next-step.ts';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

const colors: Record<Severity, Style> = {
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
};

/**
 * The verdict for a person on a terminal: findings with the quoted code, the outcome, the cost, what to do.
 * @param wording puts the names of inputs in our own sentences as this person knows them
 */
export function terminal(
  ledger: Ledger,
  { color, wording = (ours) => ours }: { color: boolean; wording?: (ours: string) => string },
): string {
  const paint: Paint = (style, text) => (color ? styleText(style, text, { validateStream: false }) : text);
  const outcome = settle(ledger);
  const findings = findingsOf(ledger).toSorted(
    (a, b) => bySeverity(a, b) || (a.path < b.path ? -1 : Number(a.path > b.path)) || a.line - b.line,
  );
  const { say, run = [] } = nextStep(outcome, ledger);
  return [
    ...findings.map((finding) => one(finding, paint)),
    verdictLine(ledger, outcome, paint),
    ...(newest(ledger, 'verdict')?.reasons ?? [])
      .slice(0, 10)
      .map((reason) => `  ${sanitizeLine(wording(reason), 400)}`),
    ...(outcome === 'fixed' || outcome === 'patch' ? changed(ledger) : []),
    ...limitsOf(ledger).map((limit) => `  ${limit.replaceAll('`', '')}`),
    costLine(ledger),
    `Next: ${wording(say).replaceAll('`', '')}`,
    ...[...run, ...takeOver(ledger)].map((line) => `  ${line}`),
    '',
  ]
    .join('\n')
    .split('\n')
    .map(escapeCommands)
    .join('\n');
}

/** A text that may quote hostile ones, such that neither a terminal nor a runner acts on it. */
export function inert(text: string): string {
  return lines(text, 10_000).map(escapeCommands).join('\n');
}

function changed(ledger: Ledger): string[] {
  const files = newest(ledger, 'patch')?.files ?? [];
  const shown = files.slice(0, 20).map(({ status, path }) => `  ${status} ${sanitizeLine(path, 500)}`);
  return files.length > 20 ? [...shown, `  and ${files.length - 20} more files`] : shown;
}

/** How the branch with the fix is looked at and taken over; its name is our own. */
function takeOver(ledger: Ledger): string[] {
  const receipt = taskOf(ledger).subject === 'local' ? receiptFor(ledger, 'push') : undefined;
  if (!receipt?.detail || (receipt.status !== 'done' && receipt.status !== 'already')) return [];
  return [`git show ${receipt.detail}`, `git merge ${receipt.detail}`];
}

function one({ path, line, severity, rule, message, quote }: Finding, paint: Paint): string {
  const where = `${sanitizeLine(path, 500)}:${line}`;
  const code = lines(quote, 1200).map((text) => paint('dim', `  | ${text}`));
  const text = lines(message, 4000).map((part) => `  ${part}`.trimEnd());
  return [
    `${paint('bold', where)} ${paint(colors[severity], severity)} ${sanitizeLine(rule, 80)}`,
    ...text,
    ...code,
    '',
  ].join('\n');
}

function verdictLine(ledger: Ledger, outcome: Outcome, paint: Paint): string {
  const words = paint(exitCode(outcome) === 0 ? ['bold', 'green'] : ['bold', 'red'], outcomeLabel(outcome));
  if (outcome === 'pass' || outcome === 'fail') return `${words}: ${findingCounts(ledger)}`;
  const title = newest(ledger, 'patch')?.title;
  const sha = pushedSha(ledger);
  if (outcome !== 'fixed' && outcome !== 'patch') return words;
  return `${words}${sha ? ` in ${sha.slice(0, 12)}` : ''}${title ? `: ${sanitizeLine(title, 200)}` : ''}`;
}

function lines(hostile: string, max: number): string[] {
  return truncate(sanitize(hostile).text.trimEnd(), max).replaceAll('\t', '  ').split('\n');
}

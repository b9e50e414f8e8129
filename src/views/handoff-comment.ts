import { type Ledger, taskOf } from '../core/ledger.ts';
import { settle } from '../core/policy.ts';
import { sanitize } from '../core/sanitize.ts';
import { truncateStart } from '../core/text.ts';
import { headline, reasonLines, stepMarkdown } from './comment.ts';
import { type Attempt, attempts, costLine, lastFailure } from './ledger-queries.ts';
import { code, fence, prose, sentence } from './markdown.ts';
import { nextStep } from './next-step.ts';
import { many } from './number.ts';

/**
 * The content of `pr_comment.md`, for a person, when the run stopped short: what was tried, where it stands,
 * the last failing output, what to do.
 * @param message the fault's own sentence, for a run that one stopped
 */
export function commentFile(ledger: Ledger | undefined, message?: string): string {
  const stopped = message ? [prose(message, 2000)] : [];
  if (!ledger || ledger.length === 0) {
    return `${['**Countersign stopped before it began**', ...stopped, footer('')].join('\n\n')}\n`;
  }
  const outcome = settle(ledger);
  const { agent, head } = taskOf(ledger);
  const parts = [
    headline(ledger, outcome),
    ...stopped,
    ...reasonLines(ledger),
    tried(attempts(ledger)),
    failing(ledger),
    stepMarkdown(nextStep(outcome, ledger)),
    footer(` (agent ${code(agent, 60)}, at ${code(head.slice(0, 12), 12)}). ${costLine(ledger)}.`),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function footer(more: string): string {
  return `<sub>Written by a machine, Countersign${more || '.'}</sub>`;
}

function tried(list: readonly Attempt[]): string {
  if (list.length === 0) return '';
  const shown = list
    .slice(-10)
    .map(({ patch, proof }) => `- ${sentence(patch.title, 120)}: ${proofResult(proof)}`);
  const before = list.length - shown.length;
  return [
    `Tried (${many(list.length, 'attempt')}${before > 0 ? `, the last ${shown.length} of them` : ''}):`,
    shown.join('\n'),
  ].join('\n\n');
}

function proofResult(proof: Attempt['proof']): string {
  if (!proof) return 'not tested.';
  if (proof.tampered.length > 0)
    return `turned away, because it changed the tests: ${proof.tampered
      .slice(0, 3)
      .map(({ path, what }) => `${code(path, 200)} ${what}`)
      .join(', ')}.`;
  if (proof.outcome === 'pass') return 'passes.';
  if (proof.timedOut) return 'the tests did not finish in time.';
  const names = proof.failing.slice(0, 3).map(({ name }) => code(name, 120));
  const rest = proof.failing.length - names.length;
  if (names.length === 0) return 'still fails.';
  return `still failing: ${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}

function failing(ledger: Ledger): string {
  const run = lastFailure(ledger);
  if (!run) return '';
  const output = sanitize(
    run.body || run.failing.map(({ name, message }) => `${name}\n${message ?? ''}`).join('\n'),
  ).text;
  if (output.trim() === '') return '';
  const ended = run.timedOut ? 'timed out' : `exit code ${run.exitCode ?? 'none'}`;
  // Two levels of cutting: the end is what tells, and GitHub's limit on a comment is not to be met.
  const text = truncateStart(output.trimEnd(), 6000);
  return `<details><summary>Last failing output (${ended})</summary>\n\n${code(run.command, 300)}\n\n${fence(text, 'text', 6100)}\n\n</details>`;
}

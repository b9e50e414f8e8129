import { spent } from '../core/budget.ts';
import { type Ledger, newest, taskOf } from '../core/ledger.ts';
import type { Outcome } from '../core/outcome.ts';
import { pushedSha } from '../core/receipts.ts';

/** The files that a run leaves for a person or a later step, by their paths. */
export interface OutputFiles {
  report: string;
  /** The ledger's directory. */
  ledger: string;
  /** Empty where there is no text for a person. */
  comment: string;
}

/**
 * The action's outputs, by name. Each is a word of a closed list, a number, a digest or a path of Countersign's
 * own, so that a workflow may put it into a command.
 */
export function outputsOf(ledger: Ledger, outcome: Outcome, files: OutputFiles): Record<string, string> {
  const used = spent(ledger);
  return {
    outcome,
    'task-id': taskOf(ledger).id,
    'session-id': newest(ledger, 'usage')?.session ?? '',
    'commit-sha': pushedSha(ledger) ?? '',
    findings: String(newest(ledger, 'findings')?.findings.length ?? 0),
    'comment-file': files.comment,
    ledger: files.ledger,
    'ledger-digest': ledger.at(-1)?.digest ?? '',
    report: files.report,
    tokens: String(used.tokens),
    'cost-usd': used.costUsd.toFixed(4),
  };
}

import { spent } from '../core/budget.ts';
import type { ChangedFile } from '../core/document.ts';
import type { EffectType } from '../core/effect.ts';
import type { Finding } from '../core/finding.ts';
import { escapeInvisibleInJson } from '../core/invisible.ts';
import { type Ledger, newest, taskOf } from '../core/ledger.ts';
import type { Outcome } from '../core/outcome.ts';
import { settle } from '../core/policy.ts';
import { receiptFor } from '../core/receipts.ts';
import type { Risk } from '../core/risk.ts';
import { findingsOf } from './ledger-queries.ts';

/** What `--json` prints; fields are only ever added. */
export interface JsonResult {
  outcome: Outcome;
  task: { id: string; agent: string; repository: string; subject: string; base: string; head: string };
  findings: readonly Finding[];
  patch: { title: string; files: Pick<ChangedFile, 'path' | 'status'>[] } | null;
  reasons: readonly string[];
  risk: Risk;
  usage: { tokens: number; costUsd: number; seconds: number; requests: number };
  effects: { type: EffectType; key: string; status: string | null; reference: string | null }[];
}

/** The run as data, its texts as they are in the ledger. */
export function jsonResult(ledger: Ledger): JsonResult {
  const { id, agent, repository, subject, base, head } = taskOf(ledger);
  const patch = newest(ledger, 'patch');
  const verdict = newest(ledger, 'verdict');
  return {
    outcome: settle(ledger),
    task: { id, agent, repository, subject, base, head },
    findings: findingsOf(ledger),
    patch: patch
      ? { title: patch.title, files: patch.files.map(({ path, status }) => ({ path, status })) }
      : null,
    reasons: verdict?.reasons ?? [],
    risk: verdict?.risk ?? { level: 'low', reasons: [] },
    usage: spent(ledger),
    effects: (verdict?.effects ?? []).map(({ type, key }) => {
      const receipt = receiptFor(ledger, type);
      return { type, key, status: receipt?.status ?? null, reference: receipt?.reference ?? null };
    }),
  };
}

/**
 * `value` as JSON that means the same but is inert where it is printed: what a terminal or a CI job's log
 * would act on, and hidden characters, are written as escapes.
 */
export function json(value: unknown): string {
  return escapeInvisibleInJson(JSON.stringify(value, null, 2)).replace(/##(?=\[|vso\[)/gi, '#\\u0023');
}

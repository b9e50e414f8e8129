import { spent } from '../core/budget.ts';
import type { Document } from '../core/document.ts';
import { type Finding, severities } from '../core/finding.ts';
import { all, type Ledger, newest, newestFacts } from '../core/ledger.ts';
import { count, duration, many, usd } from './number.ts';

type Facts = Document<'facts'>;
type TestFacts = Extract<Facts, { probe: 'tests' | 'prove' }>;

/** One patch of the run and what its proof said. */
export interface Attempt {
  patch: Document<'patch'>;
  proof?: Extract<Facts, { probe: 'prove' }>;
}

/** The findings that count: the newest ones. */
export function findingsOf(ledger: Ledger): readonly Finding[] {
  return newest(ledger, 'findings')?.findings ?? [];
}

/** Every patch in the order it was made, with the proof that followed it. */
export function attempts(ledger: Ledger): Attempt[] {
  const patches = all(ledger, 'patch');
  return patches.map((patch, i) => {
    const until = patches[i + 1]?.seq ?? Number.POSITIVE_INFINITY;
    const proof = all(ledger, 'facts').find(
      (facts) => facts.probe === 'prove' && facts.seq > patch.seq && facts.seq < until,
    );
    return proof?.probe === 'prove' ? { patch, proof } : { patch };
  });
}

/** The test run that started it all: at the head, before any patch. */
export function firstTests(ledger: Ledger): TestFacts | undefined {
  return all(ledger, 'facts').find((facts): facts is TestFacts => facts.probe === 'tests');
}

/** The newest test run that failed, of the head or of a patch. */
export function lastFailure(ledger: Ledger): TestFacts | undefined {
  return all(ledger, 'facts')
    .filter((facts): facts is TestFacts => facts.probe === 'tests' || facts.probe === 'prove')
    .findLast((facts) => facts.exitCode !== 0 || facts.failing.length > 0);
}

/** `12,345 tokens, $0.42, 14 turns, 3m 12s`. */
export function costLine(ledger: Ledger): string {
  const used = spent(ledger);
  return [
    many(used.tokens, 'token'),
    usd(used.costUsd),
    many(used.requests, 'turn'),
    duration(used.seconds),
  ].join(', ');
}

/** `2 high, 1 low`; `none` when there are no findings. */
export function countsLine(findings: readonly Finding[]): string {
  const parts = severities.flatMap((severity) => {
    const n = findings.filter((finding) => finding.severity === severity).length;
    return n > 0 ? [`${count(n)} ${severity}`] : [];
  });
  return parts.join(', ') || 'none';
}

/** How much hidden text there was in what sessions were shown, as a sentence; empty when there was none. */
export function hiddenLine(ledger: Ledger): string {
  const facts = all(ledger, 'facts').map((each) => ('hidden' in each ? (each.hidden ?? 0) : 0));
  const usage = all(ledger, 'usage').map(({ hidden }) => hidden ?? 0);
  const hidden = [...facts, ...usage].reduce((sum, each) => sum + each, 0);
  return hidden === 0
    ? ''
    : `${many(hidden, 'hidden character')} (zero-width, bidirectional, tag or control) in the change or in what it prints ${hidden === 1 ? 'was' : 'were'} kept from the session: look at them before you merge.`;
}

/** What the run did not look at, in plain sentences; hostile text has no part in them. */
export function limitsOf(ledger: Ledger): string[] {
  const diff = newestFacts(ledger, 'diff');
  const findings = newest(ledger, 'findings');
  const lines: string[] = [];
  if (diff && diff.shownBytes < diff.totalBytes) {
    const share = Math.floor((100 * diff.shownBytes) / diff.totalBytes);
    lines.push(
      `The diff is large: the session was shown ${share}% of it and could read the rest in the tree.`,
    );
  }
  if (diff && diff.binary > 0) lines.push(`${many(diff.binary, 'binary file')} could not be read.`);
  if (diff && diff.ignored > 0) lines.push(`${many(diff.ignored, 'file')} left out by \`ignore\`.`);
  if (findings && findings.moved > 0)
    lines.push(
      `${many(findings.moved, 'finding was', 'findings were')} moved to the line that holds the quoted code.`,
    );
  const lost = findings?.lost?.length ?? 0;
  const wrong = (findings?.dropped ?? 0) - lost;
  if (wrong > 0)
    lines.push(`${many(wrong, 'finding was', 'findings were')} dropped: the quoted code is not in the file.`);
  if (lost > 0)
    lines.push(
      `${many(lost, 'finding', 'findings')} could not be checked: the code quoted can't be found, or the file named can't be read or compared.`,
    );
  const hidden = hiddenLine(ledger);
  if (hidden) lines.push(hidden);
  const cut = all(ledger, 'usage').filter(({ ended }) => ended !== 'done').length;
  if (cut > 0) lines.push(`${many(cut, 'session')} did not come to a regular end.`);
  return lines;
}

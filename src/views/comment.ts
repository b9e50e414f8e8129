import { effectTypeOf } from '../core/effect.ts';
import { type Ledger, newest, taskOf } from '../core/ledger.ts';
import type { Outcome } from '../core/outcome.ts';
import { settle } from '../core/policy.ts';
import { pushedSha } from '../core/receipts.ts';
import { costLine, countsLine, findingsOf, firstTests, limitsOf } from './ledger-queries.ts';
import { code, sentence } from './markdown.ts';
import { type NextStep, nextStep } from './next-step.ts';
import { many } from './number.ts';

/**
 * The one comment on the pull request that is kept up to date: what was done, why not more, what to do next,
 * what it cost. The marker by which it is found again is the platform's to add.
 */
export function sticky(ledger: Ledger): string {
  const outcome = settle(ledger);
  return [
    headline(ledger, outcome),
    ...(outcome === 'fixed' ? [provedLine(ledger)] : []),
    ...reasonLines(ledger),
    stepMarkdown(nextStep(outcome, ledger)),
    details(ledger),
    `<sub>${costLine(ledger)}. Written by a machine (agent ${code(taskOf(ledger).agent, 60)}); this comment is updated in place.</sub>`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const words: Record<Outcome, string> = {
  fixed: 'Fixed',
  pass: 'Review passed',
  fail: 'Review failed',
  noop: 'Nothing to do',
  patch: 'Fixed, but only as a patch',
  'gave-up': 'Not fixed: gave up',
  budget: 'Stopped: a limit was reached',
  stale: 'Out of date: the branch has moved',
  question: 'Waiting for an answer',
  'missing-tool': 'Stopped: something the run needs is missing',
  refused: 'Refused: the change touches what no agent may change',
  incomplete: 'Not finished',
  proposed: 'Proposed, not yet applied',
};

/** The outcome in a few words of English. */
export function outcomeLabel(outcome: Outcome): string {
  return words[outcome];
}

/** One line, in bold where it matters: the outcome in words and what it is about. */
export function headline(ledger: Ledger, outcome: Outcome): string {
  const title = newest(ledger, 'patch')?.title;
  switch (outcome) {
    case 'fixed': {
      const sha = pushedSha(ledger);
      // A bare SHA of our own becomes a link to the commit; all others stand in code.
      return `**Fixed**${sha ? ` in ${sha}` : ''}${title ? `: ${sentence(title, 120)}` : ''}`;
    }
    case 'patch':
      return `**${words.patch}**${title ? `: ${sentence(title, 120)}` : ''}`;
    case 'pass':
    case 'fail':
      return `**${words[outcome]}**: ${findingCounts(ledger)}`;
    default:
      return `**${words[outcome]}**`;
  }
}

/** `3 findings (1 high, 2 low)` or `no findings`. */
export function findingCounts(ledger: Ledger): string {
  const findings = findingsOf(ledger);
  if (findings.length === 0) return 'no findings';
  return `${many(findings.length, 'finding')} (${countsLine(findings)})`;
}

/** What failed before and passes now. */
export function provedLine(ledger: Ledger): string {
  const before = firstTests(ledger);
  if (!before) return '';
  const named = before.failing.slice(0, 3).map(({ name }) => code(name, 120));
  if (named.length === 0) return `${code(before.command, 200)} failed before and passes now.`;
  const rest = before.failing.length - named.length;
  const list = `${named.join(', ')}${rest > 0 ? ` and ${many(rest, 'more test', 'more tests')}` : ''}`;
  return `Failed before, ${before.failing.length === 1 ? 'passes' : 'pass'} now: ${list}. Proved by running ${code(before.command, 200)} on the patch alone.`;
}

/** Why the run did not do more, one line each; empty when there is nothing to explain. */
export function reasonLines(ledger: Ledger): string[] {
  const reasons = reasonsOf(ledger);
  const shown = reasons
    .slice(0, 6)
    .map((reason) => sentence(reason, 400))
    .filter((reason) => reason !== '');
  if (reasons.length > 6) shown.push(`And ${many(reasons.length - 6, 'more reason')}, in the report.`);
  if (shown.length === 0) return [];
  return [shown.length === 1 ? shown[0]! : shown.map((line) => `- ${line}`).join('\n')];
}

/** The same as plain text, which is hostile in part: the verdict's reasons, and the effects that were not carried out. */
export function reasonsOf(ledger: Ledger): string[] {
  const verdict = newest(ledger, 'verdict');
  const reasons = verdict ? [...verdict.reasons] : ['The run ended before there was a verdict.'];
  const receipts = ledger.filter((document) => document.kind === 'receipt');
  for (const { status, key, detail } of receipts) {
    if (status === 'done' || status === 'already') continue;
    reasons.push(`The ${effectTypeOf(key) ?? 'effect'} ${notDone[status]}${detail ? `: ${detail}` : '.'}`);
  }
  return reasons;
}

const notDone = {
  stale: 'was left out because the branch has moved',
  refused: 'was refused',
  failed: 'failed',
} as const;

/** The next step as Markdown; what to type is a block that can be copied. */
export function stepMarkdown({ say, run }: NextStep): string {
  const text = `**Next:** ${say}`;
  return run ? `${text}\n\n\`\`\`sh\n${run.join('\n')}\n\`\`\`` : text;
}

function details(ledger: Ledger): string {
  const risk = newest(ledger, 'verdict')?.risk;
  const limits = limitsOf(ledger);
  const risky = risk && (risk.level !== 'low' || risk.reasons.length > 0);
  if (!risky && limits.length === 0) return '';
  const lines = [
    ...(risky ? risk.reasons.slice(0, 10).map((reason) => `- ${sentence(reason, 300)}`) : []),
    ...limits.map((limit) => `- ${limit}`),
  ];
  const summary = [risky ? `Risk: ${risk.level}` : '', limits.length > 0 ? 'limits of this run' : '']
    .filter((part) => part !== '')
    .join(', ');
  return `<details><summary>${summary[0]!.toUpperCase()}${summary.slice(1)}</summary>\n\n${lines.join('\n')}\n\n</details>`;
}

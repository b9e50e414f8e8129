import type { Agent } from './agent.ts';
import { allowedEffects } from './allowed-effects.ts';
import type { Draft } from './document.ts';
import { effectTypeOf } from './effect.ts';
import { breaks, type FailOn, type Severity, worstOf } from './finding.ts';
import { all, type Ledger, newest, newestFacts, taskOf } from './ledger.ts';
import { next } from './next.ts';
import type { End, Outcome } from './outcome.ts';
import { type Risk, refusals, riskOf } from './risk.ts';
import { truncate } from './text.ts';

export interface Rules {
  failOn: FailOn;
  /** More globs that no patch may touch, from the configuration on the base ref. */
  protected: readonly string[];
}

const noRisk: Risk = { level: 'low', reasons: [] };

/**
 * The verdict on a run, and the effects it allows: a pure function of the facts and proposals in the ledger.
 * Monotone: a ledger with more or worse findings, or with worse facts, never gets a better verdict.
 * @param end where the stages led to
 */
export function decide(agent: Agent, ledger: Ledger, end: End, rules: Rules): Draft<'verdict'> {
  const judged =
    agent.class === 'reviewer' ? judgeReview(ledger, end, rules) : judgePatch(agent, ledger, end, rules);
  return {
    kind: 'verdict',
    by: 'policy',
    verdict: judged.outcome,
    // Paths are in them, so that they may be many and long.
    reasons: judged.reasons.slice(0, 100).map((reason) => truncate(reason, 2000)),
    risk: judged.risk ?? noRisk,
    effects: allowedEffects(agent, taskOf(ledger).id, judged.outcome),
  };
}

/** True when the newest verdict is about all that has been found out. */
export function isJudged(ledger: Ledger): boolean {
  const verdict = newest(ledger, 'verdict');
  return (
    verdict !== undefined &&
    ledger.slice(verdict.seq).every(({ kind }) => kind === 'intent' || kind === 'receipt')
  );
}

/** The verdict on a ledger that has one, from all that was found out before it. */
export function judgeAnew(agent: Agent, ledger: Ledger, attempts: number, rules: Rules): Draft<'verdict'> {
  const before = ledger.slice(0, newest(ledger, 'verdict')!.seq - 1);
  const step = next(agent, before, attempts);
  if ('end' in step) return decide(agent, before, step.end, rules);
  // Any other stage that could follow is one that the earlier run, with fewer attempts, has given up.
  return decide(agent, before, step.run.by === 'policy' ? 'publish' : 'give-up', rules);
}

interface Judged {
  outcome: Outcome;
  reasons: string[];
  risk?: Risk;
}

function judgeReview(ledger: Ledger, end: End, rules: Rules): Judged {
  if (end !== 'publish') return stopped(ledger, end);
  const findings = newest(ledger, 'findings');
  if (!findings?.anchored)
    return { outcome: 'incomplete', reasons: ['No findings were made and checked against the tree.'] };
  const breaking = findings.findings.filter(({ severity }) => breaks(severity, rules.failOn));
  if (breaking.length === 0) return judgeLost(findings.lost ?? [], rules);
  const worst = worstOf(breaking);
  const what = breaking.length === 1 ? '1 finding is' : `${breaking.length} findings are`;
  return { outcome: 'fail', reasons: [`${what} at or above fail-on: ${rules.failOn} (worst: ${worst}).`] };
}

/** A finding that nobody could check is no finding, but it is no pass either: the author of a file can make it so. */
function judgeLost(lost: readonly { severity: Severity; why: string }[], rules: Rules): Judged {
  const breaking = lost.filter(({ severity }) => breaks(severity, rules.failOn));
  if (breaking.length === 0) return { outcome: 'pass', reasons: [] };
  const what = breaking.length === 1 ? '1 finding' : `${breaking.length} findings`;
  const why = [...new Set(breaking.map((each) => each.why))].join('; ');
  return {
    outcome: 'incomplete',
    reasons: [
      `${what} at or above fail-on: ${rules.failOn} (worst: ${worstOf(breaking)}) could not be checked against the tree: ${why}.`,
    ],
  };
}

function judgePatch(agent: Agent, ledger: Ledger, end: End, rules: Rules): Judged {
  if (end !== 'publish') return stopped(ledger, end);
  const patch = newest(ledger, 'patch');
  const proof = newestFacts(ledger, 'prove');
  if (!patch || patch.files.length === 0) return { outcome: 'incomplete', reasons: ['No patch was made.'] };
  const risk = riskOf(patch.files);
  const refused = refusals(patch.files, rules.protected, agent.paths);
  if (refused.length > 0) return { outcome: 'refused', reasons: refused, risk };
  if (!proof || proof.seq < patch.seq || proof.outcome !== 'pass') {
    return { outcome: 'incomplete', reasons: ['The patch was not proved by a test run of its own.'], risk };
  }
  return { outcome: 'fixed', reasons: [], risk };
}

function stopped(ledger: Ledger, end: End): Judged {
  const why = lastReason(ledger);
  switch (end) {
    case 'noop':
      return { outcome: 'noop', reasons: why };
    case 'give-up':
      return { outcome: 'gave-up', reasons: why };
    case 'budget':
      return { outcome: 'budget', reasons: why };
    case 'ask':
      return { outcome: 'question', reasons: why };
    default:
      return { outcome: 'incomplete', reasons: why };
  }
}

/** What the last facts say of why the run stopped, in a sentence or two. */
function lastReason(ledger: Ledger): string[] {
  const facts = all(ledger, 'facts').at(-1);
  switch (facts?.probe) {
    case 'session':
      return [facts.reason];
    case 'diff':
      if (facts.files > 0) return [];
      return facts.ignored > 0
        ? ['All that differs between base and head is left out by ignore in the configuration.']
        : ['There is no difference between base and head.'];
    case 'tests':
      return facts.timedOut
        ? [`\`${facts.command}\` did not end within timeout-minutes.`]
        : [`\`${facts.command}\` ${facts.outcome === 'pass' ? 'passes' : 'fails'} at the head commit.`];
    case 'prove':
      return facts.tampered.length > 0
        ? facts.tampered.map(({ path, what, detail }) => `${path}: ${what}: ${detail}`)
        : [`\`${facts.command}\` still fails after the last patch.`];
    default:
      return [];
  }
}

/**
 * What the run came to once its effects were tried: the verdict, unless the platform kept the result from
 * being published.
 */
export function settle(ledger: Ledger): Outcome {
  const verdict = newest(ledger, 'verdict');
  if (!verdict) return 'incomplete';
  const receipts = all(ledger, 'receipt').filter(({ seq }) => seq > verdict.seq);
  const worst = (status: string): boolean => receipts.some((receipt) => receipt.status === status);
  if (worst('stale')) return 'stale';
  if (worst('failed')) return verdict.verdict === 'fail' ? 'fail' : 'incomplete';
  const push = receipts.find(({ key }) => effectTypeOf(key) === 'push');
  if (verdict.verdict === 'fixed' && push?.status === 'refused') return 'patch';
  return verdict.verdict;
}

import type { Agent, Stage } from './agent.ts';
import { all, type Ledger, newest, newestFacts, taskOf } from './ledger.ts';
import { Fault } from './outcome.ts';
import { fence, truncate } from './text.ts';

/** What a session is told at most of the patch that did not prove itself. */
const keepPatch = 20_000;

/**
 * What a session's CLAUDE.md says: the agent's own instructions, then what the base branch adds. Never
 * anything from the head.
 * @param rules from the repository's configuration, or empty
 * @param conventions the repository's own CLAUDE.md, or empty
 */
export function instructionsOf(agent: Agent, rules: string, conventions: string): string {
  const parts = [agent.instructions];
  if (rules.trim()) parts.push(`# Rules of this repository\n\n${rules.trim()}`);
  if (conventions.trim()) {
    parts.push(
      `# Conventions of this repository\n\nFrom its CLAUDE.md on the base branch. Where they disagree with the pages above, those hold.\n\n${conventions.trim()}`,
    );
  }
  return `${parts.join('\n\n')}\n`;
}

/**
 * The first message of a session: the facts that its stage needs, and what came of earlier attempts.
 * @throws Fault when that is nothing: the API takes no empty message
 */
export function promptOf(agent: Agent, stage: Stage, attempt: number, ledger: Ledger): string {
  const parts: string[] = [];
  if (stage.needs.includes('facts')) {
    const [tests, diff, proof] = [
      newestFacts(ledger, 'tests'),
      newestFacts(ledger, 'diff'),
      newestFacts(ledger, 'prove'),
    ];
    if (tests) parts.push(`# The tests at the head commit\n\n${tests.body}`, whatChanged(ledger));
    if (diff) parts.push(`# The change\n\n${diff.body}`);
    if (proof) parts.push(`# The last attempt did not pass\n\n${lastPatch(ledger)}${proof.body}`);
  }
  const failed = all(ledger, 'facts')
    .filter((facts) => facts.probe === 'session' && facts.stage === stage.name)
    .at(-1);
  if (attempt > 1 && failed?.probe === 'session')
    parts.push(`# An earlier session ended without a result\n\n${fence(failed.reason)}`);
  if (parts.length === 0)
    throw new Fault(
      `stages.${stage.name} of the agent ${agent.name} shows its session nothing: its needs must name facts, and a stage by probe tests or probe diff must come before it.`,
    );
  return parts.join('\n\n');
}

/** The commits are all there is sure to be of the history: on a platform it is fetched without. */
function whatChanged(ledger: Ledger): string {
  const { mergeBase, head } = taskOf(ledger);
  return `# The change that led here\n\nThe change under test runs from ${mergeBase} to ${head}: \`git diff ${mergeBase} ${head}\` shows it.`;
}

function lastPatch(ledger: Ledger): string {
  const patch = newest(ledger, 'patch');
  if (patch?.encoding !== 'utf8') return '';
  const text = truncate(patch.body, keepPatch, '\n[the rest is left out]');
  return `Your work tree does not hold it; start from the head commit again.\n\n${fence(`${patch.title}\n\n${text}`, 'diff')}\n\n`;
}

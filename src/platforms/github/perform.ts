import type { Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import type { Git } from '../../core/git.ts';
import { type Ledger, taskOf } from '../../core/ledger.ts';
import { Fault } from '../../core/outcome.ts';
import { pushedSha } from '../../core/receipts.ts';
import type { Context } from './context.ts';
import { wordsOf } from './fault.ts';
import { publishCheck } from './publish-check.ts';
import { publishComment } from './publish-comment.ts';
import { publishCommit } from './publish-commit.ts';
import { publishReview } from './publish-review.ts';
import { readPull, staleness } from './pull.ts';
import { receipt } from './receipt.ts';

/** Carries out one effect; whatever keeps it from being done is in the receipt, and hinders no other. */
export async function perform(
  context: Context,
  effect: Effect,
  ledger: Ledger,
  git: Git,
): Promise<Draft<'receipt'>> {
  try {
    return await dispatch(context, effect, ledger, git);
  } catch (error) {
    const detail = error instanceof Fault ? error.message : `It broke down: ${wordsOf(error)}`;
    return receipt(effect, 'failed', { detail });
  }
}

async function dispatch(
  context: Context,
  effect: Effect,
  ledger: Ledger,
  git: Git,
): Promise<Draft<'receipt'>> {
  const task = taskOf(ledger);
  if (task.repository !== context.repository || task.pull === undefined) {
    const detail = `the task is about ${task.subject} in ${task.repository}, which is no pull request here`;
    return receipt(effect, 'refused', { detail });
  }
  const pull = await readPull(context, task.pull);
  if (effect.type === 'push') return publishCommit(context, effect, ledger, git, pull);
  const stale = staleness(pull, task, effect.type === 'comment' ? pushedSha(ledger) : undefined);
  if (stale) return receipt(effect, 'stale', { detail: stale });
  switch (effect.type) {
    case 'review':
      return publishReview(context, effect, ledger, git, pull.number);
    case 'check':
      return publishCheck(context, effect, ledger, pull.defaultBranch);
    case 'comment':
      return publishComment(context, effect, ledger, pull.number);
  }
}

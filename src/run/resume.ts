import { rename } from 'node:fs/promises';
import type { Config } from '../core/config.ts';
import type { Draft } from '../core/document.ts';
import { type Ledger, newest, taskOf } from '../core/ledger.ts';
import { Fault } from '../core/outcome.ts';
import { isJudged } from '../core/policy.ts';
import type { Store } from '../core/store.ts';
import { differingField, isOnSameBase } from '../core/task.ts';
import type { Deps } from './deps.ts';

/**
 * The ledger to go on with; one that is of no use any more is kept aside, and a new one begins.
 * @param again whether a run that has come to its verdict is of no more use either
 */
export async function resume(
  store: Store,
  task: Draft<'task'>,
  { id, warn }: Pick<Deps, 'id' | 'warn'>,
  again: boolean,
): Promise<Ledger> {
  const aside = async (): Promise<Ledger> => {
    await rename(store.directory, `${store.directory}.${id()}`);
    return store.load();
  };
  let ledger: Ledger;
  try {
    ledger = await load(store);
  } catch (error) {
    warn(`${(error as Error).message} It is kept aside, and the task begins anew.`);
    return aside();
  }
  if (ledger.length === 0) return ledger;
  if (differingField(taskOf(ledger), task)) {
    warn('The ledger of an earlier run is about another task. It is kept aside, and the task begins anew.');
    return aside();
  }
  const isOver = again && newest(ledger, 'verdict') !== undefined;
  return isOver || !isOnSameBase(taskOf(ledger), task) ? aside() : ledger;
}

/**
 * The ledger that another job has proposed, for `phase: apply`.
 * @throws Fault when there is none, when it is not the one that the job has finished and named, or when it is
 * about something else than what this job was asked
 */
export async function loadProposed(
  store: Store,
  asked: Draft<'task'>,
  { ledgerDigest }: Pick<Config, 'ledgerDigest'>,
): Promise<Ledger> {
  const ledger = await load(store);
  const refuse = (why: string): Fault =>
    new Fault(`The ledger to apply ${why}, so it is refused.`, 'refused');
  if (ledger.length === 0)
    throw new Fault(
      'There is no ledger to apply: the job with `phase: propose` has to run before, in the same workflow run.',
    );
  if (ledger.at(-1)?.digest !== ledgerDigest)
    throw refuse('does not end with ledger-digest: it is not the one that was proposed');
  const other = differingField(taskOf(ledger), asked);
  if (other) throw refuse(`is about another task than this event (its ${other} is another one)`);
  if (!isJudged(ledger))
    throw new Fault('The ledger to apply is not finished; `phase: apply` runs no stage.');
  return ledger;
}

async function load(store: Store): Promise<Ledger> {
  try {
    return await store.load();
  } catch (error) {
    throw new Fault(
      `The ledger in ${store.directory} was changed or damaged, so it is refused: ${(error as Error).message}.`,
      'refused',
    );
  }
}

import type { Document } from './document.ts';
import { type EffectType, effectTypeOf } from './effect.ts';
import { all, type Ledger, newest } from './ledger.ts';

/** This run's receipt for an effect of this type: one from before the verdict says nothing of what it allowed. */
export function receiptFor(ledger: Ledger, type: EffectType): Document<'receipt'> | undefined {
  const since = newest(ledger, 'verdict')?.seq ?? 0;
  return all(ledger, 'receipt').findLast(({ key, seq }) => seq > since && effectTypeOf(key) === type);
}

/** The SHA of the commit that was pushed, when one was. */
export function pushedSha(ledger: Ledger): string | undefined {
  const receipt = receiptFor(ledger, 'push');
  if (receipt?.status !== 'done' && receipt?.status !== 'already') return undefined;
  return /(?:^|\/)([0-9a-f]{64}|[0-9a-f]{40})$/.exec(receipt.reference ?? '')?.[1];
}

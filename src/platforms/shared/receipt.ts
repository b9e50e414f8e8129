import type { Document, Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import { visible } from './plain.ts';

export type Status = Document<'receipt'>['status'];

/** The receipt for an effect. */
export function receipt(
  effect: Effect,
  status: Status,
  more: { reference?: string | undefined; detail?: string | undefined } = {},
): Draft<'receipt'> {
  return {
    kind: 'receipt',
    by: 'platform:github',
    key: effect.key,
    status,
    ...(more.reference && { reference: visible(more.reference, 2000) }),
    ...(more.detail && { detail: visible(more.detail, 2000) }),
  };
}

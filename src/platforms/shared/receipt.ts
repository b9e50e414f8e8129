import type { Document, Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import { sanitizeText } from '../../core/sanitize.ts';

type Status = Document<'receipt'>['status'];

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
    ...(more.reference && { reference: sanitizeText(more.reference, 2000) }),
    ...(more.detail && { detail: sanitizeText(more.detail, 2000) }),
  };
}

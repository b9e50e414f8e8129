import type { Document, Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import { sanitizeText } from '../../core/sanitize.ts';

export type Status = Document<'receipt'>['status'];

/** Makes the receipt for an effect, as a platform signs it. */
export type MakeReceipt = (
  effect: Effect,
  status: Status,
  more?: { reference?: string | undefined; detail?: string | undefined },
) => Draft<'receipt'>;

/** The receipts of the platform with that name. */
export function receiptsBy(platform: string): MakeReceipt {
  return (effect, status, more = {}) => ({
    kind: 'receipt',
    by: `platform:${platform}`,
    key: effect.key,
    status,
    ...(more.reference && { reference: sanitizeText(more.reference, 2000) }),
    ...(more.detail && { detail: sanitizeText(more.detail, 2000) }),
  });
}

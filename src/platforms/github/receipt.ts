import { receiptsBy } from '../shared/receipt.ts';

/** The receipt for an effect on GitHub. */
export const receipt = receiptsBy('github');

import type * as real from '../../../src/core/invisible.ts';

export * from '../../../src/core/invisible.ts';

export const escapeInvisible: typeof real.escapeInvisible = (text) => ({ text, hidden: 0 });
export const escapeOutput: typeof real.escapeOutput = (text) => ({ text, hidden: 0 });

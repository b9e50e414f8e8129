import type * as real from '../../../src/views/strip.ts';

export const strip: typeof real.strip = (text) => ({ text, hidden: 0 });
export const bound: typeof real.bound = (text) => text;
export const boundEnd: typeof real.boundEnd = (text) => text;
export const flat: typeof real.flat = (text) => text;

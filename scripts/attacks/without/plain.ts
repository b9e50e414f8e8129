import type * as real from '../../../src/platforms/shared/plain.ts';

export const visible: typeof real.visible = (text) => text;
export const oneLine: typeof real.oneLine = (text) => text;
export const cut: typeof real.cut = (text) => text;

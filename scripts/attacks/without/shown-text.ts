import type * as real from '../../../src/room/shown-text.ts';

export const showAll: typeof real.showAll = () => 0;

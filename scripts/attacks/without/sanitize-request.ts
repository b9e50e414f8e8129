import type * as real from '../../../src/gateway/sanitize-request.ts';

export const showAll: typeof real.showAll = () => 0;

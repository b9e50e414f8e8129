import type * as real from '../../../src/gateway/sanitize-request.ts';

export const sanitizeRequest: typeof real.sanitizeRequest = () => 0;

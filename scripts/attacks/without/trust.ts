import type * as real from '../../../src/core/trust.ts';

export { allowedBots } from '../../../src/core/trust.ts';

export const rejectUntrustedComment: typeof real.rejectUntrustedComment = () => undefined;
export const runsWithSecrets: typeof real.runsWithSecrets = () => false;
export const rejectUntrustedChange: typeof real.rejectUntrustedChange = () => undefined;

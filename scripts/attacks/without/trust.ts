import type * as real from '../../../src/core/trust.ts';

export { allowedBots } from '../../../src/core/trust.ts';

export const distrustOfComment: typeof real.rejectUntrustedComment = () => undefined;
export const meetsSecrets: typeof real.runsWithSecrets = () => false;
export const distrustOfChange: typeof real.rejectUntrustedChange = () => undefined;

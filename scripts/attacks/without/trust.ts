import type * as real from '../../../src/core/trust.ts';

export { allowedBots } from '../../../src/core/trust.ts';

export const distrustOfComment: typeof real.distrustOfComment = () => undefined;
export const meetsSecrets: typeof real.meetsSecrets = () => false;
export const distrustOfChange: typeof real.distrustOfChange = () => undefined;

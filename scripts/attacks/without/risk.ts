import type * as real from '../../../src/core/risk.ts';

export { guarded, riskOf } from '../../../src/core/risk.ts';

export const refusals: typeof real.refusals = () => [];

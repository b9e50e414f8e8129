import type * as real from '../../../src/probes/tampering.ts';

export const tamperings: typeof real.integrityFaults = () => [];

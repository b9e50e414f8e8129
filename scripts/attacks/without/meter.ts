import type { reserve as realReserve, settle as realSettle } from '../../../src/gateway/meter.ts';

export * from '../../../src/gateway/meter.ts';

/** As much as is asked for. */
export const reserve: typeof realReserve = (_bytes, asked) => ({ input: 0, output: Number(asked) });

/** What the reply says of itself, if it gets that far. */
export const settle: typeof realSettle = (reply) => reply.tokens;

import type { refusal as real } from '../../../src/gateway/request-rules.ts';

/** Whatever is asked for. */
export const refusal: typeof real = () => undefined;

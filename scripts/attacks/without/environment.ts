import * as real from '../../../src/room/environment.ts';

export * from '../../../src/room/environment.ts';

/** The machine's own variables are left. */
export const roomEnvironment: typeof real.roomEnvironment = (...given) => ({
  ...(process.env as Record<string, string>),
  ...real.roomEnvironment(...given),
});

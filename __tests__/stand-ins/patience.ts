/**
 * How long something is waited for that would otherwise hang a test, in milliseconds: nothing is proved by it, and a
 * machine may be ten times slower than this one.
 */
export const patience = 15 * 60_000;

import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context.ts';
import { isUncertain } from './fault.ts';

const attempts = 3;

/**
 * Creates what GitHub keeps no key for, once: it is looked for before each attempt, so that an answer that
 * was lost on the way makes no second one.
 * @param create must not be tried again by the client itself (`request: { retries: 0 }`)
 * @returns what there is now, and whether it was there before
 */
export async function once<T>(
  { second, signal }: Pick<Context, 'second' | 'signal'>,
  find: () => Promise<T | undefined>,
  create: () => Promise<T>,
): Promise<{ one: T; before: boolean }> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await find();
    if (found !== undefined) return { one: found, before: attempt === 1 };
    try {
      return { one: await create(), before: false };
    } catch (error) {
      if (attempt === attempts || !isUncertain(error)) throw error;
    }
    await sleep(attempt * 2 * second, undefined, { signal });
  }
}

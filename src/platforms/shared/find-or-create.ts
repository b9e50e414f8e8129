const attempts = 3;

/** What a platform's failures mean, and how it waits before it tries again. */
export interface Retrying {
  /** Whether nobody can tell if a request was carried out: its answer was lost. */
  isUncertain: (error: unknown) => boolean;
  wait: (seconds: number) => Promise<void>;
}

/**
 * Creates what a platform keeps no key for, once: it is looked for before each attempt, so that an answer that
 * was lost on the way makes no second one.
 * @param create must not be tried again by the client itself
 * @returns what there is now, and whether it existed before
 */
export async function findOrCreate<T>(
  { isUncertain, wait }: Retrying,
  find: () => Promise<T | undefined>,
  create: () => Promise<T>,
): Promise<{ one: T; existed: boolean }> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await find();
    if (found !== undefined) return { one: found, existed: attempt === 1 };
    try {
      return { one: await create(), existed: false };
    } catch (error) {
      if (attempt === attempts || !isUncertain(error)) throw error;
    }
    await wait(attempt * 2);
  }
}

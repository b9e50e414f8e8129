import type { Middleware } from '@anthropic-ai/sdk/client';

/** What a connection fails with before anything has gone over it. */
const unconnected: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether a request that failed can't have cost anything; after a timeout or a reset nobody knows. */
export function neverArrived(error: unknown): boolean {
  const at = error as { code?: unknown; cause?: unknown; errors?: unknown } | undefined;
  if (typeof at !== 'object' || at === null) return false;
  if (Array.isArray(at.errors) && at.errors.length > 0) return at.errors.every(neverArrived);
  return unconnected.has(at.code) || neverArrived(at.cause);
}

/**
 * Keeps the SDK from sending a request again whose answer was lost: it may have been billed, and what the
 * SDK sends a second time nobody counts. An answer that says no (429, 529, 5xx) is asked again as ever.
 */
export const countedOnce: Middleware = async (request, next) => {
  try {
    return await next(request);
  } catch (error) {
    // Only fetch fails so; a login that fails has its own words.
    const isLost = ['TypeError', 'AbortError'].includes((error as Error).name) && !neverArrived(error);
    // Without a cause, and in no words of a timeout: the SDK would see a reason to try again in either.
    throw isLost ? new Error('the connection broke before there was an answer') : error;
  }
};

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
export function isConnectError(error: unknown): boolean {
  const at = error as { code?: unknown; cause?: unknown; errors?: unknown } | undefined;
  if (typeof at !== 'object' || at === null) return false;
  if (Array.isArray(at.errors) && at.errors.length > 0) return at.errors.every(isConnectError);
  return unconnected.has(at.code) || isConnectError(at.cause);
}

/** By these a proxy says that it has given up waiting, or lost the API while it did. */
const lostBehind: ReadonlySet<number> = new Set([408, 502, 504, 520, 522, 524]);

/**
 * Keeps the SDK from sending a request again whose answer was lost: it may have been billed, and what the
 * SDK sends a second time nobody counts. An answer that says no (429, 529, 5xx) is asked again as ever.
 * @param isStreamed whether the reply was to come while it is made; one that was not may be whole, and billed,
 * behind a proxy that no longer waits for it
 */
export function noRetryAfterSend(isStreamed: boolean): Middleware {
  return async (request, next) => {
    let response: Response;
    try {
      response = await next(request);
    } catch (error) {
      // Only fetch fails so; a login that fails has its own words.
      const isLost = ['TypeError', 'AbortError'].includes((error as Error).name) && !isConnectError(error);
      // Without a cause, and in no words of a timeout: the SDK would see a reason to try again in either.
      throw isLost ? new Error('the connection broke before there was an answer') : error;
    }
    if (isStreamed || !lostBehind.has(response.status)) return response;
    throw new Error(`a proxy answered ${response.status} in the place of the API`);
  };
}

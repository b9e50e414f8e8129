import type { RecordedRequest } from './types.ts';

export interface Match {
  method?: string;
  /** The whole path (without `/api/v3` and query), or a pattern of it. */
  path: string | RegExp;
  /** How many matching requests it is for; 1 for a fault, all of them for a hook. */
  times?: number;
  /** How many matching requests go by unharmed first. */
  after?: number;
}

/** What the caller is told instead, or a connection that breaks. */
export type Fault = { status: number; headers?: Record<string, string>; body?: unknown } | 'reset';

export interface FaultOptions {
  /** The request is carried out and only its answer is lost: the hard case of "did it happen?". */
  carriedOut?: boolean;
}

interface Watch<T> {
  match: Match;
  seen: number;
  what: T;
}

/** A list of things that wait for a request. */
export function watches<T>(standardTimes: number) {
  let waiting: Watch<T>[] = [];
  return {
    add(match: Match, what: T): () => void {
      const watch = { match, seen: 0, what };
      waiting.push(watch);
      return () => {
        waiting = waiting.filter((other) => other !== watch);
      };
    },
    take(record: RecordedRequest): T[] {
      return waiting.flatMap((watch) => {
        const { method, path, times = standardTimes, after = 0 } = watch.match;
        if (method && method.toUpperCase() !== record.method) return [];
        if (typeof path === 'string' ? path !== record.path : !path.test(record.path)) return [];
        watch.seen += 1;
        return watch.seen > after && watch.seen <= after + times ? [watch.what] : [];
      });
    },
  };
}

const say = (message: string, status: number) => ({
  message,
  documentation_url: 'https://docs.github.com/rest',
  status: String(status),
});

/** The ways GitHub is known to fail. */
export const faults = {
  serverError: { status: 500, body: say('Server Error', 500) },
  badGateway: { status: 502, body: say('Server Error', 502) },
  unavailable: { status: 503, body: say('Service unavailable', 503) },
  notFound: { status: 404, body: say('Not Found', 404) },
  unprocessable: { status: 422, body: say('Validation Failed', 422) },
  reset: 'reset',
  secondaryRateLimit: (retryAfter = 1): Fault => ({
    status: 403,
    headers: { 'retry-after': String(retryAfter) },
    body: say(
      'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
      403,
    ),
  }),
  tooManyRequests: (retryAfter = 1): Fault => ({
    status: 429,
    headers: { 'retry-after': String(retryAfter) },
    body: say('Too many requests', 429),
  }),
  rateLimit: (resetAt: number): Fault => ({
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(resetAt) },
    body: say('API rate limit exceeded for installation ID 1.', 403),
  }),
} as const satisfies Record<string, Fault | ((n: number) => Fault)>;

import { setTimeout as sleep } from 'node:timers/promises';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { Octokit } from '@octokit/rest';
import { Fault } from '../../core/outcome.ts';
import { version } from '../../core/version.ts';

/**
 * GitHub words a secondary limit in more than one way, and the throttling knows one of them: see
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function wordLimits(octokit: Parameters<typeof throttling>[0]): void {
  octokit.hook.error('request', (error) => {
    const { status, response } = error as { status?: number; response?: { headers: object } };
    const asksToWait = response !== undefined && 'retry-after' in response.headers;
    if ((status === 429 || status === 403) && asksToWait && !/\bsecondary rate\b/i.test(error.message)) {
      error.message += ' (a secondary rate limit)';
    }
    throw error;
  });
}

// The first plugin is the innermost.
const Client = Octokit.plugin(wordLimits, throttling, retry);
export type Api = InstanceType<typeof Client>;

export interface ApiOptions {
  token: string;
  /** The process's own by default. */
  fetch?: typeof fetch | undefined;
  apiUrl: string;
  signal: AbortSignal;
  say: (text: string) => void;
  /** How long a second of waiting is, in milliseconds; a test makes it short. */
  msPerSecond: number;
}

/** A limit that lasts longer is reported instead of waited for. */
const longestWait = 60;
const waitsPerRequest = 2;
/** Of all requests of a run together, in seconds. */
const longestWaits = 240;
/** One answer that takes longer counts as a broken connection. */
const timeout = 60_000;

let clients = 0;

/**
 * A client of GitHub's API that waits for short rate limits, tries again what GitHub broke down over, and
 * stops with the run.
 * @throws Fault when the token can't be one
 */
export function createApi({ token, fetch: send = fetch, apiUrl, signal, say, msPerSecond }: ApiOptions): Api {
  // Node would put a token that fits into no header into the message of its error.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Fault(
      'Input github-token: it is empty or holds a space or a line break, so that it is no token; give it ${{ github.token }} or a secret.',
    );
  }
  let waited = 0;
  const limited = async (
    retryAfter: number,
    _options: unknown,
    _octokit: unknown,
    retryCount: number,
  ): Promise<boolean> => {
    if (retryAfter > longestWait || retryCount >= waitsPerRequest || waited + retryAfter > longestWaits) {
      say(`GitHub's rate limit lasts ${retryAfter} s more: not waiting`);
      return false;
    }
    waited += retryAfter;
    say(`GitHub's rate limit: waiting for ${retryAfter} s`);
    await sleep(retryAfter * msPerSecond, undefined, { signal });
    return true;
  };
  clients += 1;
  const api = new Client({
    auth: token,
    baseUrl: apiUrl,
    userAgent: `countersign/${version}`,
    request: { fetch: fetchWithin(signal, send) },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    throttle: {
      // Clients of one id wait for one another's writes.
      id: `countersign-${clients}`,
      // `limited` has waited already, because the plugin's own wait can't be broken off.
      retryAfterBaseValue: 0,
      onRateLimit: limited,
      onSecondaryRateLimit: limited,
    },
    retry: {
      retries: 3,
      retryAfterBaseValue: msPerSecond,
      // 429 is the throttling's; 409 comes out the same the next time.
      doNotRetry: [400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 451],
    },
  });
  const stopped = rejection(signal);
  // Outermost, because a wait of the plugins doesn't look at the signal.
  api.hook.wrap('request', (request, options) => Promise.race([request(options), stopped]));
  return api;
}

function fetchWithin(signal: AbortSignal, send: typeof fetch): typeof fetch {
  return (input, init) =>
    send(input, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(timeout)]) });
}

function rejection(signal: AbortSignal): Promise<never> {
  const stopped = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new DOMException('The run was stopped.', 'AbortError'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  // A run that is stopped between two requests has nobody listening.
  stopped.catch(ignore);
  return stopped;
}

function ignore(): void {}

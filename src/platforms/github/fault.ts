import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../core/outcome.ts';
import { sanitizeLine } from '../../core/sanitize.ts';
import type { Retrying } from '../shared/find-or-create.ts';
import type { Context } from './context.ts';

/** What a request is for, so that a person understands its failure. */
interface Purpose {
  /** Follows "to": `post the review`. */
  to: string;
  /** The permission it takes, as a workflow spells it: `pull-requests: write`. */
  needs: string;
}

/**
 * Runs `request`, which may be several requests for one purpose.
 * @throws Fault with one sentence for a person; its cause is Octokit's error
 */
export async function attempt<T>(purpose: Purpose, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(sentence(error, purpose), 'incomplete', { cause: error });
  }
}

/** Octokit's RequestError, known by its name because its package isn't one of ours. */
interface HttpError extends Error {
  status: number;
  response?: { headers: Record<string, string | number | undefined> };
}

function isHttpError(error: unknown): error is HttpError {
  return error instanceof Error && error.name === 'HttpError' && 'status' in error;
}

/** The HTTP status behind a fault; 0 when there was no answer at all. */
export function statusOf(error: unknown): number | undefined {
  const cause = error instanceof Fault ? error.cause : error;
  if (!isHttpError(cause)) return undefined;
  // Octokit gives a connection that broke the status 500, and no response.
  return cause.response ? cause.status : 0;
}

/** GitHub's own words behind a fault. */
export function wordsOf(error: unknown): string {
  const cause = error instanceof Fault ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  // Octokit appends the documentation's address.
  return sanitizeLine(message.replace(/ - https:\/\/docs\.github\.com\/\S*$/, ''), 300);
}

/** What GitHub's failures mean for whoever creates something once. */
export function retrying({ msPerSecond, signal }: Pick<Context, 'msPerSecond' | 'signal'>): Retrying {
  return { isUncertain, wait: (seconds) => sleep(seconds * msPerSecond, undefined, { signal }) };
}

/** Whether nobody can tell if the request was carried out: the answer was lost, or GitHub broke down over it. */
function isUncertain(error: unknown): boolean {
  const status = statusOf(error);
  return status !== undefined && (status === 0 || status >= 500);
}

function sentence(error: unknown, { to, needs }: Purpose): string {
  if (error instanceof Error && error.name === 'AbortError')
    return `The run was stopped while trying to ${to}.`;
  const status = statusOf(error);
  const words = wordsOf(error);
  if (status === undefined) return `GitHub's answer can't be used to ${to}: ${words}`;
  if (status === 0) return `GitHub can't be reached to ${to}: ${words}. Run the job again.`;
  if (status === 401) {
    return `GitHub doesn't accept the token, which is wrong, revoked or expired, so Countersign can't ${to} (401). Give the input github-token a valid one.`;
  }
  if (status === 429 || (status === 403 && /rate limit/i.test(words))) {
    return `GitHub's rate limit keeps Countersign from trying to ${to} (${status}). Run the job again later.`;
  }
  if (status === 403 && /not accessible by|must have|permission/i.test(words) && !/refusing/i.test(words)) {
    return `The token may not ${to}: it lacks \`permissions: ${needs}\`. Add the line \`${needs}\` under \`permissions:\` of the workflow's job; a pull request from a fork gets a token that only reads, whatever stands there.`;
  }
  if (status === 403 && /authenticate via a GitHub App/i.test(words)) {
    return `Only a GitHub App's token may ${to}; give the input github-token the workflow's own token, with \`permissions: ${needs}\`.`;
  }
  if (status === 403) return `GitHub refuses to let Countersign ${to} (403): ${words}`;
  if (status === 404) {
    return `GitHub finds nothing there to ${to} (404): it is gone, or the token can't see it, for which it needs \`permissions: ${needs}\`.`;
  }
  if (status >= 500) {
    return `GitHub is not able to ${to} now (${status}), also after trying again. Run the job again; https://www.githubstatus.com tells of outages.`;
  }
  return `GitHub refuses to ${to} (${status}): ${words}`;
}

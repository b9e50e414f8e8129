import * as z from 'zod';

/** An account, as the platform's API and the event tell; the name on a commit is anybody's to choose. */
interface Account {
  login: string;
  kind: 'person' | 'bot';
}

const bot = /^[A-Za-z0-9][A-Za-z0-9-]*\[bot\]$/;

/**
 * The bots that may ask, one a line or separated by commas. Exact names only: whoever makes an app chooses
 * its name, so that a pattern would let in strangers' apps.
 */
export const allowedBots = z
  .string()
  .transform((value) => value.split(/[\s,]+/).filter((name) => name !== ''))
  .refine((names) => names.every((name) => bot.test(name)), 'exact names of bots, such as renovate[bot]');

/**
 * Why an account's words call no agent; undefined when they do.
 * @param actor the login that set off the run
 * @param mayWrite whether the account may push to the repository, by the platform's API
 * @param bots the bots that were allowed by name
 */
export function rejectUntrustedComment(
  author: Account | undefined,
  actor: string,
  mayWrite: boolean,
  bots: readonly string[],
): string | undefined {
  if (!author) return 'the comment is by no account that is still there';
  if (author.login !== actor) return 'the comment is not by who set off this workflow';
  if (author.kind === 'bot')
    return bots.includes(author.login)
      ? undefined
      : `the comment is by the bot ${author.login}, which allow-bots does not name`;
  return mayWrite ? undefined : `${author.login} has no write permission here`;
}

/** The events that run with the base's secrets whoever opens the pull request. */
const privileged: ReadonlySet<string> = new Set(['pull_request_target', 'workflow_run']);

/** Whether a stranger's change could meet the base's secrets under this event, so that who brings it must be known. */
export function runsWithSecrets(event: string, isFork: boolean): boolean {
  return isFork && privileged.has(event);
}

/**
 * Why a change that would meet the base's secrets is not served; undefined when it is. Who opened it need not be who
 * pushes to it: a maintainer can open a pull request from a stranger's branch.
 * @param involved who opened it and who set off the run, each with whether they may push to the repository; a
 * deleted account has no name
 */
export function rejectUntrustedChange(
  involved: readonly { login: string | undefined; mayWrite: boolean }[],
  event: string,
): string | undefined {
  const stranger = involved.find(({ login, mayWrite }) => login === undefined || !mayWrite);
  if (!stranger) return undefined;
  return `${stranger.login ?? 'its author'} has no write permission here, so the fork's change is not served under ${event}; someone who has can comment /countersign and the agent's name`;
}

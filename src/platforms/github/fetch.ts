import { setTimeout as sleep } from 'node:timers/promises';
import type { Git } from '../../core/git.ts';
import { Fault } from '../../core/outcome.ts';
import type { Subject } from '../../core/platform.ts';
import { sanitizeLine } from '../../core/sanitize.ts';

interface Remote {
  serverUrl: string;
  /** `owner/name`. */
  repository: string;
  token: string;
  signal: AbortSignal;
  msPerSecond: number;
}

const attempts = 3;

/** Enough for a session to see what led here; more would be fetched for nothing. */
const depth = 20;

/**
 * Brings the subject's commits, with the last of their history, into the clean repository. A fork's head can be had
 * from the base repository, which keeps it under refs/pull.
 * @throws Fault when they can't be had
 */
export async function fetchCommits(remote: Remote, git: Git, subject: Subject): Promise<void> {
  const commits = [...new Set([subject.base, subject.head, subject.mergeBase])];
  const url = `${remote.serverUrl.replace(/\/+$/, '')}/${remote.repository}.git`;
  const args = [
    'fetch',
    '--quiet',
    '--no-tags',
    `--depth=${depth}`,
    '--no-write-fetch-head',
    '--no-auto-maintenance',
  ];
  const options = { env: environment(remote, url), signal: remote.signal };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await git([...args, '--no-recurse-submodules', '--', url, ...commits], options);
      break;
    } catch (error) {
      const words = hide(sanitizeLine((error as Error).message, 500), remote.token);
      if (attempt === attempts || isFinal(words) || remote.signal.aborted) throw fault(words, remote);
    }
    await sleep(attempt * 2 * remote.msPerSecond, undefined, { signal: remote.signal });
  }
  await check(git, commits);
}

/** The token is in the environment of this one process: not in its arguments, and in no file. */
function environment({ serverUrl, token }: Remote, url: string): Record<string, string> {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  const scheme = new URL(url).protocol.replace(':', '');
  const config = {
    // Only this server is sent the header, and no other is followed to.
    [`http.${serverUrl.replace(/\/+$/, '')}/.extraHeader`]: `Authorization: Basic ${basic}`,
    'http.followRedirects': 'false',
    'credential.helper': '',
    'protocol.allow': 'never',
    [`protocol.${scheme}.allow`]: 'always',
  };
  const entries = Object.entries(config).flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    ...Object.fromEntries(entries),
    GIT_CONFIG_COUNT: String(Object.keys(config).length),
    GIT_TERMINAL_PROMPT: '0',
  };
}

const noAccess =
  /returned error: 40[134]\b|Authentication failed|could not read Username|Repository not found/i;
const gone = /not our ref|unadvertised object|no such remote ref|couldn't find remote ref/i;

function isFinal(words: string): boolean {
  return noAccess.test(words) || gone.test(words);
}

function fault(words: string, { repository, signal }: Remote): Fault {
  if (signal.aborted) return new Fault('The run was stopped while fetching the commits.');
  if (gone.test(words)) {
    return new Fault(
      `A commit of the pull request is no longer in ${repository}; it was probably pushed over. Run the workflow for the newer head.`,
      'stale',
    );
  }
  if (noAccess.test(words)) {
    return new Fault(
      `The token may not fetch ${repository}: it lacks \`permissions: contents: read\`. Add the line \`contents: read\` under \`permissions:\` of the workflow's job.`,
    );
  }
  return new Fault(`The commits can't be fetched from ${repository}: ${words}. Run the job again.`);
}

function hide(text: string, token: string): string {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return token ? text.replaceAll(token, '***').replaceAll(basic, '***') : text;
}

async function check(git: Git, commits: readonly string[]): Promise<void> {
  const input = commits.map((sha) => `${sha}\n`).join('');
  const answers = (
    await git(['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input })
  ).toString();
  const missing = commits.find((sha) => !answers.split('\n').includes(`${sha} commit`));
  if (missing) throw new Fault(`The commit ${missing} is not there after fetching it.`);
}

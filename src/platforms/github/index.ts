import type { Platform, Views } from '../../core/platform.ts';
import { type Context, split, type UploadArtifact } from './context.ts';
import { fetchCommits } from './fetch.ts';
import { createApi } from './octokit.ts';
import { perform } from './perform.ts';
import { ask } from './subject.ts';
import { tokenActorOf } from './token-actor.ts';

export type { UploadArtifact } from './context.ts';

export interface GitHubOptions {
  token: string;
  /** What requests of the API go by, such as through a proxy; the process's own by default. */
  fetch?: typeof fetch;
  /** GITHUB_API_URL */
  apiUrl: string;
  /** GITHUB_SERVER_URL */
  serverUrl: string;
  /** GITHUB_GRAPHQL_URL; worked out from `apiUrl` when absent. */
  graphqlUrl?: string;
  /** GITHUB_EVENT_NAME */
  eventName: string;
  /** The parsed JSON of GITHUB_EVENT_PATH. */
  payload: unknown;
  /** `owner/name` */
  repository: string;
  /** GITHUB_ACTOR */
  actor: string;
  /** Bots whose comments count, by exact login. */
  bots: readonly string[];
  /** Where a person sees the workflow run; linked from the check. */
  runUrl?: string;
  views: Views;
  say: (text: string) => void;
  /** Without it, a patch that can't be pushed is only in the ledger. */
  uploadArtifact?: UploadArtifact;
  clock?: () => Date;
  /** How long a second of waiting for GitHub is, in milliseconds; a test makes it short. */
  msPerSecond?: number;
  signal: AbortSignal;
}

/**
 * GitHub as a platform. A review from event to comment takes at most 12 requests of the API, besides git's
 * own: 2 to ask, 3 each for review, check and comment (head, search, write), and 1 to know oneself.
 */
export function createGitHub(options: GitHubOptions): Platform {
  const { token, serverUrl, repository, signal, say, msPerSecond = 1000 } = options;
  const api = createApi({ token, fetch: options.fetch, apiUrl: options.apiUrl, signal, say, msPerSecond });
  const context: Context = {
    api,
    repository,
    repoParams: split(repository),
    bots: options.bots,
    views: options.views,
    say,
    uploadArtifact: options.uploadArtifact,
    runUrl: options.runUrl,
    clock: options.clock ?? (() => new Date()),
    signal,
    msPerSecond,
    tokenActor: tokenActorOf(api, options.graphqlUrl),
  };
  const event = { name: options.eventName, payload: options.payload, actor: options.actor };
  return {
    name: 'github',
    effects: ['push', 'review', 'check', 'comment'],
    ask: (agentName) => ask(context, event, agentName),
    fetch: (git, subject) =>
      fetchCommits({ serverUrl, repository, token, signal, msPerSecond }, git, subject),
    perform: (effect, ledger, git) => perform(context, effect, ledger, git),
  };
}

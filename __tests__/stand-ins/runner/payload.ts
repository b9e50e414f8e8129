import { readFileSync } from 'node:fs';

/** The events that `payload` knows. */
export type PayloadName =
  | 'pull_request'
  | 'pull_request_target'
  | 'issue_comment'
  | 'issues'
  | 'workflow_run'
  | 'workflow_dispatch';

type Json = null | string | number | boolean | Json[] | { [key: string]: Json };
type Tree = { [key: string]: Json };
// Payloads are looked into by name all over; spelling out their types is what @octokit/webhooks-types is for.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Payload = Record<string, any>;

type Person = { login: string; id?: number; type?: 'User' | 'Bot' };

/** What a payload should say instead of what the real one it is built on said. */
export type PayloadOverrides = {
  /** `opened`, `created` and `completed` by default. */
  action?: string;
  /** `owner/name`; `octo/hello` by default. */
  repository?: string;
  defaultBranch?: string;
  private?: boolean;
  /** Of the pull request or the issue. */
  number?: number;
  title?: string;
  body?: string | null;
  draft?: boolean;
  labels?: string[];
  /** Who opened it, and who acts; a name or more. */
  author?: string | Person;
  sender?: string | Person;
  /** OWNER, MEMBER, CONTRIBUTOR, NONE, ... of the author, or of the comment's author. */
  association?: string;
  head?: { ref?: string; sha?: string };
  base?: { ref?: string; sha?: string };
  /** `true`: the head is in a fork that belongs to the author; a string: in this `owner/name`. */
  fork?: boolean | string;
  /** `synchronize`: the SHA of the head before. */
  before?: string;
  /** `issue_comment`: what was said; its author is the sender. */
  comment?: { id?: number; body?: string; createdAt?: string };
  /** `issue_comment`: `false` for a comment on an issue. */
  onPullRequest?: boolean;
  /** `workflow_run` */
  run?: { id?: number; name?: string; event?: string; conclusion?: string; attempt?: number };
  /** `workflow_dispatch` */
  inputs?: Record<string, string>;
  ref?: string;
  apiUrl?: string;
  serverUrl?: string;
  /** Laid over the result at the end, at any depth. */
  merge?: object;
};

const EXAMPLES = new URL(
  '../../../node_modules/@octokit/webhooks-examples/api.github.com/index.json',
  import.meta.url,
);

const DEFAULT_ACTIONS: Partial<Record<PayloadName, string>> = {
  pull_request: 'opened',
  pull_request_target: 'opened',
  issue_comment: 'created',
  issues: 'opened',
  workflow_run: 'completed',
};

/** An event's payload: a real one from GitHub with the given things replaced throughout, URLs and SHAs included. */
export function payload(name: PayloadName, overrides: PayloadOverrides = {}): Payload {
  const settings = settle(overrides);
  const event = relabel(example(name, overrides.action ?? DEFAULT_ACTIONS[name]), settings);
  for (const key of ['organization', 'installation', 'enterprise']) delete event[key];
  event.repository = repositoryOf(event.repository, settings, settings.repository);
  event.sender = personOf(settings.sender, settings);
  if (event.pull_request) fillPull(event, settings);
  if (event.issue) fillIssue(event, settings, name === 'issue_comment' && (overrides.onPullRequest ?? true));
  if (event.comment) fillComment(event, settings);
  if (event.workflow_run) fillRun(event, settings);
  if (name === 'workflow_dispatch') fillDispatch(event, settings);
  return overrides.merge ? layOver(event, overrides.merge as Tree) : event;
}

type Settings = ReturnType<typeof settle>;

function settle(overrides: PayloadOverrides) {
  const repository = overrides.repository ?? 'octo/hello';
  const author = person(overrides.author ?? 'octocat');
  const name = repository.split('/')[1] ?? '';
  const fork = overrides.fork === true ? `${author.login}/${name}` : overrides.fork || repository;
  return {
    ...overrides,
    repository,
    author,
    sender: overrides.sender ? person(overrides.sender) : author,
    headRepository: fork,
    isFork: fork !== repository,
    number: overrides.number ?? 2,
    defaultBranch: overrides.defaultBranch ?? 'main',
    head: { ref: 'changes', sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821', ...overrides.head },
    base: {
      ref: overrides.defaultBranch ?? 'main',
      sha: 'f95f852bd8fca8fcc58a9a2d6c842781e32a215e',
      ...overrides.base,
    },
    apiUrl: overrides.apiUrl ?? 'https://api.github.com',
    serverUrl: overrides.serverUrl ?? 'https://github.com',
  };
}

const person = (who: string | Person): Person => (typeof who === 'string' ? { login: who } : who);

let examples: { name: string; examples: Payload[] }[] | undefined;

function example(name: PayloadName, action: string | undefined): Payload {
  examples ??= JSON.parse(readFileSync(EXAMPLES, 'utf8')) as NonNullable<typeof examples>;
  // Both carry the same payload; only one is among the examples.
  const event = name === 'pull_request_target' ? 'pull_request' : name;
  const all = examples.find((entry) => entry.name === event)?.examples ?? [];
  const fitting = all.filter((entry) => action === undefined || entry.action === action);
  const plain = fitting.find((entry) => !entry.organization && !entry.installation) ?? fitting[0];
  if (!plain) throw new Error(`no example of ${event}.${action}`);
  return structuredClone(plain);
}

// Every string at once, so that no URL is forgotten.
function relabel(event: Payload, settings: Settings): Payload {
  return mapStrings(event as Tree, (text) =>
    text
      .replaceAll(/Codertocat\/Hello-World|octo-org\/octo-repo/g, settings.repository)
      .replace(/\/(pulls|pull|issues)\/\d+/, `/$1/${settings.number}`)
      .replaceAll('ec26c3e57ca3a959ca5aad62de7213c562f8c821', settings.head.sha)
      .replaceAll('f95f852bd8fca8fcc58a9a2d6c842781e32a215e', settings.base.sha)
      .replaceAll('https://api.github.com', settings.apiUrl)
      .replaceAll('https://github.com', settings.serverUrl),
  ) as Payload;
}

function repositoryOf(given: Payload, settings: Settings, fullName: string): Payload {
  const [owner = '', name = ''] = fullName.split('/');
  const renamed = mapStrings(given as Tree, (text) =>
    text.replaceAll(settings.repository, fullName),
  ) as Payload;
  const fork = fullName !== settings.repository;
  return {
    ...renamed,
    id: fork ? given.id + 1 : given.id,
    name,
    full_name: fullName,
    owner: personOf({ login: owner, type: 'User' }, settings),
    fork,
    private: settings.private ?? false,
    default_branch: settings.defaultBranch,
  };
}

function personOf(who: Person, settings: Settings): Payload {
  const { login } = who;
  const api = `${settings.apiUrl}/users/${login}`;
  const id = who.id ?? idOf(login);
  return {
    login,
    id,
    node_id: Buffer.from(`04:User${id}`).toString('base64'),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: '',
    url: api,
    html_url: `${settings.serverUrl}/${login}`,
    followers_url: `${api}/followers`,
    following_url: `${api}/following{/other_user}`,
    gists_url: `${api}/gists{/gist_id}`,
    starred_url: `${api}/starred{/owner}{/repo}`,
    subscriptions_url: `${api}/subscriptions`,
    organizations_url: `${api}/orgs`,
    repos_url: `${api}/repos`,
    events_url: `${api}/events{/privacy}`,
    received_events_url: `${api}/received_events`,
    type: who.type ?? (login.endsWith('[bot]') ? 'Bot' : 'User'),
    site_admin: false,
  };
}

/** The id that a person has in payloads unless one is given: the same name, the same id. */
export function idOf(login: string): number {
  if (login === 'github-actions[bot]') return 41898282;
  return [...login].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 90_000_000, 7) + 1000;
}

function fillPull(event: Payload, settings: Settings): void {
  const { number, head, base } = settings;
  const repository = event.repository;
  event.number = number;
  if ('before' in event) Object.assign(event, { before: settings.before ?? base.sha, after: head.sha });
  const owner = (fullName: string): string => fullName.split('/')[0] ?? '';
  const side = (ref: { ref: string; sha: string }, fullName: string): Payload => ({
    label: `${owner(fullName)}:${ref.ref}`,
    ref: ref.ref,
    sha: ref.sha,
    user: personOf({ login: owner(fullName) }, settings),
    repo: fullName === settings.repository ? repository : repositoryOf(repository, settings, fullName),
  });
  Object.assign(event.pull_request, {
    ...common(settings),
    draft: settings.draft ?? event.pull_request.draft,
    head: side(head, settings.headRepository),
    base: side(base, settings.repository),
    merge_commit_sha: null,
  });
}

function fillIssue(event: Payload, settings: Settings, onPullRequest: boolean): void {
  Object.assign(event.issue, common(settings));
  if (!onPullRequest) return;
  const page = `${settings.serverUrl}/${settings.repository}/pull/${settings.number}`;
  event.issue.html_url = page;
  event.issue.pull_request = {
    url: `${settings.apiUrl}/repos/${settings.repository}/pulls/${settings.number}`,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    merged_at: null,
  };
}

const common = (settings: Settings): Payload => ({
  number: settings.number,
  ...(settings.title !== undefined && { title: settings.title }),
  ...(settings.body !== undefined && { body: settings.body }),
  user: personOf(settings.author, settings),
  state: 'open',
  labels: (settings.labels ?? []).map((name, at) => ({
    id: 1362934389 + at,
    node_id: 'MDU6TGFiZWwxMzYyOTM0Mzg5',
    url: `${settings.apiUrl}/repos/${settings.repository}/labels/${encodeURIComponent(name)}`,
    name,
    color: 'd73a4a',
    default: false,
    description: null,
  })),
  author_association: settings.association ?? 'CONTRIBUTOR',
  assignee: null,
  assignees: [],
  milestone: null,
});

function fillComment(event: Payload, settings: Settings): void {
  const id = settings.comment?.id ?? event.comment.id;
  const { repository, apiUrl, number } = settings;
  Object.assign(event.comment, {
    id,
    url: `${apiUrl}/repos/${repository}/issues/comments/${id}`,
    html_url: `${event.issue.html_url}#issuecomment-${id}`,
    issue_url: `${apiUrl}/repos/${repository}/issues/${number}`,
    body: settings.comment?.body ?? event.comment.body,
    // After all that a scene begins with, before all that happens in it.
    created_at: settings.comment?.createdAt ?? '2020-01-02T00:00:00Z',
    user: personOf(settings.sender, settings),
    author_association: settings.association ?? 'CONTRIBUTOR',
  });
}

function fillRun(event: Payload, settings: Settings): void {
  const { run = {}, head, base, apiUrl, repository } = settings;
  const short = (fullName: string): Payload => {
    const { id, name } = repositoryOf(event.repository, settings, fullName);
    return { id, url: `${apiUrl}/repos/${fullName}`, name };
  };
  const pull = {
    url: `${apiUrl}/repos/${repository}/pulls/${settings.number}`,
    id: 279147437,
    number: settings.number,
    head: { ...head, repo: short(settings.headRepository) },
    base: { ...base, repo: short(repository) },
  };
  const id = run.id ?? event.workflow_run.id;
  const before = String(event.workflow_run.id);
  const renumbered = mapStrings(event.workflow_run, (text) => text.replaceAll(before, String(id))) as Payload;
  event.workflow_run = {
    ...renumbered,
    id,
    name: run.name ?? 'CI',
    event: run.event ?? 'pull_request',
    status: 'completed',
    conclusion: run.conclusion ?? 'failure',
    run_attempt: run.attempt ?? 1,
    head_branch: head.ref,
    head_sha: head.sha,
    head_commit: { ...renumbered.head_commit, id: head.sha },
    // GitHub leaves this empty for pull requests from forks.
    pull_requests: settings.isFork ? [] : [pull],
    repository: event.repository,
    head_repository: repositoryOf(event.repository, settings, settings.headRepository),
    actor: personOf(settings.author, settings),
    triggering_actor: personOf(settings.sender, settings),
  };
  if (event.workflow) event.workflow.name = run.name ?? 'CI';
}

function fillDispatch(event: Payload, settings: Settings): void {
  event.inputs = settings.inputs ?? {};
  event.ref = settings.ref ?? `refs/heads/${settings.defaultBranch}`;
  event.workflow = '.github/workflows/countersign.yml';
}

function mapStrings(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]));
}

function layOver(under: Payload, over: Tree): Payload {
  const result: Payload = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
    result[key] =
      isTree && result[key] && typeof result[key] === 'object' ? layOver(result[key], value as Tree) : value;
  }
  return result;
}

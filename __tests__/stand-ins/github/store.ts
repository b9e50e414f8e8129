import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { git, gitEnvironment, tryGit } from './git.ts';
import type { App, Grant, Issue, Level, Permission, Pull, Repository, Role, User, World } from './types.ts';

const run = promisify(execFile);

/** When everything has happened that nobody asks about. */
export const epoch = '2020-01-01T00:00:00Z';

/** Now, as GitHub writes it. */
export function stamp(world: World): string {
  return world
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
}

/** The user of that login; somebody new gets an id. */
export function userOf(world: World, login: string, id?: number, type?: User['type']): User {
  const known = world.users.get(login.toLowerCase());
  if (known) return known;
  const user: User = {
    login,
    id: id ?? world.nextId(),
    type: type ?? (login.endsWith('[bot]') ? 'Bot' : 'User'),
  };
  world.users.set(login.toLowerCase(), user);
  return user;
}

export function appOf(user: User, id?: number): App {
  const actions = user.login === 'github-actions[bot]';
  return { id: id ?? (actions ? 15368 : user.id), slug: user.login.replace(/\[bot\]$/, ''), user };
}

export interface RepositoryOptions {
  /** As most repositories of companies are; a public one can be read without any permission. Default: true. */
  private?: boolean;
  /** The full name of the repository it is a fork of. */
  forkOf?: string;
  defaultBranch?: string;
  collaborators?: Record<string, Role>;
  actionsMayApprove?: boolean;
}

// git has no notion of a GitHub App, so a hook says no when the server asks for it by the environment.
const updateHook = `#!/bin/sh
test -n "$STAND_IN_NO_WORKFLOWS" || exit 0
case "$3" in 0000000000000000000000000000000000000000) exit 0;; esac
file=$(git log -m --name-only --format= "$3" --not --all -- .github/workflows | sed -n 1p)
test -z "$file" && exit 0
echo "refusing to allow a GitHub App to create or update workflow \\\`$file\\\` without \\\`workflows\\\` permission" >&2
exit 1
`;

const settings = {
  'http.receivepack': 'true',
  'uploadpack.allowAnySHA1InWant': 'true',
  'uploadpack.allowFilter': 'true',
  'receive.hideRefs': 'refs/pull',
  'receive.autogc': 'false',
  'gc.auto': '0',
};

/** Makes a bare repository on disk and remembers it. */
export async function createRepository(
  world: World,
  fullName: string,
  options: RepositoryOptions = {},
): Promise<Repository> {
  const [owner = '', name = ''] = fullName.split('/');
  const parent = options.forkOf ? world.repositories.get(options.forkOf.toLowerCase()) : undefined;
  if (options.forkOf && !parent) throw new Error(`there is no ${options.forkOf} to fork`);
  const defaultBranch = options.defaultBranch ?? parent?.defaultBranch ?? 'main';
  const path = join(world.directory, 'repositories', owner, `${name}.git`);
  mkdirSync(dirname(path), { recursive: true });
  if (parent) {
    const made = ['clone', '--quiet', '--bare', '--template=', parent.path, path];
    await run('git', made, { env: gitEnvironment });
  } else {
    // As `git init --bare` leaves it.
    for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
      mkdirSync(join(path, folder), { recursive: true });
    writeFileSync(join(path, 'HEAD'), `ref: refs/heads/${defaultBranch}\n`);
  }
  const config = Object.entries(settings).map(([key, value]) => {
    const [section, field] = key.split('.');
    return `[${section}]\n\t${field} = ${value}\n`;
  });
  writeFileSync(
    join(path, 'config'),
    `[core]\n\tbare = true\n\trepositoryformatversion = 0\n${config.join('')}`,
  );
  mkdirSync(join(path, 'hooks'), { recursive: true });
  writeFileSync(join(path, 'hooks', 'update'), updateHook, { mode: 0o755 });
  const repository: Repository = {
    id: world.nextId(),
    fullName,
    owner,
    name,
    private: options.private ?? true,
    defaultBranch,
    path,
    parent,
    pushedAt: epoch,
    collaborators: new Map(Object.entries(options.collaborators ?? {})),
    actionsMayApprove: options.actionsMayApprove ?? false,
    issues: new Map(),
    comments: [],
    checkRuns: [],
    workflowRuns: [],
  };
  userOf(world, owner);
  for (const login of repository.collaborators.keys()) userOf(world, login);
  world.repositories.set(fullName.toLowerCase(), repository);
  return repository;
}

export interface TokenOptions {
  login?: string;
  userId?: number;
  type?: User['type'];
  appId?: number;
  /** What is not named is `none`, as under `permissions:` in a workflow; metadata is always readable. */
  permissions?: Partial<Record<Permission, Level>>;
  /** The full names it is for; all of them unless it says. */
  repositories?: readonly string[];
}

/** What a token of these options may do. */
export function grantOf(world: World, options: TokenOptions): Grant {
  const login = options.login ?? 'github-actions[bot]';
  const id = options.userId ?? (login === 'github-actions[bot]' ? 41898282 : undefined);
  const user = userOf(world, login, id, options.type);
  return {
    user,
    app: user.type === 'Bot' ? appOf(user, options.appId) : undefined,
    repositories: options.repositories?.map((name) => name.toLowerCase()),
    permissions: {
      contents: 'none',
      pull_requests: 'none',
      issues: 'none',
      checks: 'none',
      statuses: 'none',
      actions: 'none',
      workflows: user.type === 'Bot' ? 'none' : 'write',
      ...options.permissions,
      metadata: 'read',
    },
  };
}

export interface IssueOptions {
  title: string;
  body?: string | null;
  author: string;
  labels?: string[];
}

/** Opens an issue. */
export function createIssue(world: World, repository: Repository, options: IssueOptions): Issue {
  const now = stamp(world);
  const issue: Issue = {
    id: world.nextId(),
    number: repository.issues.size + 1,
    repository,
    title: options.title,
    body: options.body ?? null,
    author: userOf(world, options.author),
    state: 'open',
    labels: [...(options.labels ?? [])],
    createdAt: now,
    updatedAt: now,
    pull: undefined,
  };
  repository.issues.set(issue.number, issue);
  return issue;
}

export interface PullOptions extends IssueOptions {
  head: string | { repository: Repository; branch: string };
  base?: string;
  draft?: boolean;
}

/** Opens a pull request; undefined when a branch is not there or there is nothing to merge. */
export async function createPull(
  world: World,
  repository: Repository,
  options: PullOptions,
): Promise<Pull | undefined> {
  const head = typeof options.head === 'string' ? { repository, branch: options.head } : options.head;
  const base = options.base ?? repository.defaultBranch;
  const headSha = await branchSha(head.repository, head.branch);
  const baseSha = await branchSha(repository, base);
  if (!headSha || !baseSha || headSha === baseSha) return undefined;
  const issue = createIssue(world, repository, options);
  const pull: Pull = {
    id: world.nextId(),
    number: issue.number,
    issue,
    repository,
    draft: options.draft ?? false,
    base: { branch: base, sha: '' },
    head: { ...head, sha: '' },
    mergeable: false,
    mergeSha: null,
    requestedReviewers: [],
    autoMerge: null,
    reviews: [],
  };
  issue.pull = pull;
  await syncPulls(world, repository);
  return pull;
}

/**
 * The commit a branch points to. It is asked for at every request, so it is read where git keeps it: in a file of
 * its own, or with others in packed-refs.
 */
export async function branchSha(repository: Repository, branch: string): Promise<string | undefined> {
  const ref = `refs/heads/${branch}`;
  const own = textOf(join(repository.path, ref))?.trim();
  if (own !== undefined) return own;
  const packed = textOf(join(repository.path, 'packed-refs'))?.split('\n') ?? [];
  return packed.find((line) => line.slice(41) === ref)?.slice(0, 40);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The pull requests of a repository, by number. */
export function pullsOf(repository: Repository): Pull[] {
  return [...repository.issues.values()].flatMap((issue) => issue.pull ?? []);
}

const running = new WeakMap<Repository, Promise<void>>();

/**
 * Brings open pull requests up to where their branches are. A push by file path tells nobody, so this is
 * asked before anything is answered; one at a time, as two would fight for refs/pull/N/merge.
 */
export async function syncPulls(world: World, repository: Repository): Promise<void> {
  const before = running.get(repository) ?? Promise.resolve();
  const mine = before.then(async () => {
    for (const pull of pullsOf(repository)) if (pull.issue.state === 'open') await syncPull(world, pull);
  });
  running.set(
    repository,
    mine.catch(() => undefined),
  );
  await mine;
}

async function syncPull(world: World, pull: Pull): Promise<void> {
  const { path } = pull.repository;
  const [head, base] = await Promise.all([
    branchSha(pull.head.repository, pull.head.branch),
    branchSha(pull.repository, pull.base.branch),
  ]);
  // A branch that was deleted leaves the pull request where it was.
  const to = { head: head ?? pull.head.sha, base: base ?? pull.base.sha };
  if (to.head === pull.head.sha && to.base === pull.base.sha) return;
  const ref = `refs/pull/${pull.number}`;
  if (pull.head.repository !== pull.repository && head) {
    await git(path, ['fetch', '--quiet', '--no-tags', pull.head.repository.path, `+${head}:${ref}/head`]);
  }
  await git(path, ['update-ref', `${ref}/head`, to.head]);
  if (pull.head.sha !== '') {
    pull.issue.updatedAt = stamp(world);
    if (pull.head.sha !== to.head) pull.head.repository.pushedAt = stamp(world);
  }
  pull.head.sha = to.head;
  pull.base.sha = to.base;
  const merged = await tryGit(path, ['merge-tree', '--write-tree', to.base, to.head]);
  pull.mergeable = merged.code === 0;
  pull.mergeSha = null;
  if (!pull.mergeable) {
    await tryGit(path, ['update-ref', '-d', `${ref}/merge`]);
    return;
  }
  const tree = merged.stdout.toString().split('\n')[0] ?? '';
  const message = `Merge ${to.head} into ${to.base}`;
  const args = ['commit-tree', tree, '-p', to.base, '-p', to.head, '-m', message];
  const date = `${Math.floor(world.now().getTime() / 1000)} +0000`;
  const commit = await git(path, args, '', {
    GIT_AUTHOR_NAME: 'GitHub',
    GIT_AUTHOR_EMAIL: 'noreply@github.com',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: 'GitHub',
    GIT_COMMITTER_EMAIL: 'noreply@github.com',
    GIT_COMMITTER_DATE: date,
  });
  pull.mergeSha = commit.toString().trim();
  await git(path, ['update-ref', `${ref}/merge`, pull.mergeSha]);
}

/**
 * A stand-in for GitHub that is real where it counts: its repositories are bare git repositories, served by
 * git's own smart HTTP, and every REST request and answer is held against GitHub's OpenAPI description.
 *
 * A test starts one, makes repositories, pushes to their `path`, opens pull requests, hands out tokens, runs
 * the code under test with the three URLs, and then reads what a person would see. `violations` stays empty.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Artifact, startArtifacts } from './artifacts.ts';
import { type Fault, type FaultOptions, type Match, watches } from './faults.ts';
import { type Oidc, startOidc } from './oidc.ts';
import { type Hook, listen } from './server.ts';
import {
  createIssue,
  createPull,
  createRepository,
  grantOf,
  type IssueOptions,
  type PullOptions,
  type RepositoryOptions,
  syncPulls,
  type TokenOptions,
  userOf,
} from './store.ts';
import type {
  CheckRun,
  Comment,
  Issue,
  Pull,
  RecordedRequest,
  Repository,
  Review,
  User,
  WorkflowRun,
  World,
} from './types.ts';

export { type Fault, faults, type Match } from './faults.ts';
export type * from './types.ts';
export type { Artifact, IssueOptions, PullOptions, RepositoryOptions, TokenOptions };

export interface GitHubOptions {
  /** The clock. */
  now?: () => Date;
}

export interface GitHub {
  /** GITHUB_API_URL */
  apiUrl: string;
  /** GITHUB_GRAPHQL_URL */
  graphqlUrl: string;
  /** GITHUB_SERVER_URL; git is at `${serverUrl}/owner/name` with and without `.git`. */
  serverUrl: string;
  /**
   * The same server by a name that @actions/artifact does not take for a GitHub Enterprise Server, where it
   * would refuse to work. git resolves it (curl knows `*.localhost`); Node does not, and is given the other URLs.
   */
  dotcomServerUrl: string;
  /** ACTIONS_RESULTS_URL */
  resultsUrl: string;
  oidc: Oidc;

  createRepository(fullName: string, options?: RepositoryOptions): Promise<Repository>;
  /** Without a login it is a GITHUB_TOKEN's. What `permissions` does not name is `none`. */
  createToken(options?: TokenOptions): string;
  /** ACTIONS_RUNTIME_TOKEN; two jobs of one run are given the same `run`. */
  createRuntimeToken(run?: string, job?: string): string;
  /** Somebody who exists on GitHub. */
  addUser(login: string, id?: number): User;
  createIssue(repository: Repository, options: IssueOptions): Issue;
  openPull(repository: Repository, options: PullOptions): Promise<Pull>;
  /** A comment by a person, or by anyone who is not the code under test. */
  addComment(issue: Issue | Pull, author: string, body: string): Comment;
  addWorkflowRun(repository: Repository, run: Partial<WorkflowRun> & { headSha: string }): WorkflowRun;

  /** Every request, in the order in which they came. */
  requests: RecordedRequest[];
  /** What the code under test asked wrongly, or this stand-in answered wrongly. Empty it to go on after a wanted one. */
  violations: string[];
  /** Makes matching requests fail: once, unless `times` says more. Gives back how to stop that. */
  failNext(match: Match, fault: Fault, options?: FaultOptions): () => void;
  /** Runs something before a matching request is answered, every time unless `times` says less. */
  onRequest(match: Match, hook: Hook): () => void;

  /** Brings pull requests up to a push by file path at once; any request does so by itself. */
  sync(): Promise<void>;
  comments(of: Issue | Pull): Comment[];
  reviews(pull: Pull): Review[];
  checkRuns(repository: Repository, sha?: string): CheckRun[];
  artifacts(): Artifact[];

  close(): Promise<void>;
}

const issueOf = (of: Issue | Pull): Issue => ('issue' in of ? of.issue : of);

/** Starts a GitHub of one's own on 127.0.0.1. */
export async function startGitHub(options: GitHubOptions = {}): Promise<GitHub> {
  let id = 1000;
  const now = options.now ?? (() => new Date());
  const world: World = {
    directory: mkdtempSync(join(tmpdir(), 'github-')),
    now,
    apiUrl: '',
    serverUrl: '',
    repositories: new Map(),
    users: new Map(),
    tokens: new Map(),
    signed: new Set(),
    violations: [],
    nextId: () => ++id,
  };
  const requests: RecordedRequest[] = [];
  const failing = watches<{ fault: Fault; carriedOut: boolean }>(1);
  const hooks = watches<Hook>(Number.POSITIVE_INFINITY);
  const server = await listen(world, requests, failing, hooks);
  world.serverUrl = server.url;
  world.apiUrl = `${server.url}/api/v3`;
  const artifacts = startArtifacts(server.url, now);
  const oidc = startOidc(server.url, now);
  server.serve(artifacts.answer, oidc.answer);
  userOf(world, 'github-actions[bot]', 41898282, 'Bot');

  return {
    apiUrl: world.apiUrl,
    graphqlUrl: `${server.url}/api/graphql`,
    serverUrl: server.url,
    dotcomServerUrl: server.url.replace('127.0.0.1', 'github.localhost'),
    resultsUrl: `${server.url}/`,
    oidc,
    requests,
    violations: world.violations,
    createRepository: (fullName, more) => createRepository(world, fullName, more),
    createToken(more = {}) {
      const token = `ghs_${randomBytes(18).toString('hex')}`;
      world.tokens.set(token, grantOf(world, more));
      return token;
    },
    createRuntimeToken: artifacts.createRuntimeToken,
    addUser: (login, userId) => userOf(world, login, userId),
    createIssue: (repository, more) => createIssue(world, repository, more),
    async openPull(repository, more) {
      const pull = await createPull(world, repository, more);
      if (!pull) throw new Error(`there is nothing to merge from ${JSON.stringify(more.head)}`);
      return pull;
    },
    addComment(of, author, body) {
      const at = now()
        .toISOString()
        .replace(/\.\d+Z$/, 'Z');
      const issue = issueOf(of);
      const who = userOf(world, author);
      const times = { createdAt: at, updatedAt: at };
      const comment: Comment = {
        id: world.nextId(),
        issue,
        author: who,
        app: undefined,
        body,
        ...times,
        minimized: null,
      };
      issue.repository.comments.push(comment);
      return comment;
    },
    addWorkflowRun(repository, given) {
      const run: WorkflowRun = {
        id: world.nextId(),
        name: 'Countersign',
        path: '.github/workflows/countersign.yml',
        event: 'pull_request',
        headBranch: null,
        status: 'in_progress',
        conclusion: null,
        actor: userOf(world, repository.owner),
        ...given,
      };
      repository.workflowRuns.push(run);
      return run;
    },
    failNext: (match, fault, { carriedOut = false } = {}) => failing.add(match, { fault, carriedOut }),
    onRequest: (match, hook) => hooks.add(match, hook),
    async sync() {
      for (const repository of world.repositories.values()) await syncPulls(world, repository);
    },
    comments: (of) => issueOf(of).repository.comments.filter((comment) => comment.issue === issueOf(of)),
    reviews: (pull) => pull.reviews,
    checkRuns: (repository, sha) =>
      repository.checkRuns.filter((run) => sha === undefined || run.headSha === sha),
    artifacts: artifacts.artifacts,
    async close() {
      await server.close();
      rmSync(world.directory, { recursive: true, force: true });
    },
  };
}

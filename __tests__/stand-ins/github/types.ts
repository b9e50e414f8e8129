/** What the stand-in remembers. The same objects are what a test reads, so they say what a person would see. */

export type Level = 'none' | 'read' | 'write';
export type Permission =
  | 'contents'
  | 'pull_requests'
  | 'issues'
  | 'checks'
  | 'statuses'
  | 'metadata'
  | 'actions'
  | 'workflows';
export type Role = 'admin' | 'maintain' | 'write' | 'triage' | 'read';

export interface User {
  login: string;
  id: number;
  type: 'Bot' | 'User';
}

/** The app behind a Bot token: `github-actions[bot]` is 15368, as on GitHub. */
export interface App {
  id: number;
  slug: string;
  user: User;
}

/** What a token may do. A `Bot` token is an installation token, as GITHUB_TOKEN is. */
export interface Grant {
  user: User;
  app: App | undefined;
  permissions: Record<Permission, Level>;
  repositories: readonly string[] | undefined;
}

export interface Repository {
  id: number;
  fullName: string;
  owner: string;
  name: string;
  private: boolean;
  defaultBranch: string;
  /** The bare repository: push to it and fetch from it by file path. */
  path: string;
  parent: Repository | undefined;
  /** When somebody last pushed to it; a push by file path is noticed with the pull request that it moves. */
  pushedAt: string | null;
  collaborators: Map<string, Role>;
  /** "Allow GitHub Actions to create and approve pull requests", which is off unless somebody turns it on. */
  actionsMayApprove: boolean;
  issues: Map<number, Issue>;
  comments: Comment[];
  checkRuns: CheckRun[];
  workflowRuns: WorkflowRun[];
}

export interface Issue {
  id: number;
  number: number;
  repository: Repository;
  title: string;
  body: string | null;
  author: User;
  state: 'open' | 'closed';
  labels: string[];
  createdAt: string;
  updatedAt: string;
  pull: Pull | undefined;
}

export interface Pull {
  id: number;
  number: number;
  issue: Issue;
  repository: Repository;
  draft: boolean;
  base: { branch: string; sha: string };
  head: { repository: Repository; branch: string; sha: string };
  /** Whether git can merge it, and the trial merge under refs/pull/N/merge. */
  mergeable: boolean;
  mergeSha: string | null;
  requestedReviewers: string[];
  autoMerge: { by: User; method: 'merge' | 'squash' | 'rebase' } | null;
  reviews: Review[];
}

export interface Comment {
  id: number;
  issue: Issue;
  author: User;
  app: App | undefined;
  body: string;
  createdAt: string;
  updatedAt: string;
  /** The reason under which a person sees it folded away, if it is. */
  minimized: string | null;
}

export type ReviewState = 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'PENDING';
export type Side = 'LEFT' | 'RIGHT';

export interface Review {
  id: number;
  pull: Pull;
  author: User;
  state: ReviewState;
  body: string;
  commit: string;
  submittedAt: string;
  comments: ReviewComment[];
}

export interface ReviewComment {
  id: number;
  review: Review;
  path: string;
  line: number;
  side: Side;
  startLine: number | null;
  startSide: Side | null;
  body: string;
  diffHunk: string;
}

export interface Annotation {
  path: string;
  start_line: number;
  end_line: number;
  start_column?: number;
  end_column?: number;
  annotation_level: 'notice' | 'warning' | 'failure';
  message: string;
  title?: string;
  raw_details?: string;
}

export interface CheckRun {
  id: number;
  app: App;
  name: string;
  headSha: string;
  status: string;
  conclusion: string | null;
  detailsUrl: string | null;
  externalId: string | null;
  startedAt: string | null;
  completedAt: string | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  annotations: Annotation[];
}

export interface WorkflowRun {
  id: number;
  name: string;
  path: string;
  event: string;
  headSha: string;
  headBranch: string | null;
  status: string;
  conclusion: string | null;
  actor: User;
}

/** One request, as it was answered. `path` has no query, and for REST no `/api/v3`. */
export interface RecordedRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  /** Parsed JSON where it was JSON, otherwise the bytes; undefined for git, whose bodies are streamed. */
  body: unknown;
  login: string | undefined;
  /** The operationId GitHub's description gives it, or `git`, `graphql NAME`, `twirp METHOD`, `blob`, `oidc`. */
  operation: string | undefined;
  /** 0 when the connection was reset. */
  status: number;
  /** Whether request and answer were held against GitHub's OpenAPI description. */
  checked: boolean;
}

/** Everything the parts share. */
export interface World {
  directory: string;
  now: () => Date;
  apiUrl: string;
  serverUrl: string;
  repositories: Map<string, Repository>;
  users: Map<string, User>;
  tokens: Map<string, Grant>;
  /** SHAs of commits GitHub signed for an app. */
  signed: Set<string>;
  violations: string[];
  nextId: () => number;
}

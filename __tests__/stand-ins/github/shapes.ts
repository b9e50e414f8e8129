/** What things look like in an answer. Only what GitHub's description requires, and what somebody reads. */
import type { CommitInfo } from './git.ts';
import { epoch, stamp } from './store.ts';
import type {
  App,
  CheckRun,
  Comment,
  Issue,
  Pull,
  Repository,
  Review,
  ReviewComment,
  User,
  World,
} from './types.ts';

export const nodeId = (kind: string, id: number): string =>
  `${kind}_${Buffer.from(String(id)).toString('base64url')}`;

export function repositoryUrl(world: World, repository: Repository): string {
  return `${world.apiUrl}/repos/${repository.fullName}`;
}

export function userShape(world: World, user: User): Record<string, unknown> {
  const url = `${world.apiUrl}/users/${encodeURIComponent(user.login)}`;
  return {
    login: user.login,
    id: user.id,
    node_id: nodeId(user.type === 'Bot' ? 'BOT' : 'U', user.id),
    avatar_url: `${world.serverUrl}/avatars/u/${user.id}?v=4`,
    gravatar_id: '',
    url,
    html_url:
      user.type === 'Bot'
        ? `${world.serverUrl}/apps/${user.login.replace(/\[bot\]$/, '')}`
        : `${world.serverUrl}/${user.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: user.type,
    user_view_type: 'public',
    site_admin: false,
  };
}

/** A user with the fields of a profile. */
export function profileShape(world: World, user: User): Record<string, unknown> {
  return {
    ...userShape(world, user),
    name: null,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: epoch,
    updated_at: epoch,
  };
}

export function appShape(world: World, app: App): Record<string, unknown> {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId('A', app.id),
    owner: userShape(world, { login: 'github', id: 9919, type: 'User' }),
    name: app.slug,
    description: '',
    external_url: 'https://example.com',
    html_url: `${world.serverUrl}/apps/${app.slug}`,
    created_at: epoch,
    updated_at: epoch,
    permissions: {},
    events: [],
  };
}

const templates = [
  ['archive', '{archive_format}{/ref}'],
  ['assignees', '{/user}'],
  ['blobs', '/git/blobs{/sha}', ''],
  ['branches', '{/branch}'],
  ['collaborators', '{/collaborator}'],
  ['comments', '{/number}'],
  ['commits', '{/sha}'],
  ['compare', '/{base}...{head}'],
  ['contents', '/{+path}'],
  ['contributors', ''],
  ['deployments', ''],
  ['downloads', ''],
  ['events', ''],
  ['forks', ''],
  ['git_commits', '/git/commits{/sha}', ''],
  ['git_refs', '/git/refs{/sha}', ''],
  ['git_tags', '/git/tags{/sha}', ''],
  ['hooks', ''],
  ['issue_comment', '/issues/comments{/number}', ''],
  ['issue_events', '/issues/events{/number}', ''],
  ['issues', '{/number}'],
  ['keys', '{/key_id}'],
  ['labels', '{/name}'],
  ['languages', ''],
  ['merges', ''],
  ['milestones', '{/number}'],
  ['notifications', '{?since,all,participating}'],
  ['pulls', '{/number}'],
  ['releases', '{/id}'],
  ['stargazers', ''],
  ['statuses', '/{sha}'],
  ['subscribers', ''],
  ['subscription', ''],
  ['tags', ''],
  ['teams', ''],
  ['trees', '/git/trees{/sha}', ''],
] as const;

export function repositoryShape(world: World, repository: Repository): Record<string, unknown> {
  const url = repositoryUrl(world, repository);
  const html = `${world.serverUrl}/${repository.fullName}`;
  const urls = templates.map(([name, rest, prefix]) => [
    `${name}_url`,
    `${url}${prefix ?? `/${name}`}${rest}`,
  ]);
  return {
    id: repository.id,
    node_id: nodeId('R', repository.id),
    name: repository.name,
    full_name: repository.fullName,
    private: repository.private,
    visibility: repository.private ? 'private' : 'public',
    owner: userShape(world, world.users.get(repository.owner.toLowerCase())!),
    html_url: html,
    description: null,
    fork: repository.parent !== undefined,
    url,
    ...Object.fromEntries(urls),
    git_url: `git://${new URL(html).host}/${repository.fullName}.git`,
    ssh_url: `git@${new URL(html).hostname}:${repository.fullName}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    default_branch: repository.defaultBranch,
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    open_issues: 0,
    open_issues_count: 0,
    size: 0,
    topics: [],
    has_issues: true,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: false,
    has_discussions: false,
    archived: false,
    disabled: false,
    is_template: false,
    allow_forking: true,
    web_commit_signoff_required: false,
    created_at: epoch,
    updated_at: epoch,
    pushed_at: repository.pushedAt,
  };
}

/** GET /repos/{owner}/{repo}: the repository, its parent, and what only the whole says. */
export function fullRepositoryShape(world: World, repository: Repository): Record<string, unknown> {
  const { parent } = repository;
  return {
    ...repositoryShape(world, repository),
    network_count: 0,
    subscribers_count: 0,
    ...(parent ? { parent: repositoryShape(world, parent), source: repositoryShape(world, parent) } : {}),
  };
}

export function association(repository: Repository, user: User): string {
  if (repository.owner === user.login) return 'OWNER';
  return repository.collaborators.has(user.login) ? 'COLLABORATOR' : 'NONE';
}

const link = (href: string) => ({ href });

/** A pull request as it stands in a list. */
export function pullShape(world: World, pull: Pull): Record<string, unknown> {
  const { repository, issue, number } = pull;
  const base = repositoryUrl(world, repository);
  const url = `${base}/pulls/${number}`;
  const html = `${world.serverUrl}/${repository.fullName}/pull/${number}`;
  const urls = {
    self: url,
    html,
    issue: `${base}/issues/${number}`,
    comments: `${base}/issues/${number}/comments`,
    review_comments: `${url}/comments`,
    review_comment: `${base}/pulls/comments{/number}`,
    commits: `${url}/commits`,
    statuses: `${base}/statuses/${pull.head.sha}`,
  };
  const end = (at: Repository, branch: string, sha: string) => ({
    label: `${at.owner}:${branch}`,
    ref: branch,
    sha,
    user: userShape(world, world.users.get(at.owner.toLowerCase())!),
    repo: repositoryShape(world, at),
  });
  return {
    id: pull.id,
    node_id: nodeId('PR', pull.id),
    url,
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: urls.issue,
    comments_url: urls.comments,
    review_comments_url: urls.review_comments,
    review_comment_url: urls.review_comment,
    commits_url: urls.commits,
    statuses_url: urls.statuses,
    number,
    state: issue.state,
    locked: false,
    active_lock_reason: null,
    title: issue.title,
    body: issue.body,
    user: userShape(world, issue.author),
    labels: issue.labels.map((name) => labelShape(world, repository, name)),
    milestone: null,
    assignee: null,
    assignees: [],
    requested_reviewers: pull.requestedReviewers.map((login) =>
      userShape(world, world.users.get(login.toLowerCase())!),
    ),
    requested_teams: [],
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.state === 'closed' ? issue.updatedAt : null,
    merged_at: null,
    merge_commit_sha: pull.mergeSha,
    draft: pull.draft,
    head: end(pull.head.repository, pull.head.branch, pull.head.sha),
    base: end(repository, pull.base.branch, pull.base.sha),
    author_association: association(repository, issue.author),
    auto_merge: pull.autoMerge && {
      enabled_by: userShape(world, pull.autoMerge.by),
      merge_method: pull.autoMerge.method,
      commit_title: '',
      commit_message: '',
    },
    _links: Object.fromEntries(Object.entries(urls).map(([key, value]) => [key, link(value)])),
  };
}

export interface Totals {
  commits: number;
  additions: number;
  deletions: number;
  changedFiles: number;
}

/** A pull request by itself, with what is only counted there. */
export function fullPullShape(world: World, pull: Pull, totals: Totals): Record<string, unknown> {
  const open = pull.issue.state === 'open';
  return {
    ...pullShape(world, pull),
    merged: false,
    mergeable: open ? pull.mergeable : null,
    rebaseable: open ? pull.mergeable : null,
    mergeable_state: !open ? 'unknown' : !pull.mergeable ? 'dirty' : pull.draft ? 'draft' : 'clean',
    merged_by: null,
    comments: pull.repository.comments.filter((comment) => comment.issue === pull.issue).length,
    review_comments: pull.reviews.flatMap((review) => review.comments).length,
    maintainer_can_modify: pull.head.repository !== pull.repository,
    commits: totals.commits,
    additions: totals.additions,
    deletions: totals.deletions,
    changed_files: totals.changedFiles,
  };
}

export function labelShape(world: World, repository: Repository, name: string): Record<string, unknown> {
  let id = 1;
  for (const letter of name) id = (id * 31 + letter.charCodeAt(0)) % 2 ** 31;
  return {
    id,
    node_id: nodeId('LA', id),
    url: `${repositoryUrl(world, repository)}/labels/${encodeURIComponent(name)}`,
    name,
    description: null,
    color: 'ededed',
    default: false,
  };
}

const noReactions = (url: string) => ({
  url: `${url}/reactions`,
  total_count: 0,
  '+1': 0,
  '-1': 0,
  laugh: 0,
  hooray: 0,
  confused: 0,
  heart: 0,
  rocket: 0,
  eyes: 0,
});

export function issueShape(world: World, issue: Issue): Record<string, unknown> {
  const { repository, number } = issue;
  const url = `${repositoryUrl(world, repository)}/issues/${number}`;
  const html = `${world.serverUrl}/${repository.fullName}/${issue.pull ? 'pull' : 'issues'}/${number}`;
  const pull = issue.pull && {
    url: `${repositoryUrl(world, repository)}/pulls/${number}`,
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    merged_at: null,
  };
  return {
    id: issue.id,
    node_id: nodeId('I', issue.id),
    url,
    repository_url: repositoryUrl(world, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: html,
    number,
    state: issue.state,
    title: issue.title,
    body: issue.body,
    user: userShape(world, issue.author),
    labels: issue.labels.map((name) => labelShape(world, repository, name)),
    assignee: null,
    assignees: [],
    milestone: null,
    locked: false,
    comments: repository.comments.filter((comment) => comment.issue === issue).length,
    closed_at: issue.state === 'closed' ? issue.updatedAt : null,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    author_association: association(repository, issue.author),
    reactions: noReactions(url),
    ...(pull ? { pull_request: pull } : {}),
  };
}

export function commentShape(world: World, comment: Comment): Record<string, unknown> {
  const { issue } = comment;
  const url = `${repositoryUrl(world, issue.repository)}/issues/comments/${comment.id}`;
  const kind = issue.pull ? 'pull' : 'issues';
  return {
    id: comment.id,
    node_id: nodeId('IC', comment.id),
    url,
    html_url: `${world.serverUrl}/${issue.repository.fullName}/${kind}/${issue.number}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(world, issue.repository)}/issues/${issue.number}`,
    body: comment.body,
    user: userShape(world, comment.author),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: association(issue.repository, comment.author),
    performed_via_github_app: comment.app ? appShape(world, comment.app) : null,
    reactions: noReactions(url),
  };
}

export function reviewShape(world: World, review: Review): Record<string, unknown> {
  const { pull } = review;
  const url = `${repositoryUrl(world, pull.repository)}/pulls/${pull.number}`;
  const html = `${world.serverUrl}/${pull.repository.fullName}/pull/${pull.number}#pullrequestreview-${review.id}`;
  return {
    id: review.id,
    node_id: nodeId('PRR', review.id),
    user: userShape(world, review.author),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: url,
    author_association: association(pull.repository, review.author),
    _links: { html: link(html), pull_request: link(url) },
    ...(review.state === 'PENDING' ? {} : { submitted_at: review.submittedAt }),
    commit_id: review.commit,
  };
}

export function reviewCommentShape(world: World, comment: ReviewComment): Record<string, unknown> {
  const { review } = comment;
  const { pull } = review;
  const base = `${repositoryUrl(world, pull.repository)}/pulls`;
  const url = `${base}/comments/${comment.id}`;
  const html = `${world.serverUrl}/${pull.repository.fullName}/pull/${pull.number}#discussion_r${comment.id}`;
  return {
    id: comment.id,
    node_id: nodeId('PRRC', comment.id),
    pull_request_review_id: review.id,
    url,
    html_url: html,
    pull_request_url: `${base}/${pull.number}`,
    diff_hunk: comment.diffHunk,
    path: comment.path,
    position: comment.diffHunk.split('\n').length - 1,
    original_position: comment.diffHunk.split('\n').length - 1,
    line: comment.line,
    original_line: comment.line,
    side: comment.side,
    start_line: comment.startLine,
    original_start_line: comment.startLine,
    start_side: comment.startSide,
    subject_type: 'line',
    commit_id: review.commit,
    original_commit_id: review.commit,
    user: userShape(world, review.author),
    body: comment.body,
    created_at: review.submittedAt,
    updated_at: review.submittedAt,
    author_association: association(pull.repository, review.author),
    _links: { self: link(url), html: link(html), pull_request: link(`${base}/${pull.number}`) },
    reactions: noReactions(url),
  };
}

export function checkRunShape(world: World, repository: Repository, run: CheckRun): Record<string, unknown> {
  const url = `${repositoryUrl(world, repository)}/check-runs/${run.id}`;
  return {
    id: run.id,
    node_id: nodeId('CR', run.id),
    name: run.name,
    head_sha: run.headSha,
    external_id: run.externalId ?? '',
    url,
    html_url: `${world.serverUrl}/${repository.fullName}/runs/${run.id}`,
    details_url: run.detailsUrl,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.app.id },
    app: appShape(world, run.app),
    pull_requests: [],
  };
}

export function verificationShape(world: World, commit: CommitInfo): Record<string, unknown> {
  const signed = world.signed.has(commit.sha);
  return {
    verified: signed,
    reason: signed ? 'valid' : 'unsigned',
    signature: signed ? '-----BEGIN PGP SIGNATURE-----\n\nstand-in\n-----END PGP SIGNATURE-----' : null,
    payload: signed ? `tree ${commit.tree}\n` : null,
    verified_at: signed ? stamp(world) : null,
  };
}

/** A commit of the git database. */
export function gitCommitShape(
  world: World,
  repository: Repository,
  commit: CommitInfo,
): Record<string, unknown> {
  const url = `${repositoryUrl(world, repository)}/git`;
  const html = `${world.serverUrl}/${repository.fullName}/commit`;
  return {
    sha: commit.sha,
    node_id: `C_${commit.sha}`,
    url: `${url}/commits/${commit.sha}`,
    html_url: `${html}/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    message: commit.message,
    tree: { sha: commit.tree, url: `${url}/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${html}/${sha}` })),
    verification: verificationShape(world, commit),
  };
}

// GitHub knows whose commit it is by the address.
function byAddress(world: World, email: string): Record<string, unknown> | null {
  const login = /^(?:\d+\+)?(.+)@users\.noreply\.github\.com$/.exec(email)?.[1];
  const user = login === undefined ? undefined : world.users.get(login.toLowerCase());
  if (user) return userShape(world, user);
  return email === 'noreply@github.com'
    ? userShape(world, { login: 'web-flow', id: 19864447, type: 'User' })
    : null;
}

/** A commit of a repository's history. */
export function commitShape(
  world: World,
  repository: Repository,
  commit: CommitInfo,
): Record<string, unknown> {
  const url = `${repositoryUrl(world, repository)}/commits`;
  const html = `${world.serverUrl}/${repository.fullName}/commit`;
  return {
    sha: commit.sha,
    node_id: `C_${commit.sha}`,
    url: `${url}/${commit.sha}`,
    html_url: `${html}/${commit.sha}`,
    comments_url: `${url}/${commit.sha}/comments`,
    commit: {
      url: `${repositoryUrl(world, repository)}/git/commits/${commit.sha}`,
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${repositoryUrl(world, repository)}/git/trees/${commit.tree}` },
      verification: verificationShape(world, commit),
    },
    author: byAddress(world, commit.author.email),
    committer: byAddress(world, commit.committer.email),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/${sha}`, html_url: `${html}/${sha}` })),
  };
}

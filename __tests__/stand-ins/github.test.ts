import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Octokit } from '@octokit/rest';
import {
  faults,
  type GitHub,
  type Pull,
  type Repository,
  startGitHub,
  type TokenOptions,
} from './github/index.ts';
import { gaps } from './github/rest.ts';

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'github-test-'));
const person = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
};
const environment = {
  PATH: process.env.PATH,
  HOME: directory,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  ...person,
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};

const inTree = async (tree: string, ...args: string[]) =>
  (await run('git', args, { cwd: tree, env: environment })).stdout.trim();

/** Runs something that has to fail and gives back what it said. */
const failure = async (doing: Promise<unknown>) =>
  doing.then(
    () => {
      throw new Error('it worked');
    },
    (
      error: Error & {
        status?: number;
        stderr?: string;
        response?: { data: Record<string, unknown>; headers: object };
      },
    ) => error,
  );

let github: GitHub;
let repository: Repository;
let tree: string;
let count = 0;

async function commit(
  files: Record<string, string | Uint8Array | null>,
  message = 'change',
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    if (content === null) rmSync(join(tree, name));
    else {
      await run('mkdir', ['-p', join(tree, name, '..')]);
      writeFileSync(join(tree, name), content);
    }
  }
  await inTree(tree, 'add', '-A');
  await inTree(tree, 'commit', '-q', '-m', message);
  return inTree(tree, 'rev-parse', 'HEAD');
}

const all: TokenOptions['permissions'] = {
  contents: 'write',
  pull_requests: 'write',
  issues: 'write',
  checks: 'write',
  actions: 'read',
};

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const client = (permissions: TokenOptions['permissions'] = all, more: TokenOptions = {}) =>
  new Octokit({
    auth: github.createToken({ permissions, ...more }),
    baseUrl: github.apiUrl,
    log: quiet,
  });

const at = { owner: 'acme', repo: 'widgets' };

const twenty = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join('');

beforeAll(async () => {
  github = await startGitHub();
});

beforeEach(async () => {
  count += 1;
  at.repo = `widgets${count}`;
  repository = await github.createRepository(`acme/${at.repo}`, { collaborators: { grace: 'write' } });
  tree = join(directory, String(count));
  await run('git', ['init', '-q', '-b', 'main', tree], { env: environment });
  await commit({ 'a.txt': twenty, 'run.sh': '#!/bin/sh\n' }, 'first');
  await inTree(tree, 'push', '-q', repository.path, 'main');
});

afterEach(() => {
  expect(github.violations.splice(0)).toEqual([]);
});

afterAll(async () => {
  await github.close();
  rmSync(directory, { recursive: true });
});

async function pullOf(files: Record<string, string | Uint8Array | null>): Promise<Pull> {
  await inTree(tree, 'checkout', '-q', '-b', 'topic');
  await commit(files);
  await inTree(tree, 'push', '-q', repository.path, 'topic');
  return github.openPull(repository, { title: 'Topic', head: 'topic', author: 'ada' });
}

test('every operation that is described is answered', () => {
  expect(gaps()).toEqual([]);
});

describe('git', () => {
  const url = (token: string, suffix = '') =>
    `${github.serverUrl.replace('//', `//x-access-token:${token}@`)}/acme/${at.repo}${suffix}`;

  test('fetches with contents:read and refuses to push', async () => {
    const reader = github.createToken({ permissions: { contents: 'read' } });
    expect(await inTree(tree, 'ls-remote', url(reader), 'main')).toContain('refs/heads/main');
    expect(await inTree(tree, 'ls-remote', url(reader, '.git'), 'main')).toContain('refs/heads/main');
    const no = await failure(inTree(tree, 'push', url(reader), 'HEAD:refs/heads/x'));
    expect(no.stderr).toContain('Permission to');
    expect(no.stderr).toContain('403');
  });

  test('says no without a token, with a wrong one, and of a repository it cannot see', async () => {
    const none = await fetch(`${github.serverUrl}/acme/${at.repo}/info/refs?service=git-upload-pack`);
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="GitHub"']);
    const elsewhere = github.createToken({ permissions: all, repositories: ['acme/other'] });
    expect((await failure(inTree(tree, 'ls-remote', url(elsewhere)))).stderr).toContain('not found');
    const nothing = github.createToken({ permissions: { issues: 'write' } });
    expect((await failure(inTree(tree, 'ls-remote', url(nothing)))).stderr).toContain('403');
  });

  test('a push moves the pull request and its refs, and any SHA can be fetched', async () => {
    const pull = await pullOf({ 'b.txt': 'b\n' });
    const before = pull.head.sha;
    const writer = github.createToken({ permissions: { contents: 'write' } });
    const after = await commit({
      'big.bin': new Uint8Array(2_000_000).map((_, index) => (index * 7919) % 251),
    });
    await inTree(tree, 'push', '-q', url(writer), 'topic');
    expect(pull.head.sha).toBe(after);
    expect(await inTree(tree, 'ls-remote', url(writer), `refs/pull/${pull.number}/head`)).toContain(after);
    const clean = join(directory, `${count}-clean`);
    await run('git', ['init', '-q', clean], { env: environment });
    await inTree(clean, 'fetch', '-q', '--filter=blob:none', '--depth=1', url(writer), before);
    expect(await inTree(clean, 'rev-parse', 'FETCH_HEAD')).toBe(before);
    await inTree(clean, 'fetch', '-q', url(writer), `refs/pull/${pull.number}/merge`);
    expect(await inTree(clean, 'rev-parse', 'FETCH_HEAD^2')).toBe(after);
    expect((await failure(inTree(tree, 'push', url(writer), 'HEAD:refs/pull/9/head'))).stderr).toContain(
      'hidden ref',
    );
  });

  test('refuses a workflow from an app, and takes it from a person', async () => {
    await commit({ '.github/workflows/x.yml': 'on: push\n' });
    const app = github.createToken({ permissions: { contents: 'write' } });
    const words = 'refusing to allow a GitHub App to create or update workflow `.github/workflows/x.yml`';
    expect((await failure(inTree(tree, 'push', url(app), 'HEAD:refs/heads/x'))).stderr).toContain(words);
    const somebody = github.createToken({ login: 'grace', permissions: { contents: 'write' } });
    await inTree(tree, 'push', '-q', url(somebody), 'HEAD:refs/heads/x');
  });

  test('takes a compressed request, and lets anyone read what is public', async () => {
    const open = await github.createRepository(`acme/public${count}`, { private: false });
    await inTree(tree, 'push', '-q', open.path, 'main');
    const answer = await fetch(`${github.serverUrl}/acme/${open.name}/git-upload-pack`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-git-upload-pack-request',
        'content-encoding': 'gzip',
        'git-protocol': 'version=2',
      },
      body: gzipSync('0014command=ls-refs\n0000'),
    });
    expect(await answer.text()).toContain('refs/heads/main');
  });

  test('works under the name that is not an Enterprise Server', async () => {
    const token = github.createToken({ permissions: { contents: 'read' } });
    const named = url(token).replace(github.serverUrl.slice(7), github.dotcomServerUrl.slice(7));
    expect(await inTree(tree, 'ls-remote', named, 'main')).toContain('refs/heads/main');
  });
});

describe('pull requests', () => {
  test('are got, listed, compared and paged', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 310 }, (_, index) => [`many/${index}.txt`, `${index}\n`]),
    );
    const pull = await pullOf({ ...files, 'a.txt': twenty.replace('line 3', 'line three'), 'run.sh': null });
    const octokit = client();
    const { data } = await octokit.pulls.get({ ...at, pull_number: pull.number });
    expect(data).toMatchObject({
      changed_files: 312,
      commits: 1,
      mergeable: true,
      head: { sha: pull.head.sha },
    });
    const got = await octokit.paginate(octokit.pulls.listFiles, {
      ...at,
      pull_number: pull.number,
      per_page: 100,
    });
    expect(got).toHaveLength(312);
    expect(got.find((file) => file.filename === 'a.txt')).toMatchObject({ status: 'modified', additions: 1 });
    expect(got.find((file) => file.filename === 'run.sh')?.status).toBe('removed');
    const compared = await octokit.repos.compareCommitsWithBasehead({ ...at, basehead: 'main...topic' });
    expect(compared.data.files).toHaveLength(300);
    expect(compared.data).toMatchObject({
      status: 'ahead',
      ahead_by: 1,
      merge_base_commit: { sha: pull.base.sha },
    });
    expect((await octokit.pulls.list({ ...at, head: 'acme:topic' })).data).toHaveLength(1);
    expect((await octokit.pulls.list({ ...at, head: 'acme:other' })).data).toHaveLength(0);
    expect((await octokit.pulls.listCommits({ ...at, pull_number: pull.number })).data).toHaveLength(1);
    const diff = await octokit.repos.compareCommitsWithBasehead({
      ...at,
      basehead: 'main...topic',
      mediaType: { format: 'diff' },
    });
    expect(diff.data).toContain('diff --git a/a.txt b/a.txt');
    const of = { ...at, commit_sha: pull.head.sha };
    expect((await octokit.repos.listPullRequestsAssociatedWithCommit(of)).data).toHaveLength(1);
    const one = await octokit.repos.getCommit({ ...at, ref: 'topic' });
    expect(one.data.stats).toMatchObject({ additions: 311, deletions: 2 });
    expect(one.data.files).toHaveLength(300);
    const first = await octokit.repos.getCommit({ ...at, ref: pull.base.sha });
    expect(first.data.files).toHaveLength(2);
  });

  test('show renames, binary files, odd names and modes as git does', async () => {
    await run('mkdir', ['-p', tree]);
    await inTree(tree, 'checkout', '-q', '-b', 'odd');
    await inTree(tree, 'mv', 'a.txt', 'ünï code "x".txt');
    await inTree(tree, 'update-index', '--chmod=+x', 'run.sh');
    await run('chmod', ['+x', join(tree, 'run.sh')]);
    await commit({ 'x.bin': new Uint8Array([0, 1, 2, 255]), 'empty.txt': '' });
    await inTree(tree, 'push', '-q', repository.path, 'odd');
    const pull = await github.openPull(repository, { title: 'Odd', head: 'odd', author: 'ada' });
    const { data } = await client().pulls.listFiles({ ...at, pull_number: pull.number });
    const told = data.map((file) => [file.filename, file.status, file.previous_filename, file.patch]);
    expect(told).toEqual([
      ['empty.txt', 'added', undefined, undefined],
      ['run.sh', 'modified', undefined, undefined],
      ['x.bin', 'added', undefined, undefined],
      ['ünï code "x".txt', 'renamed', 'a.txt', undefined],
    ]);
  });

  test('leave out patches that are too large, and tell changes of type', async () => {
    const long = 'x\n'.repeat(20_001);
    await rm(join(tree, 'run.sh'));
    await symlink('a.txt', join(tree, 'run.sh'));
    const pull = await pullOf({ 'long.txt': long, 'a.txt': `a\rdiff --git a/x b/x\n${twenty}` });
    const { data } = await client().pulls.listFiles({ ...at, pull_number: pull.number });
    const [a, more, type] = data;
    expect(a?.patch).toContain('+a\rdiff --git a/x b/x');
    expect([more?.additions, more?.patch, type?.status]).toEqual([20_001, undefined, 'changed']);
    expect(type?.patch).toContain('+a.txt');
  });

  test('conflict, change, and ask for reviewers', async () => {
    const pull = await pullOf({ 'a.txt': 'theirs\n' });
    await inTree(tree, 'checkout', '-q', 'main');
    await commit({ 'a.txt': 'ours\n' });
    await inTree(tree, 'push', '-q', repository.path, 'main');
    const octokit = client();
    const on = { ...at, pull_number: pull.number };
    const { data } = await octokit.pulls.get(on);
    expect(data).toMatchObject({ mergeable: false, mergeable_state: 'dirty', base: { sha: pull.base.sha } });
    await octokit.pulls.requestReviewers({ ...on, reviewers: ['grace'] });
    const stranger = octokit.pulls.requestReviewers({ ...on, reviewers: ['mallory'] });
    expect((await failure(stranger)).message).toContain('not a collaborator');
    expect((await octokit.pulls.update({ ...on, title: 'New', state: 'closed' })).data).toMatchObject({
      title: 'New',
      state: 'closed',
      requested_reviewers: [{ login: 'grace' }],
    });
    const comment = github.addComment(pull, 'mallory', 'hello');
    await octokit.issues.deleteComment({ ...at, comment_id: comment.id });
    expect(github.comments(pull)).toEqual([]);
  });

  test('come from a fork', async () => {
    const fork = await github.createRepository(`grace/${at.repo}`, { forkOf: repository.fullName });
    await inTree(tree, 'checkout', '-q', '-b', 'theirs');
    const sha = await commit({ 'b.txt': 'b\n' });
    await inTree(tree, 'push', '-q', fork.path, 'theirs');
    const octokit = client(all, { login: 'grace' });
    const made = await octokit.pulls.create({ ...at, title: 'Theirs', head: 'grace:theirs', base: 'main' });
    expect(made.data).toMatchObject({ head: { sha, label: 'grace:theirs' }, user: { login: 'grace' } });
    const twice = octokit.pulls.create({ ...at, title: 'Theirs', head: 'grace:theirs', base: 'main' });
    expect((await failure(twice)).message).toContain('A pull request already exists for grace:theirs.');
    const next = await commit({ 'b.txt': 'c\n' });
    await inTree(tree, 'push', '-q', fork.path, 'theirs');
    const again = await octokit.pulls.get({ ...at, pull_number: made.data.number });
    expect(again.data.head.sha).toBe(next);
    const compared = await octokit.repos.compareCommitsWithBasehead({
      ...at,
      basehead: 'main...grace:theirs',
    });
    expect(compared.data.ahead_by).toBe(2);
  });

  test('are refused to GITHUB_TOKEN until the repository allows them', async () => {
    await inTree(tree, 'push', '-q', repository.path, 'main:other');
    const asked = () => client().pulls.create({ ...at, title: 'x', head: 'other', base: 'main' });
    expect((await failure(asked())).message).toContain('not permitted to create or approve pull requests');
    repository.actionsMayApprove = true;
    expect((await failure(asked())).message).toContain('No commits between main and other');
  });
});

describe('reviews', () => {
  const changed = twenty.replace('line 10\n', 'line ten\nline ten and a half\n');
  const review = (pull: Pull, comments: object[], more: object = {}) =>
    client().pulls.createReview({
      ...at,
      pull_number: pull.number,
      event: 'COMMENT',
      body: 'b',
      comments,
      ...more,
    } as never);

  test('are published with comments on lines of the diff', async () => {
    const pull = await pullOf({ 'a.txt': changed });
    const comments = [
      { path: 'a.txt', line: 11, body: 'new' },
      { path: 'a.txt', line: 10, side: 'LEFT', body: 'old' },
      { path: 'a.txt', line: 12, start_line: 7, body: 'range' },
      { path: 'a.txt', line: 14, body: 'context' },
    ];
    await review(pull, comments, { commit_id: pull.head.sha });
    const [made] = github.reviews(pull);
    expect(made).toMatchObject({ state: 'COMMENTED', author: { login: 'github-actions[bot]' } });
    expect(made?.comments.map((comment) => comment.diffHunk.split('\n').at(-1))).toEqual([
      '+line ten and a half',
      '-line 10',
      ' line 11',
      ' line 13',
    ]);
    const octokit = client({ pull_requests: 'read' });
    expect((await octokit.pulls.listReviews({ ...at, pull_number: pull.number })).data).toHaveLength(1);
    const listed = await octokit.pulls.listReviewComments({ ...at, pull_number: pull.number });
    expect(listed.data.map((comment) => comment.user.login)).toEqual(Array(4).fill('github-actions[bot]'));
  });

  test.each([
    ['Line could not be resolved', { path: 'a.txt', line: 15 }],
    ['Line could not be resolved', { path: 'a.txt', line: 6 }],
    ['Line could not be resolved', { path: 'a.txt', line: 14, side: 'LEFT' }],
    ['Path could not be resolved', { path: 'run.sh', line: 1 }],
    ['Start line could not be resolved', { path: 'a.txt', line: 9, start_line: 1 }],
  ])('are refused whole: %s %j', async (words, wrong) => {
    const pull = await pullOf({ 'a.txt': changed });
    const error = await failure(
      review(pull, [
        { path: 'a.txt', line: 11, body: 'ok' },
        { body: 'bad', ...wrong },
      ]),
    );
    expect(error.response?.data).toMatchObject({
      message: 'Unprocessable Entity',
      errors: [words],
      status: '422',
    });
    expect(github.reviews(pull)).toEqual([]);
  });

  test('are for commits of the pull request and not by its author', async () => {
    const pull = await pullOf({ 'a.txt': changed });
    const foreign = await failure(review(pull, [], { commit_id: pull.base.sha }));
    expect(foreign.status).toBe(422);
    const approve = { ...at, pull_number: pull.number, event: 'APPROVE' as const };
    const own = client(all, { login: 'ada' });
    expect((await failure(own.pulls.createReview(approve))).message).toContain('Can not approve your own');
    expect((await failure(client().pulls.createReview(approve))).message).toContain(
      'not permitted to approve',
    );
    await client(all, { login: 'grace' }).pulls.createReview(approve);
    expect(github.reviews(pull).map((made) => made.state)).toEqual(['APPROVED']);
  });
});

describe('check runs', () => {
  test('are made, completed and found', async () => {
    const sha = await inTree(tree, 'rev-parse', 'HEAD');
    const octokit = client();
    const made = await octokit.checks.create({
      ...at,
      name: 'countersign',
      head_sha: sha,
      status: 'in_progress',
    });
    const annotation = {
      path: 'a.txt',
      start_line: 1,
      end_line: 1,
      annotation_level: 'notice' as const,
      message: 'm',
    };
    const output = { title: 't', summary: 's', annotations: Array(50).fill(annotation) };
    for (const conclusion of ['success', 'failure'] as const) {
      await octokit.checks.update({ ...at, check_run_id: made.data.id, conclusion, output });
    }
    const found = await octokit.checks.listForRef({
      ...at,
      ref: sha,
      check_name: 'countersign',
      app_id: 15368,
    });
    expect(found.data).toMatchObject({
      total_count: 1,
      check_runs: [{ conclusion: 'failure', status: 'completed' }],
    });
    expect(github.checkRuns(repository, sha)[0]?.annotations).toHaveLength(100);
    const listed = octokit.checks.listAnnotations({ ...at, check_run_id: made.data.id, per_page: 100 });
    expect((await listed).data).toHaveLength(100);
    const many = { ...output, annotations: Array(51).fill(annotation) };
    const error = await failure(octokit.checks.update({ ...at, check_run_id: made.data.id, output: many }));
    expect(error.message).toContain('No more than 50 items are allowed; 51 were supplied.');
    expect(github.violations.splice(0)).toHaveLength(1);
    const other = client(all, { login: 'other-app[bot]' });
    expect(
      (await failure(other.checks.update({ ...at, check_run_id: made.data.id, name: 'x' }))).status,
    ).toBe(403);
  });
});

describe('comments and labels', () => {
  test('can be written with either permission on a pull request', async () => {
    const pull = await pullOf({ 'b.txt': 'b\n' });
    const on = { ...at, issue_number: pull.number };
    const octokit = client({ pull_requests: 'write' });
    const made = await octokit.issues.createComment({ ...on, body: 'hello' });
    await octokit.issues.updateComment({ ...at, comment_id: made.data.id, body: 'hello again' });
    expect((await octokit.issues.listComments(on)).data.map((comment) => comment.body)).toEqual([
      'hello again',
    ]);
    expect((await octokit.issues.getComment({ ...at, comment_id: made.data.id })).data.user?.id).toBe(
      41898282,
    );
    const long = await failure(octokit.issues.createComment({ ...on, body: 'x'.repeat(65537) }));
    expect(long.message).toContain('Body is too long (maximum is 65536 characters)');
    await octokit.issues.addLabels({ ...on, labels: ['a b', 'c'] });
    await octokit.issues.removeLabel({ ...on, name: 'a b' });
    expect(pull.issue.labels).toEqual(['c']);
    const gone = octokit.issues.removeLabel({ ...on, name: 'a b' });
    expect((await failure(gone)).message).toContain('Label does not exist');
    const issue = github.createIssue(repository, { title: 'Broken', body: 'b', author: 'grace' });
    const not = octokit.issues.createComment({ ...at, issue_number: issue.number, body: 'x' });
    expect((await failure(not)).message).toContain('Resource not accessible by integration');
    expect((await client().issues.get({ ...at, issue_number: issue.number })).data.title).toBe('Broken');
  });
});

describe('git data', () => {
  test('makes a signed commit with modes, a deletion and bytes, and only moves forward', async () => {
    const octokit = client();
    const head = (await octokit.git.getRef({ ...at, ref: 'heads/main' })).data.object.sha;
    const base = (await octokit.git.getCommit({ ...at, commit_sha: head })).data;
    const bytes = Buffer.from([0, 255, 1, 254]);
    const blob = await octokit.git.createBlob({
      ...at,
      content: bytes.toString('base64'),
      encoding: 'base64',
    });
    const made = await octokit.git.createTree({
      ...at,
      base_tree: base.tree.sha,
      tree: [
        { path: 'deep/x.bin', mode: '100644', type: 'blob', sha: blob.data.sha },
        { path: 'run.sh', mode: '100755', type: 'blob', content: '#!/bin/sh\necho\n' },
        { path: 'link', mode: '120000', type: 'blob', content: 'a.txt' },
        { path: 'copy', mode: '040000', type: 'tree', sha: base.tree.sha },
        { path: 'a.txt', mode: '100644', type: 'blob', sha: null },
      ],
    });
    const commits = { ...at, message: 'made', tree: made.data.sha, parents: [head] };
    const signed = await octokit.git.createCommit(commits);
    expect(signed.data.verification).toMatchObject({ verified: true, reason: 'valid' });
    expect(signed.data.author.name).toBe('github-actions[bot]');
    const mine = await octokit.git.createCommit({
      ...commits,
      author: { name: 'n', email: 'e@example.com' },
    });
    expect(mine.data.verification).toMatchObject({ verified: false, reason: 'unsigned' });
    await octokit.git.createRef({ ...at, ref: 'refs/heads/made', sha: signed.data.sha });
    const twice = octokit.git.createRef({ ...at, ref: 'refs/heads/made', sha: signed.data.sha });
    expect((await failure(twice)).message).toContain('Reference already exists');
    const back = { ...at, ref: 'heads/made', sha: mine.data.sha };
    expect((await failure(octokit.git.updateRef(back))).message).toContain('Update is not a fast forward');
    await octokit.git.updateRef({ ...back, force: true });
    await octokit.git.updateRef({ ...back, sha: signed.data.sha, force: true });

    await inTree(tree, 'fetch', '-q', repository.path, 'made');
    expect(await inTree(tree, 'ls-tree', '-r', '--format=%(objectmode) %(path)', 'FETCH_HEAD')).toBe(
      '100644 copy/a.txt\n100644 copy/run.sh\n100644 deep/x.bin\n120000 link\n100755 run.sh',
    );
    await inTree(tree, 'fsck', '--strict');
    const read = await octokit.repos.getContent({ ...at, path: 'deep/x.bin', ref: 'made' });
    expect(Buffer.from((read.data as { content: string }).content, 'base64')).toEqual(bytes);
    expect((await octokit.repos.getContent({ ...at, path: '', ref: 'made' })).data).toHaveLength(4);
    expect((await octokit.repos.getContent({ ...at, path: 'deep', ref: 'made' })).data).toHaveLength(1);
    expect((await octokit.git.getTree({ ...at, tree_sha: 'made', recursive: '1' })).data.tree).toHaveLength(
      7,
    );
    expect((await octokit.git.getBlob({ ...at, file_sha: blob.data.sha })).data.size).toBe(4);
    const tip = await octokit.repos.getCommit({ ...at, ref: 'made' });
    expect(tip.data.commit.verification?.verified).toBe(true);
    await octokit.git.deleteRef({ ...at, ref: 'heads/made' });
    expect((await failure(octokit.git.getRef({ ...at, ref: 'heads/made' }))).status).toBe(404);
  });

  test.each([['.git/config'], ['../x'], ['a/../b'], ['/x']])('refuses the path %s', async (path) => {
    const tree = [{ path, mode: '100644' as const, type: 'blob' as const, content: 'x' }];
    const error = await failure(client().git.createTree({ ...at, tree }));
    expect(error.message).toContain('malformed path component');
  });

  test('refuses a workflow from an app', async () => {
    const octokit = client();
    const head = (await octokit.git.getRef({ ...at, ref: 'heads/main' })).data.object.sha;
    const entry = {
      path: '.github/workflows/x.yml',
      mode: '100644' as const,
      type: 'blob' as const,
      content: 'x',
    };
    const made = await octokit.git
      .createTree({ ...at, base_tree: head, tree: [entry] })
      .catch(() => undefined);
    expect(made).toBeDefined();
    const commit = await octokit.git.createCommit({
      ...at,
      message: 'm',
      tree: made!.data.sha,
      parents: [head],
    });
    const moved = octokit.git.updateRef({ ...at, ref: 'heads/main', sha: commit.data.sha });
    expect((await failure(moved)).message).toContain(
      'refusing to allow a GitHub App to create or update workflow',
    );
  });
});

describe('permissions', () => {
  test('are what the token has', async () => {
    const octokit = client({});
    await octokit.repos.get(at);
    expect((await failure(octokit.repos.getContent({ ...at, path: 'a.txt' }))).response?.data).toMatchObject({
      message: 'Resource not accessible by integration',
      status: '403',
    });
    expect((await failure(octokit.users.getAuthenticated())).status).toBe(403);
    const elsewhere = client(all, { repositories: ['acme/other'] });
    expect((await failure(elsewhere.repos.get(at))).message).toContain('Not Found');
    const wrong = new Octokit({ auth: 'wrong', baseUrl: github.apiUrl, log: quiet });
    expect((await failure(wrong.repos.get(at))).message).toContain('Bad credentials');
    const open = await github.createRepository(`acme/open${count}`, { private: false });
    expect((await octokit.repos.get({ ...at, repo: open.name })).data.private).toBe(false);
  });

  test('of people are told', async () => {
    const octokit = client({});
    const of = async (username: string) =>
      (await octokit.repos.getCollaboratorPermissionLevel({ ...at, username })).data.permission;
    github.addUser('mallory');
    expect([await of('acme'), await of('grace'), await of('mallory')]).toEqual(['admin', 'write', 'none']);
    expect((await failure(of('nobody-at-all'))).status).toBe(404);
    expect((await octokit.users.getByUsername({ username: 'grace' })).data.type).toBe('User');
    expect((await client(all, { login: 'grace' }).users.getAuthenticated()).data.login).toBe('grace');
    const limit = await octokit.rateLimit.get();
    expect(limit.headers['x-ratelimit-limit']).toBe('5000');
  });

  test('let workflow runs be read', async () => {
    const sha = await inTree(tree, 'rev-parse', 'HEAD');
    const run = github.addWorkflowRun(repository, { headSha: sha });
    expect((await client().actions.getWorkflowRun({ ...at, run_id: run.id })).data.head_sha).toBe(sha);
  });
});

describe('graphql', () => {
  test('answers the queries and mutations that are used', async () => {
    const pull = await pullOf({ 'b.txt': 'b\n' });
    const octokit = client();
    const query = `query($owner: String!, $name: String!, $number: Int!) {
      viewer { login databaseId }
      repository(owner: $owner, name: $name) { it: pullRequest(number: $number) { id headRefOid baseRefOid state } }
    }`;
    const told = await octokit.graphql<{ repository: { it: { id: string } } }>(query, {
      owner: at.owner,
      name: at.repo,
      number: pull.number,
    });
    expect(told).toMatchObject({
      viewer: { login: 'github-actions[bot]', databaseId: 41898282 },
      repository: { it: { headRefOid: pull.head.sha, baseRefOid: pull.base.sha, state: 'OPEN' } },
    });
    const mutation = `mutation($input: CreateCommitOnBranchInput!) {
      createCommitOnBranch(input: $input) { commit { oid signature { isValid } } }
    }`;
    const input = {
      branch: { repositoryNameWithOwner: repository.fullName, branchName: 'topic' },
      expectedHeadOid: pull.head.sha,
      message: { headline: 'h', body: 'b' },
      fileChanges: { additions: [{ path: 'c.txt', contents: 'Yw==' }], deletions: [{ path: 'b.txt' }] },
    };
    expect(await octokit.graphql(mutation, { input })).toMatchObject({
      createCommitOnBranch: { commit: { signature: { isValid: true } } },
    });
    expect((await failure(octokit.graphql(mutation, { input }))).message).toContain(
      'Expected branch to point to',
    );
    const { data } = await octokit.issues.createComment({ ...at, issue_number: pull.number, body: 'x' });
    await octokit.graphql(
      `mutation { minimizeComment(input: {subjectId: "${data.node_id}", classifier: OUTDATED}) { minimizedComment { isMinimized } } }`,
    );
    expect(github.comments(pull)[0]?.minimized).toBe('outdated');
    await octokit.graphql(
      'mutation($id: ID!) { enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: SQUASH}) { pullRequest { number } } }',
      { id: told.repository.it.id },
    );
    expect(pull.autoMerge?.method).toBe('squash');
    await failure(octokit.graphql('{ viewer { email } }'));
    expect(github.violations.splice(0)).toEqual(["graphql: viewer.email: Field 'email' doesn't exist"]);
  });
});

describe('a job', () => {
  beforeEach(() => {
    jest.replaceProperty(process, 'env', { ...process.env });
    // The toolkit talks to the runner on stdout.
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('uploads and downloads artifacts with the real client', async () => {
    process.env.ACTIONS_RESULTS_URL = github.resultsUrl;
    process.env.ACTIONS_RUNTIME_TOKEN = github.createRuntimeToken('run');
    process.env.GITHUB_SERVER_URL = github.dotcomServerUrl;
    const { DefaultArtifactClient } = await import('@actions/artifact');
    const artifacts = new DefaultArtifactClient();
    const file = join(tree, 'a.txt');
    const { id } = await artifacts.uploadArtifact('ledger', [file], tree);
    expect(github.artifacts().map((each) => [each.name, each.bytes.subarray(0, 2).toString()])).toEqual([
      ['ledger', 'PK'],
    ]);
    process.env.ACTIONS_RUNTIME_TOKEN = github.createRuntimeToken('run');
    expect((await artifacts.getArtifact('ledger')).artifact.id).toBe(id);
    expect((await artifacts.listArtifacts()).artifacts).toHaveLength(1);
    const path = join(directory, 'downloaded');
    await artifacts.downloadArtifact(id!, { path });
    expect(readFileSync(join(path, 'a.txt'), 'utf8')).toBe(twenty);
    process.env.ACTIONS_RUNTIME_TOKEN = github.createRuntimeToken('another');
    expect((await artifacts.listArtifacts()).artifacts).toHaveLength(0);
  });

  test('gets an OIDC token with the real client', async () => {
    process.env.ACTIONS_ID_TOKEN_REQUEST_URL = github.oidc.url;
    process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN = github.oidc.token;
    const core = await import('@actions/core');
    const token = await core.getIDToken('https://api.anthropic.com');
    expect(github.oidc.verify(token)).toMatchObject({ aud: 'https://api.anthropic.com' });
    expect(github.oidc.verify(`${token.slice(0, -4)}AAAA`)).toBeUndefined();
  });
});

describe('faults', () => {
  test('hit the requests they are for, and a lost answer is a request that was carried out', async () => {
    const pull = await pullOf({ 'b.txt': 'b\n' });
    const path = `/repos/acme/${at.repo}`;
    const octokit = client();
    github.failNext({ path, method: 'GET', times: 2, after: 1 }, faults.badGateway);
    await octokit.repos.get(at);
    expect((await failure(octokit.repos.get(at))).status).toBe(502);
    expect((await failure(octokit.repos.get(at))).status).toBe(502);
    await octokit.repos.get(at);
    github.failNext({ path }, faults.secondaryRateLimit(7));
    const limited = await failure(octokit.repos.get(at));
    expect(limited.response?.headers).toMatchObject({ 'retry-after': '7' });
    github.failNext({ path: /\/comments$/, method: 'POST' }, 'reset', { carriedOut: true });
    await failure(octokit.issues.createComment({ ...at, issue_number: pull.number, body: 'once' }));
    expect(github.comments(pull)).toHaveLength(1);
    expect(github.requests.at(-1)).toMatchObject({ status: 0, operation: 'issues/create-comment' });
  });

  test('a push whose answer is lost was carried out', async () => {
    const token = github.createToken({ permissions: { contents: 'write' } });
    const url = `${github.serverUrl.replace('//', `//x-access-token:${token}@`)}/acme/${at.repo}`;
    github.failNext({ path: /git-receive-pack$/, method: 'POST' }, faults.badGateway, { carriedOut: true });
    expect((await failure(inTree(tree, 'push', url, 'main:lost'))).stderr).toContain('502');
    expect((await client().git.getRef({ ...at, ref: 'heads/lost' })).status).toBe(200);
  });

  test('many requests at once do not get into one another', async () => {
    const pull = await pullOf({ 'b.txt': 'b\n' });
    const octokit = client();
    await inTree(tree, 'commit', '-q', '--allow-empty', '-m', 'more');
    await inTree(tree, 'push', '-q', repository.path, 'topic');
    const bodies = Array.from({ length: 20 }, (_, index) => `comment ${index}`);
    const made = bodies.map((body) =>
      octokit.issues.createComment({ ...at, issue_number: pull.number, body }),
    );
    await Promise.all([...made, octokit.pulls.get({ ...at, pull_number: pull.number })]);
    expect(github.comments(pull).map((comment) => comment.body)).toEqual(expect.arrayContaining(bodies));
  });

  test('a hook runs before the answer', async () => {
    const pull = await pullOf({ 'b.txt': 'b\n' });
    const old = pull.head.sha;
    const stop = github.onRequest({ path: /\/pulls\/\d+$/ }, async () => {
      await inTree(tree, 'commit', '-q', '--amend', '-m', 'amended');
      await inTree(tree, 'push', '-q', '-f', repository.path, 'topic');
    });
    const { data } = await client().pulls.get({ ...at, pull_number: pull.number });
    stop();
    expect(data.head.sha).not.toBe(old);
    expect(data.head.sha).toBe(pull.head.sha);
  });

  test('what GitHub does not describe is a violation', async () => {
    const octokit = client();
    await failure(octokit.request('GET /repos/{owner}/{repo}/stargazers', at));
    await failure(octokit.request('POST /repos/{owner}/{repo}/check-runs', { ...at, name: 1 } as never));
    const said = github.violations.splice(0);
    expect(said[0]).toContain('is not an operation that was asked for');
    expect(said[1]).toContain('checks/create');
    expect(github.requests.every((request) => request.login !== '')).toBe(true);
  });
});

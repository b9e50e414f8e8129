import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChangedFile, Draft } from '../../../src/core/document.ts';
import { type Effect, effectKey } from '../../../src/core/effect.ts';
import type { Finding } from '../../../src/core/finding.ts';
import type { Git } from '../../../src/core/git.ts';
import { append, type Ledger } from '../../../src/core/ledger.ts';
import type { Platform, Subject, Views } from '../../../src/core/platform.ts';
import { openGit } from '../../../src/git/git.ts';
import { createGitHub, type GitHubOptions } from '../../../src/platforms/github/index.ts';
import { git as run } from '../../stand-ins/github/git.ts';
import {
  type GitHub,
  type Permission,
  type Pull,
  type Repository,
  startGitHub,
} from '../../stand-ins/github/index.ts';

export const taskId = '0123456789abcdef0123';
export const repositoryName = 'octo/shop';

type Files = Record<string, string | Buffer | null | { mode: string; content: string | Buffer }>;

/** Makes a commit on a branch, by one process: no work tree, no configuration. */
export async function commit(
  path: string,
  branch: string,
  files: Files,
  options: { parent?: string; message?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { parent, message = 'A commit', env = {} } = options;
  const now = `${Math.floor(Date.now() / 1000)} +0000`;
  const name = env.GIT_AUTHOR_NAME ?? 'Ann';
  const email = env.GIT_AUTHOR_EMAIL ?? 'ann@example.com';
  const data = (content: string | Buffer): (string | Buffer)[] => [
    `data ${Buffer.byteLength(content)}\n`,
    content,
    '\n',
  ];
  const changes = Object.entries(files).flatMap(([file, given]) => {
    const quoted = `"${file.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
    if (given === null) return [`D ${quoted}\n`];
    const { mode, content } =
      typeof given === 'object' && 'mode' in given ? given : { mode: '100644', content: given };
    return [`M ${mode} inline ${quoted}\n`, ...data(content)];
  });
  const ref = `refs/heads/${branch}`;
  const input = [
    `commit ${ref}\nmark :1\nauthor ${name} <${email}> ${now}\ncommitter Ann <ann@example.com> ${now}\n`,
    ...data(`${message}\n`),
    parent ? `from ${parent}\n` : '',
    ...changes,
    'get-mark :1\n',
  ];
  const bytes = Buffer.concat(input.map((piece) => Buffer.from(piece as string)));
  return (await run(path, ['fast-import', '--quiet', '--force'], bytes)).toString().trim();
}

export const views: Views = {
  sticky: (ledger) => `sticky of ${ledger.length}`,
  review: (_, unplaced) => `review; unplaced: ${unplaced.map(({ rule }) => rule).join(' ')}`,
  inline: ({ rule, suggestion }, suggestable) =>
    `${rule}${suggestable && suggestion ? `\n\`\`\`suggestion\n${suggestion}\n\`\`\`` : ''}`,
  check: () => ({ title: 'A title', summary: 'A summary' }),
  commitMessage: () => `Fix it\n\nCountersign-Task: ${taskId}\nCountersign-Agent: fix`,
};

export const everything: Partial<Record<Permission, 'write'>> = {
  contents: 'write',
  pull_requests: 'write',
  issues: 'write',
  checks: 'write',
};

/** Ten lines that say their number. */
export const lines = (count: number, change: Record<number, string> = {}): string =>
  Array.from({ length: count }, (_, i) => `${change[i + 1] ?? `line ${i + 1}`}\n`).join('');

export interface Scene {
  gitHub: GitHub;
  repository: Repository;
  pull: Pull;
  base: string;
  head: string;
  git: Git;
  said: string[];
  artifacts: { name: string; files: { name: string; content: string | Uint8Array }[] }[];
  platform(more?: Partial<GitHubOptions>): Platform;
  subject: Subject;
  close(): Promise<void>;
}

export interface Setup {
  before?: Files;
  after?: Files;
  fork?: boolean;
  author?: string;
  branch?: string;
}

/** A GitHub with one repository, one pull request, and a clean bare repository to fetch into. */
export async function openScene(setup: Setup = {}): Promise<Scene> {
  const { before = { 'a.txt': lines(30), 'old.txt': 'old\n' }, branch = 'topic' } = setup;
  const { after = { 'a.txt': lines(30, { 10: 'changed 10' }), 'new.txt': lines(5) } } = setup;
  const gitHub = await startGitHub();
  const repository = await gitHub.createRepository(repositoryName, {
    collaborators: { ann: 'write', tom: 'triage' },
  });
  const base = await commit(repository.path, 'main', before);
  const source = setup.fork
    ? await gitHub.createRepository('eve/shop', { forkOf: repositoryName })
    : repository;
  const head = await commit(source.path, branch, after, { parent: base });
  const pull = await gitHub.openPull(repository, {
    title: 'A pull request',
    author: setup.author ?? (setup.fork ? 'eve' : 'ann'),
    head: { repository: source, branch },
  });
  const dir = mkdtempSync(join(tmpdir(), 'platform-'));
  const git = await openGit(dir);
  const token = gitHub.createToken({ permissions: everything });
  const stop = new AbortController();
  const said: string[] = [];
  const artifacts: Scene['artifacts'] = [];
  const platform = (more: Partial<GitHubOptions> = {}): Platform =>
    createGitHub({
      bots: [],
      token,
      apiUrl: gitHub.apiUrl,
      serverUrl: gitHub.serverUrl,
      graphqlUrl: gitHub.graphqlUrl,
      eventName: 'pull_request',
      payload: pullEvent(pull.number, head, base),
      repository: repositoryName,
      actor: 'ann',
      runUrl: `${gitHub.serverUrl}/${repositoryName}/actions/runs/1`,
      views,
      say: (text) => said.push(text),
      uploadArtifact: async (name, files) => {
        artifacts.push({ name, files });
        return `${gitHub.serverUrl}/artifact/1`;
      },
      msPerSecond: 10,
      signal: stop.signal,
      ...more,
    });
  const subject: Subject = {
    repository: repositoryName,
    subject: `pull/${pull.number}`,
    event: 'pull_request',
    base,
    head,
    mergeBase: base,
    baseRef: 'main',
    headRef: branch,
    headRepository: source.fullName,
    pull: pull.number,
  };
  return {
    gitHub,
    repository,
    pull,
    base,
    head,
    git,
    said,
    artifacts,
    platform,
    subject,
    async close() {
      stop.abort();
      await gitHub.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export const pullEvent = (number: number, head: string, base: string, action = 'synchronize') => ({
  action,
  number,
  pull_request: { number, head: { sha: head }, base: { sha: base } },
});

/** Written after all that a scene begins with. */
export const commentEvent = (
  number: number,
  body: string,
  login = 'ann',
  type = 'User',
  createdAt = '2020-01-02T00:00:00Z',
) => ({
  action: 'created',
  issue: { number, pull_request: { url: 'https://example.com' } },
  comment: { body, user: { login, type }, created_at: createdAt },
});

/** A ledger of the drafts, after the task's document. */
export function ledgerOf(subject: Subject, agent: 'fix' | 'review', ...drafts: Draft[]): Ledger {
  const task: Draft<'task'> = {
    kind: 'task',
    by: 'event',
    id: taskId,
    agent,
    class: agent === 'fix' ? 'generator' : 'reviewer',
    ...subject,
  };
  return [task, ...drafts].reduce<Ledger>(
    (ledger, draft) => append(ledger, draft as Draft, new Date('2026-11-21T08:00:00Z')),
    [],
  );
}

export function findings(...some: Partial<Finding>[]): Draft<'findings'> {
  const all = some.map((given, index) => finding({ rule: `rule-${index + 1}`, ...given }));
  return { kind: 'findings', by: 'probe:anchor', findings: all, anchored: true, moved: 0, dropped: 0 };
}

export const finding = (given: Partial<Finding> = {}): Finding => ({
  path: 'a.txt',
  line: 10,
  endLine: given.line ?? 10,
  severity: 'high',
  category: 'correctness',
  rule: 'a-rule',
  confidence: 0.9,
  message: 'Something is wrong.',
  quote: 'changed 10',
  ...given,
});

/** A patch document for a change that is in the clean repository already. */
export async function patchOf(scene: Scene, files: Files): Promise<Draft<'patch'>> {
  const { git, head, subject } = scene;
  await scene.platform().fetch(git, subject);
  const made = await commit(git.dir, 'patched', files, { parent: head });
  const raw = (await git(['diff-tree', '-r', '-z', '--raw', '--no-renames', head, made])).toString();
  const tree = (await git(['rev-parse', `${made}^{tree}`])).toString().trim();
  const body = (await git(['diff-tree', '-p', '--binary', '--full-index', head, made])).toString();
  const fields = raw.split('\0');
  const changed: ChangedFile[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [oldMode = '', newMode = '', , oid = '', status = ''] = fields[index]!.slice(1).split(' ');
    changed.push({
      path: fields[index + 1]!,
      status: status as ChangedFile['status'],
      oldMode,
      newMode,
      oid,
    });
  }
  return {
    kind: 'patch',
    by: 'session:fixer',
    title: 'Fix it',
    summary: 'It was broken.',
    base: head,
    tree,
    files: changed,
    encoding: 'utf8',
    body,
  };
}

const effect = <T extends Effect['type']>(type: T) => ({ type, key: effectKey(taskId, type) }) as const;
export const push = effect('push');
export const review = effect('review');
export const comment = effect('comment');
export const check = { ...effect('check'), conclusion: 'failure' } as const;

import {
  type Answer,
  type Call,
  link,
  list,
  media,
  notFound,
  pageOf,
  type Routes,
  refuse,
  slice,
} from '../answers.ts';
import { changes, type FileChange, mergeBase } from '../diff.ts';
import { type CommitInfo, commitInfo, git, gitLine, log, resolveCommit } from '../git.ts';
import { commitShape, fullRepositoryShape, pullShape, repositoryUrl, userShape } from '../shapes.ts';
import { pullsOf } from '../store.ts';
import type { Repository, World } from '../types.ts';

const mostLines = 20_000;
const mostBytes = 1024 * 1024;

/** A changed file, without the patch that GitHub finds too large to show. */
export function fileShape(world: World, repository: Repository, head: string, file: FileChange) {
  const path = file.filename.split('/').map(encodeURIComponent).join('/');
  const html = `${world.serverUrl}/${repository.fullName}`;
  const { patch } = file;
  const shown = patch && patch.length <= mostBytes && file.additions + file.deletions <= mostLines;
  return {
    sha: file.sha,
    filename: file.filename,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${html}/blob/${head}/${path}`,
    raw_url: `${html}/raw/${head}/${path}`,
    contents_url: `${repositoryUrl(world, repository)}/contents/${path}?ref=${head}`,
    ...(shown ? { patch } : {}),
    ...(file.previous ? { previous_filename: file.previous } : {}),
  };
}

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

async function commitFiles(repository: Repository, commit: CommitInfo): Promise<FileChange[]> {
  // The empty tree is known to git without being stored.
  return changes(repository.path, commit.parents[0] ?? emptyTree, commit.sha);
}

async function getCommit(call: Call): Promise<Answer> {
  const { world, repository } = call;
  const ref = call.parameters.ref ?? '';
  const sha = await resolveCommit(repository.path, ref);
  if (!sha) throw refuse(422, `No commit found for SHA: ${ref}`);
  if (/vnd\.github\.(v3\.)?sha/.test(call.accept)) return media(sha, 'sha');
  const commit = await commitInfo(repository.path, sha);
  const all = (await commitFiles(repository, commit)).slice(0, 3000);
  const page = pageOf(call, 300, 300);
  const sum = (key: 'additions' | 'deletions') => all.reduce((total, file) => total + file[key], 0);
  const [additions, deletions] = [sum('additions'), sum('deletions')];
  return {
    status: 200,
    headers: link(call, all.length, page),
    body: {
      ...commitShape(world, repository, commit),
      stats: { additions, deletions, total: additions + deletions },
      files: slice(all, page).map((file) => fileShape(world, repository, sha, file)),
    },
  };
}

// "branch", or "owner:branch" for a repository of the same network.
async function side(call: Call, name: string): Promise<{ repository: Repository; sha: string }> {
  const [first = '', ...rest] = name.split(':');
  const owner = rest.length > 0 ? first : call.repository.owner;
  const branch = rest.length > 0 ? rest.join(':') : first;
  const near = owner.toLowerCase() === call.repository.owner.toLowerCase();
  const repository = near
    ? call.repository
    : [...call.world.repositories.values()].find(
        (other) => other.owner.toLowerCase() === owner.toLowerCase() && other.parent === call.repository,
      );
  const sha = repository && (await resolveCommit(repository.path, branch));
  if (!repository || !sha) throw notFound();
  if (repository !== call.repository)
    await git(call.repository.path, ['fetch', '--quiet', repository.path, sha]);
  return { repository, sha };
}

async function compare(call: Call): Promise<Answer> {
  const { world, repository } = call;
  const { path } = repository;
  const [from = '', to] = (call.parameters.basehead ?? '').split('...');
  if (!to) throw notFound();
  const [base, head] = [await side(call, from), await side(call, to)];
  const fork = await mergeBase(path, base.sha, head.sha);
  if (!fork) throw notFound();
  const counts = await gitLine(path, ['rev-list', '--left-right', '--count', `${base.sha}...${head.sha}`]);
  const [behind = 0, ahead = 0] = counts.split('\t').map(Number);
  if (/vnd\.github\.(v3\.)?diff/.test(call.accept)) {
    return media(await git(path, ['diff-tree', '-p', '-r', '-M', fork, head.sha]), 'diff');
  }
  const commits = await log(path, ['--reverse', `${base.sha}..${head.sha}`]);
  const paged = call.query.page !== undefined || call.query.per_page !== undefined;
  const page = paged ? pageOf(call) : { perPage: 250, page: 1 };
  const files = page.page === 1 ? (await changes(path, fork, head.sha)).slice(0, 300) : [];
  const html = `${world.serverUrl}/${repository.fullName}/compare/${from}...${to}`;
  return {
    status: 200,
    headers: paged ? link(call, commits.length, page) : {},
    body: {
      url: `${repositoryUrl(world, repository)}/compare/${from}...${to}`,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: commitShape(world, repository, await commitInfo(path, base.sha)),
      merge_base_commit: commitShape(world, repository, await commitInfo(path, fork)),
      status: ahead && behind ? 'diverged' : ahead ? 'ahead' : behind ? 'behind' : 'identical',
      ahead_by: ahead,
      behind_by: behind,
      total_commits: commits.length,
      commits: slice(commits, page).map((commit) => commitShape(world, repository, commit)),
      files: files.map((file) => fileShape(world, repository, head.sha, file)),
    },
  };
}

const types: Record<string, string> = { blob: 'file', tree: 'dir', commit: 'submodule' };

async function contents(call: Call): Promise<Answer> {
  const { world, repository, parameters, query } = call;
  const path = (parameters.path ?? '').replace(/^\/+|\/+$/g, '');
  const ref = query.ref ?? repository.defaultBranch;
  const commit = await resolveCommit(repository.path, ref);
  if (!commit) throw query.ref ? refuse(404, `No commit found for the ref ${ref}`) : notFound();
  const read = async (where: string) => {
    const args = ['ls-tree', '-z', '-l', '--full-tree', commit, '--', ...(where ? [where] : [])];
    return (await git(repository.path, args, '', { GIT_LITERAL_PATHSPECS: '1' }))
      .toString()
      .split('\0')
      .filter(Boolean)
      .map((line) => {
        const [facts = '', name = ''] = line.split('\t');
        const [mode = '', type = '', sha = '', size = '-'] = facts.split(/ +/);
        return { mode, type, sha, name, size: size === '-' ? 0 : Number(size) };
      });
  };
  const shape = (entry: Awaited<ReturnType<typeof read>>[number]) => {
    const encoded = entry.name.split('/').map(encodeURIComponent).join('/');
    const url = `${repositoryUrl(world, repository)}/contents/${encoded}?ref=${ref}`;
    const kind = entry.type === 'tree' ? 'tree' : 'blob';
    const html = `${world.serverUrl}/${repository.fullName}/${kind}/${ref}/${encoded}`;
    const self = `${repositoryUrl(world, repository)}/git/${kind}s/${entry.sha}`;
    return {
      name: entry.name.split('/').at(-1) ?? '',
      path: entry.name,
      sha: entry.sha,
      size: entry.size,
      url,
      html_url: html,
      git_url: self,
      download_url: kind === 'blob' ? html.replace('/blob/', '/raw/') : null,
      type: entry.mode === '120000' ? 'symlink' : types[entry.type],
      _links: { self: url, git: self, html },
    };
  };
  const [entry] = path === '' ? [] : await read(path);
  if (path !== '' && !entry) throw notFound();
  if (!entry || entry.type === 'tree') {
    // A directory's own listing calls a submodule a file, as GitHub's does.
    const inside = await read(path === '' ? '' : `${path}/`);
    const body = inside
      .map(shape)
      .map((item) => ({ ...item, type: item.type === 'submodule' ? 'file' : item.type }));
    return { status: 200, body };
  }
  if (entry.type === 'commit') {
    return { status: 200, body: { ...shape(entry), download_url: null, submodule_git_url: '' } };
  }
  const bytes = await git(repository.path, ['cat-file', 'blob', entry.sha]);
  if (/vnd\.github\.(v3\.)?raw/.test(call.accept)) return media(bytes, 'raw');
  if (entry.mode === '120000') return { status: 200, body: { ...shape(entry), target: bytes.toString() } };
  const large = bytes.length > 1024 * 1024;
  const content = large ? '' : bytes.toString('base64').replace(/(.{1,60})/g, '$1\n');
  return { status: 200, body: { ...shape(entry), encoding: large ? 'none' : 'base64', content } };
}

async function pullsOfCommit(call: Call): Promise<Answer> {
  const { world, repository } = call;
  const sha = await resolveCommit(repository.path, call.parameters.commit_sha ?? '');
  if (!sha) throw refuse(422, `No commit found for SHA: ${call.parameters.commit_sha}`);
  const found = [];
  for (const pull of pullsOf(repository)) {
    const range = `${pull.base.sha}..${pull.head.sha}`;
    const held = (await gitLine(repository.path, ['rev-list', range])).split('\n').includes(sha);
    if (held) found.push(pullShape(world, pull));
  }
  return list(call, found);
}

const levels: Record<string, string> = { maintain: 'write', triage: 'read' };

export const repositories: Routes = {
  'repos/get': {
    needs: ['metadata:read'],
    handle: ({ world, repository }) => ({ status: 200, body: fullRepositoryShape(world, repository) }),
  },
  'repos/get-commit': { needs: ['contents:read'], handle: getCommit },
  'repos/compare-commits-with-basehead': { needs: ['contents:read'], handle: compare },
  'repos/get-content': { needs: ['contents:read'], handle: contents },
  'repos/list-pull-requests-associated-with-commit': {
    needs: ['pull_requests:read', 'contents:read'],
    handle: pullsOfCommit,
  },
  'repos/get-collaborator-permission-level': {
    needs: ['metadata:read'],
    handle: ({ world, repository, parameters }) => {
      const login = parameters.username ?? '';
      const user = world.users.get(login.toLowerCase());
      if (!user) throw refuse(404, `${login} is not a user`);
      const own = user.login === repository.owner ? 'admin' : repository.collaborators.get(user.login);
      const role = own ?? (repository.private ? 'none' : 'read');
      const permission = levels[role] ?? role;
      return {
        status: 200,
        body: { permission, role_name: role, user: { ...userShape(world, user), role_name: role } },
      };
    },
  },
};

import { type Call, invalid, media, notFound, type Routes, refuse } from '../answers.ts';
import { moveRef, refSha, refuseWorkflows, syncNetwork, writeCommit } from '../commits.ts';
import { commitInfo, git, objectType, resolveCommit, type Signature, tryGit } from '../git.ts';
import { gitCommitShape, repositoryUrl } from '../shapes.ts';
import { type TreeEntry, writeTree } from '../trees.ts';
import type { Repository, World } from '../types.ts';

async function refShape(world: World, repository: Repository, ref: string, sha: string) {
  const type = (await objectType(repository.path, sha)) ?? 'commit';
  const url = `${repositoryUrl(world, repository)}/git`;
  return {
    ref,
    node_id: `REF_${ref}`,
    url: `${url}/${ref}`,
    object: { sha, type, url: `${url}/${type}s/${sha}` },
  };
}

async function treeShape(world: World, repository: Repository, sha: string, recursive: boolean) {
  const url = `${repositoryUrl(world, repository)}/git`;
  const args = ['ls-tree', '-z', '-l', ...(recursive ? ['-r', '-t'] : []), sha];
  const lines = (await git(repository.path, args)).toString().split('\0').filter(Boolean);
  const tree = lines.map((line) => {
    const [facts = '', path = ''] = line.split('\t');
    const [mode = '', type = '', object = '', size = '-'] = facts.split(/ +/);
    const entry = { path, mode, type, sha: object };
    if (type === 'commit') return entry;
    return { ...entry, ...(size === '-' ? {} : { size: Number(size) }), url: `${url}/${type}s/${object}` };
  });
  return { sha, url: `${url}/trees/${sha}`, tree, truncated: false };
}

async function createTree(call: Call) {
  const { world, repository } = call;
  const { base_tree: base, tree } = call.body as { base_tree?: string; tree: TreeEntry[] };
  let from: string | undefined;
  if (base !== undefined) {
    const found = await tryGit(repository.path, ['rev-parse', '--verify', '--quiet', `${base}^{tree}`]);
    if (found.code !== 0 || !/^[0-9a-f]{40}$/.test(base))
      throw refuse(422, 'base_tree is not a valid tree oid');
    from = found.stdout.toString().trim();
  }
  if (tree.length === 0) throw refuse(422, 'Invalid tree info');
  const sha = await writeTree(repository.path, from, tree);
  return { status: 201, body: await treeShape(world, repository, sha, false) };
}

async function createCommit(call: Call) {
  const { world, repository, grant } = call;
  const body = call.body as {
    message: string;
    tree: string;
    parents?: string[];
    author?: Partial<Signature>;
    committer?: Partial<Signature>;
  };
  if ((await objectType(repository.path, body.tree)) !== 'tree') throw refuse(422, 'Tree SHA does not exist');
  for (const parent of body.parents ?? []) {
    const type = await objectType(repository.path, parent);
    if (type !== 'commit') throw refuse(422, 'Parent SHA does not exist or is not a commit object');
  }
  const sha = await writeCommit(world, repository, grant, {
    message: body.message,
    tree: body.tree,
    parents: body.parents ?? [],
    ...(body.author ? { author: body.author } : {}),
    ...(body.committer ? { committer: body.committer } : {}),
  });
  return { status: 201, body: gitCommitShape(world, repository, await commitInfo(repository.path, sha)) };
}

async function createRef(call: Call) {
  const { world, repository, grant } = call;
  const { ref, sha } = call.body as { ref: string; sha: string };
  const well = await tryGit(repository.path, ['check-ref-format', ref]);
  if (!/^refs\/[^/]+\/./.test(ref) || well.code !== 0) {
    throw refuse(422, `${ref} is not a valid ref name.`);
  }
  if (ref.startsWith('refs/pull/')) throw refuse(422, 'Reference cannot be created');
  const type = await objectType(repository.path, sha);
  if (!type || (ref.startsWith('refs/heads/') && type !== 'commit'))
    throw refuse(422, 'Object does not exist');
  if (await refSha(repository, ref)) throw refuse(422, 'Reference already exists');
  await refuseWorkflows(repository, grant, sha);
  const made = await tryGit(repository.path, ['update-ref', ref, sha, '0'.repeat(40)]);
  if (made.code !== 0) throw refuse(422, 'Reference already exists');
  await syncNetwork(world, repository);
  return { status: 201, body: await refShape(world, repository, ref, sha) };
}

export const gitData: Routes = {
  'git/get-ref': {
    needs: ['contents:read'],
    handle: async ({ world, repository, parameters }) => {
      const ref = `refs/${parameters.ref}`;
      const sha = await refSha(repository, ref);
      if (!sha) throw notFound();
      return { status: 200, body: await refShape(world, repository, ref, sha) };
    },
  },
  'git/create-ref': { needs: ['contents:write'], handle: createRef },
  'git/update-ref': {
    needs: ['contents:write'],
    handle: async ({ world, repository, grant, parameters, body }) => {
      const { sha, force = false } = body as { sha: string; force?: boolean };
      const ref = `refs/${parameters.ref}`;
      await moveRef(world, repository, grant, ref, sha, force);
      return { status: 200, body: await refShape(world, repository, ref, sha) };
    },
  },
  'git/delete-ref': {
    needs: ['contents:write'],
    handle: async ({ world, repository, parameters }) => {
      const ref = `refs/${parameters.ref}`;
      if (!(await refSha(repository, ref))) throw refuse(422, 'Reference does not exist');
      await git(repository.path, ['update-ref', '-d', ref]);
      await syncNetwork(world, repository);
      return { status: 204 };
    },
  },
  'git/create-blob': {
    needs: ['contents:write'],
    handle: async ({ world, repository, body }) => {
      const { content, encoding = 'utf-8' } = body as { content: string; encoding?: string };
      if (encoding !== 'utf-8' && encoding !== 'base64') {
        throw invalid({ resource: 'Blob', field: 'encoding', code: 'invalid' });
      }
      const bytes = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8');
      const sha = (await git(repository.path, ['hash-object', '-w', '--stdin'], bytes)).toString().trim();
      return { status: 201, body: { sha, url: `${repositoryUrl(world, repository)}/git/blobs/${sha}` } };
    },
  },
  'git/get-blob': {
    needs: ['contents:read'],
    handle: async ({ world, repository, parameters, accept }) => {
      const sha = parameters.file_sha ?? '';
      if ((await objectType(repository.path, sha)) !== 'blob') throw notFound();
      const bytes = await git(repository.path, ['cat-file', 'blob', sha]);
      if (/vnd\.github\.(v3\.)?raw/.test(accept)) return media(bytes, 'raw');
      const url = `${repositoryUrl(world, repository)}/git/blobs/${sha}`;
      const content = bytes.toString('base64').replace(/(.{60})/g, '$1\n');
      return {
        status: 200,
        body: { sha, node_id: `B_${sha}`, size: bytes.length, url, content, encoding: 'base64' },
      };
    },
  },
  'git/create-tree': { needs: ['contents:write'], handle: createTree },
  'git/get-tree': {
    needs: ['contents:read'],
    handle: async ({ world, repository, parameters, query }) => {
      const given = parameters.tree_sha ?? '';
      const type = await objectType(repository.path, given);
      const commit = type === 'tree' ? given : await resolveCommit(repository.path, given);
      if (!commit) throw notFound();
      const sha = (await git(repository.path, ['rev-parse', `${commit}^{tree}`])).toString().trim();
      return { status: 200, body: await treeShape(world, repository, sha, query.recursive !== undefined) };
    },
  },
  'git/create-commit': { needs: ['contents:write'], handle: createCommit },
  'git/get-commit': {
    needs: ['contents:read'],
    handle: async ({ world, repository, parameters }) => {
      const sha = parameters.commit_sha ?? '';
      if ((await objectType(repository.path, sha)) !== 'commit') throw notFound();
      return { status: 200, body: gitCommitShape(world, repository, await commitInfo(repository.path, sha)) };
    },
  },
};

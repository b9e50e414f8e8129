/** Making commits the way GitHub makes them for an API call. */
import { refuse } from './answers.ts';
import { git, objectType, type Signature, tryGit } from './git.ts';
import { branchSha, stamp, syncPulls } from './store.ts';
import type { Grant, Repository, World } from './types.ts';

export interface NewCommit {
  message: string;
  tree: string;
  parents: readonly string[];
  author?: Partial<Signature>;
  committer?: Partial<Signature>;
}

const webFlow = { name: 'GitHub', email: 'noreply@github.com' };

// GitHub's signature is part of the commit, so the SHA of one it signed cannot be had any other way.
const signature = ['-----BEGIN PGP SIGNATURE-----', '', 'stand-in', '-----END PGP SIGNATURE-----', ''].join(
  '\n ',
);

/** Writes a commit. One that an app makes without naming anybody is signed by GitHub. */
export async function writeCommit(
  world: World,
  repository: Repository,
  grant: Grant,
  wanted: NewCommit,
): Promise<string> {
  const { user } = grant;
  const now = stamp(world);
  const own = { name: user.login, email: `${user.id}+${user.login}@users.noreply.github.com`, date: now };
  const signed = grant.app !== undefined && !wanted.author && !wanted.committer;
  const author = { ...own, ...wanted.author };
  const committer = signed ? { ...webFlow, date: now } : { ...author, ...wanted.committer };
  const line = ({ name, email, date }: Signature) =>
    `${name} <${email}> ${Math.floor(Date.parse(date) / 1000)} +0000`;
  const text = [
    `tree ${wanted.tree}`,
    ...wanted.parents.map((sha) => `parent ${sha}`),
    `author ${line(author)}`,
    `committer ${line(committer)}`,
    ...(signed ? [`gpgsig ${signature}`] : []),
    '',
    wanted.message,
  ].join('\n');
  const written = await git(repository.path, ['hash-object', '-t', 'commit', '-w', '--stdin'], text);
  const sha = written.toString().trim();
  if (signed) world.signed.add(sha);
  return sha;
}

/** An installation token without `workflows` can bring no change of a workflow into a branch. */
export async function refuseWorkflows(repository: Repository, grant: Grant, sha: string): Promise<void> {
  if (grant.permissions.workflows === 'write') return;
  const args = [
    'log',
    '-m',
    '--name-only',
    '--format=',
    sha,
    '--not',
    '--branches',
    '--',
    '.github/workflows',
  ];
  const [file] = (await git(repository.path, args)).toString().split('\n');
  if (!file) return;
  const kind = grant.app ? 'a GitHub App' : 'a Personal Access Token';
  const missing = grant.app ? '`workflows` permission' : '`workflow` scope';
  throw refuse(403, `refusing to allow ${kind} to create or update workflow \`${file}\` without ${missing}`);
}

/** Moves a ref, refusing what is no fast-forward unless it is forced. */
export async function moveRef(
  world: World,
  repository: Repository,
  grant: Grant,
  ref: string,
  sha: string,
  force: boolean,
): Promise<void> {
  const { path } = repository;
  if (ref.startsWith('refs/pull/')) throw refuse(422, 'Reference cannot be updated');
  const before = await refSha(repository, ref);
  if (!before) throw refuse(422, 'Reference does not exist');
  const type = await objectType(path, sha);
  if (!type || (ref.startsWith('refs/heads/') && type !== 'commit'))
    throw refuse(422, 'Object does not exist');
  const forward = await tryGit(path, ['merge-base', '--is-ancestor', before, sha]);
  if (!force && forward.code !== 0) throw refuse(422, 'Update is not a fast forward');
  await refuseWorkflows(repository, grant, sha);
  const moved = await tryGit(path, ['update-ref', ref, sha, before]);
  if (moved.code !== 0) throw refuse(422, 'Reference cannot be updated');
  await syncNetwork(world, repository);
}

/** What a full ref points to. */
export async function refSha(repository: Repository, ref: string): Promise<string | undefined> {
  if (ref.startsWith('refs/heads/')) return branchSha(repository, ref.slice('refs/heads/'.length));
  const found = await tryGit(repository.path, ['show-ref', '--verify', '--hash', ref]);
  return found.code === 0 ? found.stdout.toString().trim() : undefined;
}

/** A branch may be the head of a pull request here, or in the repository this one was forked from. */
export async function syncNetwork(world: World, repository: Repository): Promise<void> {
  await syncPulls(world, repository);
  if (repository.parent) await syncPulls(world, repository.parent);
}

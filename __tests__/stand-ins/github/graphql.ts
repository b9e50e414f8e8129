import { forbidden, may, sees } from './access.ts';
import { type Answer, isRefusal, refuse } from './answers.ts';
import { moveRef, refSha, writeCommit } from './commits.ts';
import { git, gitLine } from './git.ts';
import { type Field, parseQuery } from './graphql-query.ts';
import { grantOfRequest } from './rest.ts';
import { nodeId } from './shapes.ts';
import { branchSha, pullsOf, stamp, syncPulls } from './store.ts';
import { type TreeEntry, writeTree } from './trees.ts';
import type { Grant, Permission, Pull, RecordedRequest, Repository, World } from './types.ts';

/** A node: a value, or how to get one from the field that asks. */
type Value = string | number | boolean | null | Node | Value[];
interface Node {
  [field: string]: Value | ((field: Field) => Promise<Value> | Value);
}

interface Failure extends Error {
  type: string;
}

const fail = (type: string, message: string): Failure => Object.assign(new Error(message), { type });

interface Errors {
  type?: string;
  path: string[];
  message: string;
}

/** Answers POST /api/graphql. */
export async function answerGraphql(world: World, record: RecordedRequest, bytes: Buffer): Promise<Answer> {
  let grant: Grant;
  try {
    grant = grantOfRequest(world, record.headers.authorization);
  } catch (error) {
    if (isRefusal(error)) return error.answer;
    throw error;
  }
  record.login = grant.user.login;
  try {
    const body = JSON.parse(bytes.toString()) as { query: string; variables?: Record<string, unknown> };
    record.body = body;
    const query = parseQuery(body.query, body.variables ?? {});
    record.operation = `graphql ${query.fields.map((field) => field.name).join(' ')}`;
    const root = query.operation === 'mutation' ? mutations(world, grant) : queries(world, grant);
    const errors: Errors[] = [];
    const data = await select(world, root, query.fields, [], errors);
    return { status: 200, body: errors.length > 0 ? { data, errors } : { data } };
  } catch (error) {
    const { message } = error as Error;
    world.violations.push(`graphql: ${message}`);
    return { status: 200, body: { errors: [{ message }] } };
  }
}

async function select(world: World, node: Node, fields: readonly Field[], path: string[], errors: Errors[]) {
  const result: Record<string, unknown> = {};
  for (const field of fields) {
    const here = [...path, field.alias];
    const known = node[field.name];
    if (known === undefined) {
      const message = `Field '${field.name}' doesn't exist`;
      world.violations.push(`graphql: ${here.join('.')}: ${message}`);
      errors.push({ path: here, message });
      continue;
    }
    try {
      const value = typeof known === 'function' ? await known(field) : known;
      result[field.alias] = await complete(world, value, field, here, errors);
    } catch (error) {
      result[field.alias] = null;
      const type = isRefusal(error) ? 'FORBIDDEN' : (error as Failure).type;
      if (!type) throw error;
      errors.push({ type, path: here, message: (error as Error).message });
    }
  }
  return result;
}

async function complete(
  world: World,
  value: Value,
  field: Field,
  path: string[],
  errors: Errors[],
): Promise<unknown> {
  if (Array.isArray(value))
    return Promise.all(value.map((item) => complete(world, item, field, path, errors)));
  if (value === null || typeof value !== 'object') return value;
  return select(world, value, field.fields, path, errors);
}

function need(grant: Grant, repository: Repository, permission: Permission, level: 'read' | 'write'): void {
  if (!may(grant, repository, permission, level)) throw forbidden(grant);
}

function repositoryNamed(world: World, grant: Grant, fullName: string): Repository {
  const repository = world.repositories.get(fullName.toLowerCase());
  if (repository && sees(grant, repository)) return repository;
  throw fail('NOT_FOUND', `Could not resolve to a Repository with the name '${fullName}'.`);
}

function pullNode(pull: Pull): Node {
  const open = pull.issue.state === 'open';
  return {
    __typename: 'PullRequest',
    id: nodeId('PR', pull.id),
    number: pull.number,
    title: pull.issue.title,
    body: pull.issue.body ?? '',
    state: open ? 'OPEN' : 'CLOSED',
    isDraft: pull.draft,
    merged: false,
    mergeable: pull.mergeable ? 'MERGEABLE' : 'CONFLICTING',
    headRefOid: pull.head.sha,
    headRefName: pull.head.branch,
    baseRefOid: pull.base.sha,
    baseRefName: pull.base.branch,
    isCrossRepository: pull.head.repository !== pull.repository,
    updatedAt: pull.issue.updatedAt,
    author: { login: pull.issue.author.login.replace(/\[bot\]$/, '') },
    autoMergeRequest: pull.autoMerge && { mergeMethod: pull.autoMerge.method.toUpperCase() },
  };
}

function queries(world: World, grant: Grant): Node {
  const { user } = grant;
  return {
    viewer: {
      login: user.login,
      databaseId: user.id,
      id: nodeId(user.type === 'Bot' ? 'BOT' : 'U', user.id),
    },
    rateLimit: { limit: 5000, cost: 1, remaining: 4999, used: 1 },
    repository: async (field) => {
      const { owner, name } = field.arguments;
      const repository = repositoryNamed(world, grant, `${owner}/${name}`);
      await syncPulls(world, repository);
      return {
        id: nodeId('R', repository.id),
        databaseId: repository.id,
        nameWithOwner: repository.fullName,
        isPrivate: repository.private,
        defaultBranchRef: { name: repository.defaultBranch },
        pullRequest: (inner) => {
          need(grant, repository, 'pull_requests', 'read');
          const pull = repository.issues.get(Number(inner.arguments.number))?.pull;
          if (pull) return pullNode(pull);
          throw fail(
            'NOT_FOUND',
            `Could not resolve to a PullRequest with the number of ${inner.arguments.number}.`,
          );
        },
        ref: async (inner) => {
          need(grant, repository, 'contents', 'read');
          const name = String(inner.arguments.qualifiedName).replace(/^refs\/heads\//, '');
          const oid = await refSha(repository, `refs/heads/${name}`);
          return oid ? { name, target: { oid } } : null;
        },
      };
    },
  };
}

interface CommitInput {
  branch: { repositoryNameWithOwner?: string; branchName?: string };
  expectedHeadOid: string;
  message: { headline: string; body?: string };
  fileChanges?: { additions?: { path: string; contents: string }[]; deletions?: { path: string }[] };
  clientMutationId?: string;
}

async function commitOnBranch(world: World, grant: Grant, input: CommitInput): Promise<Node> {
  const repository = repositoryNamed(world, grant, input.branch.repositoryNameWithOwner ?? '');
  need(grant, repository, 'contents', 'write');
  const branch = (input.branch.branchName ?? '').replace(/^refs\/heads\//, '');
  const head = await branchSha(repository, branch);
  if (!head) throw fail('NOT_FOUND', `No ref found for ${branch}`);
  if (head !== input.expectedHeadOid) {
    const message = `Expected branch to point to "${input.expectedHeadOid}" but it did not. Pull and try again.`;
    throw fail('STALE_DATA', message);
  }
  const { path } = repository;
  const entries: TreeEntry[] = (input.fileChanges?.deletions ?? []).map((file) => ({
    path: file.path,
    sha: null,
  }));
  for (const file of input.fileChanges?.additions ?? []) {
    const bytes = Buffer.from(file.contents, 'base64');
    const sha = (await git(path, ['hash-object', '-w', '--stdin'], bytes)).toString().trim();
    const before = await gitLine(path, ['ls-tree', head, '--', `:(literal)${file.path}`]);
    entries.push({ path: file.path, sha, mode: before.startsWith('100755') ? '100755' : '100644' });
  }
  const tree = await writeTree(path, head, entries);
  const message = [input.message.headline, input.message.body].filter(Boolean).join('\n\n');
  const oid = await writeCommit(world, repository, grant, { message, tree, parents: [head] });
  await moveRef(world, repository, grant, `refs/heads/${branch}`, oid, false);
  const url = `${world.serverUrl}/${repository.fullName}/commit/${oid}`;
  const signature = world.signed.has(oid) ? { isValid: true, state: 'VALID' } : null;
  return {
    clientMutationId: input.clientMutationId ?? null,
    commit: { oid, url, signature },
    ref: { name: branch, target: { oid } },
  };
}

function minimize(world: World, grant: Grant, input: { subjectId: string; classifier: string }): Node {
  const all = [...world.repositories.values()].flatMap((repository) => repository.comments);
  const comment = all.find((each) => nodeId('IC', each.id) === input.subjectId);
  if (!comment || !sees(grant, comment.issue.repository)) {
    throw fail('NOT_FOUND', `Could not resolve to a node with the global id of '${input.subjectId}'`);
  }
  need(grant, comment.issue.repository, comment.issue.pull ? 'pull_requests' : 'issues', 'write');
  const reason = input.classifier.toLowerCase().replaceAll('_', '-');
  comment.minimized = reason;
  return { clientMutationId: null, minimizedComment: { isMinimized: true, minimizedReason: reason } };
}

async function autoMerge(
  world: World,
  grant: Grant,
  input: { pullRequestId: string; mergeMethod?: string; expectedHeadOid?: string },
): Promise<Node> {
  const all = [...world.repositories.values()].flatMap(pullsOf);
  const pull = all.find((each) => nodeId('PR', each.id) === input.pullRequestId);
  if (!pull)
    throw fail('NOT_FOUND', `Could not resolve to a node with the global id of '${input.pullRequestId}'`);
  need(grant, pull.repository, 'pull_requests', 'write');
  need(grant, pull.repository, 'contents', 'write');
  await syncPulls(world, pull.repository);
  if (input.expectedHeadOid && input.expectedHeadOid !== pull.head.sha) {
    throw fail('UNPROCESSABLE', 'Head branch was modified. Review and try the merge again.');
  }
  const method = (input.mergeMethod ?? 'MERGE').toLowerCase() as 'merge' | 'squash' | 'rebase';
  pull.autoMerge = { by: grant.user, method };
  pull.issue.updatedAt = stamp(world);
  return { clientMutationId: null, pullRequest: pullNode(pull) };
}

function mutations(world: World, grant: Grant): Node {
  const input = <T>(field: Field) => {
    if (typeof field.arguments.input !== 'object') throw refuse(422, 'input is missing');
    return field.arguments.input as T;
  };
  return {
    createCommitOnBranch: (field) => commitOnBranch(world, grant, input<CommitInput>(field)),
    minimizeComment: (field) => minimize(world, grant, input(field)),
    enablePullRequestAutoMerge: (field) => autoMerge(world, grant, input(field)),
  };
}

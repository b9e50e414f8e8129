import type { Document, Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import type { Git } from '../../core/git.ts';
import { type Ledger, newest, taskOf } from '../../core/ledger.ts';
import { Fault } from '../../core/outcome.ts';
import { patchArtifact } from '../../core/task.ts';
import { tasksOf, withTask } from './bot-commits.ts';
import { type Context, split } from './context.ts';
import { attempt, statusOf, wordsOf } from './fault.ts';
import { type Pull, readPull, staleness } from './pull.ts';
import { receipt } from './receipt.ts';
import { findUnsupportedMode, treeEntries } from './tree-entries.ts';

/**
 * Puts the patch on the pull request's branch as one commit, made by GitHub itself, which signs it. The
 * branch only ever moves forward from the task's head.
 */
export async function publishCommit(
  context: Context,
  effect: Effect,
  ledger: Ledger,
  git: Git,
  pull: Pull,
): Promise<Draft<'receipt'>> {
  const task = taskOf(ledger);
  const patch = newest(ledger, 'patch');
  if (!patch) return receipt(effect, 'refused', { detail: 'there is no patch to push' });
  const stale = staleness(pull, task);
  if (stale) {
    if (pull.open && (await isPushed(context, pull.head, task, patch))) {
      return receipt(effect, 'already', { reference: pull.head });
    }
    return receipt(effect, 'stale', { detail: stale });
  }
  const no = async (status: 'refused' | 'failed', why: string): Promise<Draft<'receipt'>> =>
    receipt(effect, status, { detail: `${why} ${await keep(context, task, patch)}` });

  const obstacle = obstacleOf(task, patch, pull);
  if (obstacle) return no('refused', obstacle);
  const fork = pull.headRepository !== task.repository;
  try {
    const commit = await createCommit(context, ledger, patch, git, pull.headRepository!);
    const moved = staleness(await readPull(context, pull.number), task);
    if (moved) return receipt(effect, 'stale', { detail: moved });
    await moveBranch(context, pull, commit.sha);
    return receipt(effect, 'done', {
      reference: commit.sha,
      ...(!commit.verified && { detail: `GitHub doesn't show the commit as verified (${commit.reason})` }),
    });
  } catch (error) {
    const status = statusOf(error);
    if (error instanceof Fault && error.outcome === 'refused') return no('refused', error.message);
    if (fork && (status === 403 || status === 404)) {
      return no('refused', `The token may not push to the fork ${pull.headRepository}.`);
    }
    if (status === 403 && /refusing|protected/i.test(wordsOf(error))) return no('refused', message(error));
    if (status === 409 || status === 422) {
      // Either somebody was faster, or a rule of the branch says no.
      const moved = staleness(await readPull(context, pull.number), task);
      return moved ? receipt(effect, 'stale', { detail: moved }) : no('refused', message(error));
    }
    if (error instanceof Fault && status !== undefined) return no('failed', error.message);
    throw error;
  }
}

function obstacleOf(task: Document<'task'>, patch: Document<'patch'>, pull: Pull): string | undefined {
  if (patch.base !== task.head) return `The patch is made on ${patch.base}, not on the head ${task.head}.`;
  const link = findUnsupportedMode(patch.files);
  if (link) return `${link.path} has the mode ${link.newMode}, which is no file's.`;
  if (pull.headRepository === undefined) return "The pull request's fork has been deleted.";
  if (pull.headRepository !== task.repository && !pull.maintainerCanModify) {
    return `The author of pull request #${pull.number} doesn't let maintainers push to ${pull.headRepository}.`;
  }
  return undefined;
}

/** Whether the head is the commit that this task would make. */
async function isPushed(
  { api, repoParams }: Context,
  head: string,
  task: Document<'task'>,
  patch: Document<'patch'>,
): Promise<boolean> {
  const { data } = await attempt({ to: 'read the head commit', needs: 'contents: read' }, () =>
    api.rest.git.getCommit({ ...repoParams, commit_sha: head }),
  );
  // Anyone can write the trailer; what has the same content on the same parent is the same.
  return (
    tasksOf(data.message).includes(task.id) &&
    data.tree.sha === patch.tree &&
    data.parents.length === 1 &&
    data.parents[0]!.sha === task.head
  );
}

interface Commit {
  sha: string;
  verified: boolean;
  reason: string;
}

async function createCommit(
  { api, views }: Context,
  ledger: Ledger,
  patch: Document<'patch'>,
  git: Git,
  repository: string,
): Promise<Commit> {
  const task = taskOf(ledger);
  const at = split(repository);
  const purpose = { to: 'push the commit', needs: 'contents: write' };
  const entries = await treeEntries(git, patch.files, async (bytes) => {
    const content = bytes.toString('base64');
    const { data } = await attempt(purpose, () =>
      api.rest.git.createBlob({ ...at, content, encoding: 'base64' }),
    );
    return data.sha;
  });
  const tree = await attempt(purpose, () =>
    api.rest.git.createTree({ ...at, base_tree: task.head, tree: entries }),
  );
  if (tree.data.sha !== patch.tree) {
    throw new Fault(
      `GitHub made the tree ${tree.data.sha} of the patch, and not ${patch.tree}, which was proved; nothing was pushed.`,
      'refused',
    );
  }
  const { data } = await attempt(purpose, () =>
    // With an author or a committer GitHub wouldn't sign it.
    api.rest.git.createCommit({
      ...at,
      message: withTask(views.commitMessage(ledger), task.id),
      tree: patch.tree,
      parents: [task.head],
    }),
  );
  return { sha: data.sha, verified: data.verification.verified, reason: data.verification.reason };
}

async function moveBranch({ api }: Context, pull: Pull, sha: string): Promise<void> {
  await attempt({ to: `push to ${pull.headRef}`, needs: 'contents: write' }, () =>
    api.rest.git.updateRef({
      ...split(pull.headRepository!),
      ref: `heads/${pull.headRef}`,
      sha,
      force: false,
    }),
  );
}

/** Keeps the patch for a person to apply, and says where. */
async function keep(context: Context, task: Document<'task'>, patch: Document<'patch'>): Promise<string> {
  const { name, file } = patchArtifact(task.id);
  const content = patch.encoding === 'base64' ? Buffer.from(patch.body, 'base64') : patch.body;
  try {
    const url = await context.uploadArtifact?.(name, [{ name: file, content }]);
    if (!url) return 'The patch is in the ledger.';
    return `The patch is kept as ${file} in the artifact ${name} (${url}).`;
  } catch (error) {
    return `The patch could not be kept as an artifact either: ${wordsOf(error)}`;
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

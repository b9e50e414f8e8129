import type { Document } from '../../core/document.ts';
import type { Context } from './context.ts';
import { attempt } from './fault.ts';

/** A pull request as it is now. */
export interface Pull {
  number: number;
  open: boolean;
  head: string;
  headRef: string;
  /** `owner/name`, or undefined when the fork has been deleted. */
  headRepository: string | undefined;
  /** When that repository was last pushed to, on whichever branch, by GitHub's clock. */
  headPushedAt: string | undefined;
  baseRef: string;
  /** Of the repository that it is in. */
  defaultBranch: string;
  /** Who opened it; a deleted account has no name. */
  author: string | undefined;
  maintainerCanModify: boolean;
}

/** Reads a pull request. */
export async function readPull({ api, repoParams }: Context, number: number): Promise<Pull> {
  const { data } = await attempt({ to: `read pull request #${number}`, needs: 'pull-requests: read' }, () =>
    api.rest.pulls.get({ ...repoParams, pull_number: number }),
  );
  return {
    number,
    open: data.state === 'open',
    head: data.head.sha,
    headRef: data.head.ref,
    headRepository: data.head.repo?.full_name,
    headPushedAt: data.head.repo?.pushed_at ?? undefined,
    baseRef: data.base.ref,
    defaultBranch: data.base.repo.default_branch,
    author: data.user?.login,
    maintainerCanModify: data.maintainer_can_modify,
  };
}

/**
 * Why nothing about the task may be published any more, if that is so.
 * @param own a commit that this very task has pushed, and so is no news
 */
export function staleness(pull: Pull, task: Document<'task'>, own?: string): string | undefined {
  if (!pull.open) return `pull request #${pull.number} has been closed since`;
  if (pull.head === task.head || pull.head === own) return undefined;
  return `the head has moved from ${task.head} to ${pull.head} since`;
}

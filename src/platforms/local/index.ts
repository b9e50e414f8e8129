import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import type { Git, GitOptions } from '../../core/git.ts';
import { type Ledger, newest, taskOf } from '../../core/ledger.ts';
import { Fault } from '../../core/outcome.ts';
import type { Platform, Subject, Views } from '../../core/platform.ts';

export interface LocalOptions {
  /** The repository's root directory, and its `.git`. */
  root: string;
  gitDir: string;
  base: string;
  head: string;
  views: Views;
  /** Runs git in the user's own repository, with the user's own configuration. */
  userGit: (args: readonly string[], options?: GitOptions) => Promise<Buffer>;
}

/** A git checkout on this machine: it is asked by hand, and its one effect is a branch. */
export function createLocal(options: LocalOptions): Platform {
  return {
    name: 'local',
    effects: ['push'],
    ask: async () => ({ subject: await subjectOf(options) }),
    fetch: async (git, subject) => {
      // Only commits and what they need are taken over, no configuration; the objects are borrowed.
      const objects = (
        await options.userGit(['rev-parse', '--path-format=absolute', '--git-path', 'objects'])
      )
        .toString()
        .trim();
      await mkdir(join(git.dir, 'objects/info'), { recursive: true });
      await writeFile(join(git.dir, 'objects/info/alternates'), `${objects}\n`);
      await git(['cat-file', '-e', `${subject.head}^{commit}`]);
    },
    perform: (effect, ledger, git) => perform(options, effect, ledger, git),
  };
}

async function subjectOf({ root, base, head, userGit }: LocalOptions): Promise<Subject> {
  const commit = async (name: string, what: string): Promise<string> => {
    try {
      return (await userGit(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]))
        .toString()
        .trim();
    } catch {
      throw new Fault(`--${what} ${name}: there is no such commit, branch or tag in ${root}.`);
    }
  };
  const [baseCommit, headCommit] = await Promise.all([commit(base, 'base'), commit(head, 'head')]);
  const mergeBase = await userGit(['merge-base', baseCommit, headCommit]).catch(() => {
    throw new Fault(`${base} and ${head} have no common history, so there is no change to look at.`);
  });
  return {
    repository: root,
    subject: 'local',
    event: 'local',
    base: baseCommit,
    head: headCommit,
    mergeBase: mergeBase.toString().trim(),
    baseRef: base,
    headRef: head,
    headRepository: root,
  };
}

async function perform(
  { gitDir, views, userGit }: LocalOptions,
  effect: Effect,
  ledger: Ledger,
  git: Git,
): Promise<Draft<'receipt'>> {
  const receipt = { kind: 'receipt', by: 'platform:local', key: effect.key } as const;
  const patch = newest(ledger, 'patch');
  if (!patch) return { ...receipt, status: 'refused', detail: 'There is no patch to make a branch of.' };
  const task = taskOf(ledger);
  const branch = `countersign/${task.agent}-${task.id.slice(0, 8)}`;
  const identity = {
    GIT_AUTHOR_NAME: 'Countersign',
    GIT_AUTHOR_EMAIL: 'countersign@localhost',
    GIT_COMMITTER_NAME: 'Countersign',
    GIT_COMMITTER_EMAIL: 'countersign@localhost',
  };
  const message = views.commitMessage(ledger);
  const commit = (
    await git(['commit-tree', patch.tree, '-p', task.head, '-F', '-'], { input: message, env: identity })
  )
    .toString()
    .trim();
  await git(['update-ref', `refs/heads/${branch}`, commit]);
  // A branch of its own loses nothing: neither the work tree nor any branch of the user's is touched.
  await userGit([
    '--git-dir',
    gitDir,
    'fetch',
    '--quiet',
    '--no-tags',
    '--force',
    git.dir,
    `refs/heads/${branch}:refs/heads/${branch}`,
  ]);
  return { ...receipt, status: 'done', reference: commit, detail: branch };
}

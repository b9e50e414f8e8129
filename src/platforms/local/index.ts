import { pathToFileURL } from 'node:url';
import type { Draft } from '../../core/document.ts';
import type { Effect } from '../../core/effect.ts';
import type { Git } from '../../core/git.ts';
import { type Ledger, newest, taskOf } from '../../core/ledger.ts';
import { Fault } from '../../core/outcome.ts';
import type { Platform, Subject, Views } from '../../core/platform.ts';
import { truncateStart } from '../../core/text.ts';
import { receiptsBy } from '../shared/receipt.ts';
import type { UserGit } from './user-repository.ts';

/** What a ledger takes; a path and a revision may have more. */
const longestName = 300;

interface LocalOptions {
  /** The work tree's root directory, and its `.git`. */
  root: string;
  gitDir: string;
  base: string;
  head: string;
  views: Views;
  userGit: UserGit;
}

const receipt = receiptsBy('local');

/** A git checkout on this machine: it is asked by hand, and its one effect is a branch. */
export function createLocal(options: LocalOptions): Platform {
  return {
    name: 'local',
    effects: ['push'],
    ask: async () => ({ subject: await subjectOf(options) }),
    fetch: (git, subject) => fetchCommits(options, git, subject),
    perform: (effect, ledger, git) => perform(options, effect, ledger, git),
  };
}

async function subjectOf({ root, base, head, userGit }: LocalOptions): Promise<Subject> {
  const commit = async (name: string, option: string): Promise<string> => {
    try {
      return text(
        await userGit(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]),
      );
    } catch {
      throw new Fault(
        name === 'HEAD'
          ? `There is no commit in ${root} yet, and only commits are looked at.`
          : `${option} ${JSON.stringify(name)}: there is no such commit, branch or tag in ${root}.`,
      );
    }
  };
  const headCommit = await commit(head, '--head');
  const baseCommit = await commit(base, '--base');
  const mergeBase = await userGit(['merge-base', baseCommit, headCommit]).catch(async () => {
    const isShallow = text(await userGit(['rev-parse', '--is-shallow-repository'])) === 'true';
    throw new Fault(
      `${base} and ${head} have no common history${
        isShallow
          ? ' in this shallow clone: run `git fetch --unshallow` first'
          : ', so there is no change to look at'
      }.`,
    );
  });
  const repository = truncateStart(root, longestName);
  return {
    repository,
    subject: 'local',
    event: 'local',
    base: baseCommit,
    head: headCommit,
    mergeBase: text(mergeBase),
    baseRef: truncateStart(base, longestName),
    headRef: truncateStart(head, longestName),
    headRepository: repository,
  };
}

/** How many commits back a session can look: enough to see how the code came to be, also where there are many. */
const history = 50;

/**
 * Copies these commits with what leads to them and nothing else: rooms see the clean repository's objects, and the
 * user's hold every branch, stash and dropped commit.
 */
async function fetchCommits(
  { root, gitDir, userGit }: LocalOptions,
  git: Git,
  subject: Subject,
): Promise<void> {
  const { base, head, mergeBase } = subject;
  try {
    await userGit([
      ...['--git-dir', git.dir, '-c', 'protocol.version=2', '-c', 'protocol.file.allow=always'],
      ...['fetch', '--quiet', '--no-tags', `--depth=${history}`, '--no-write-fetch-head'],
      ...['--no-auto-maintenance', '--no-recurse-submodules', '--', pathToFileURL(gitDir).href],
      ...new Set([base, head, mergeBase]),
    ]);
  } catch (error) {
    throw new Fault(`The commits can't be read from ${root}: ${(error as Error).message}.`);
  }
}

async function perform(
  { views, userGit }: LocalOptions,
  effect: Effect,
  ledger: Ledger,
  git: Git,
): Promise<Draft<'receipt'>> {
  const patch = newest(ledger, 'patch');
  if (!patch) return receipt(effect, 'refused', { detail: 'There is no patch to make a branch of.' });
  const { agent, id, head } = taskOf(ledger);
  // An earlier run's branch may have been built upon: no branch that is there is ever moved.
  for (let count = 1; ; count += 1) {
    const branch = `countersign/${agent}-${id.slice(0, 8)}${count === 1 ? '' : `-${count}`}`;
    const there = await userGit([
      ...['for-each-ref', '--format=%(objectname) %(tree) %(parent)', `refs/heads/${branch}`],
    ]);
    const [commit, ...made] = text(there).split(' ');
    if (!commit) {
      const reference = await makeBranch(userGit, git, branch, head, patch.tree, views.commitMessage(ledger));
      return receipt(effect, 'done', { reference, detail: branch });
    }
    if (made.join(' ') === `${patch.tree} ${head}`)
      return receipt(effect, 'already', { reference: commit, detail: branch });
  }
}

/** A branch with one commit on `parent`; neither the work tree nor any other branch of the user's is touched. */
async function makeBranch(
  userGit: UserGit,
  git: Git,
  branch: string,
  parent: string,
  tree: string,
  message: string,
): Promise<string> {
  const identity = {
    GIT_AUTHOR_NAME: 'Countersign',
    GIT_AUTHOR_EMAIL: 'countersign@localhost',
    GIT_COMMITTER_NAME: 'Countersign',
    GIT_COMMITTER_EMAIL: 'countersign@localhost',
  };
  const commit = text(
    await git(['commit-tree', tree, '-p', parent, '-F', '-'], { input: message, env: identity }),
  );
  const objects = await git(['pack-objects', '--quiet', '--revs', '--stdout'], {
    input: `${commit}\n^${parent}\n`,
  });
  await userGit(['unpack-objects', '-q'], objects);
  // Only if the branch still isn't there.
  await userGit(['update-ref', '-m', 'countersign', `refs/heads/${branch}`, commit, '']);
  return commit;
}

function text(output: Buffer): string {
  return output.toString().trim();
}

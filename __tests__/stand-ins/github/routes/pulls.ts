import { type Answer, type Call, invalid, list, media, notFound, type Routes, refuse } from '../answers.ts';
import { changes, mergeBase } from '../diff.ts';
import { git, log } from '../git.ts';
import { commitShape, fullPullShape, pullShape } from '../shapes.ts';
import { createPull, pullsOf, stamp } from '../store.ts';
import type { Pull, Repository } from '../types.ts';
import { fileShape } from './repositories.ts';

/** The pull request a call is about. */
export function pullOf(call: Call): Pull {
  const pull = call.repository.issues.get(Number(call.parameters.pull_number))?.pull;
  if (!pull) throw notFound();
  return pull;
}

/** What a pull request changes: from where it left its base, as far as GitHub counts. */
export async function pullChanges(pull: Pull, head = pull.head.sha) {
  const { path } = pull.repository;
  const fork = (await mergeBase(path, pull.base.sha, head)) ?? pull.base.sha;
  return changes(path, fork, head);
}

const pullCommits = (pull: Pull) =>
  log(pull.repository.path, ['--reverse', `${pull.base.sha}..${pull.head.sha}`]);

async function whole(call: Call, pull: Pull): Promise<Record<string, unknown>> {
  const [files, commits] = await Promise.all([pullChanges(pull), pullCommits(pull)]);
  const sum = (key: 'additions' | 'deletions') => files.reduce((total, file) => total + file[key], 0);
  return fullPullShape(call.world, pull, {
    commits: commits.length,
    additions: sum('additions'),
    deletions: sum('deletions'),
    changedFiles: files.length,
  });
}

async function get(call: Call): Promise<Answer> {
  const pull = pullOf(call);
  if (!/vnd\.github\.(v3\.)?diff/.test(call.accept)) return { status: 200, body: await whole(call, pull) };
  const files = await pullChanges(pull);
  if (files.length > 300) {
    throw refuse(406, 'Sorry, the diff exceeded the maximum number of files (300).', {
      errors: [{ resource: 'PullRequest', field: 'diff', code: 'too_large' }],
    });
  }
  const { path } = pull.repository;
  const fork = (await mergeBase(path, pull.base.sha, pull.head.sha)) ?? pull.base.sha;
  return media(await git(path, ['diff-tree', '-p', '-r', '-M', fork, pull.head.sha]), 'diff');
}

function all(call: Call): Answer {
  const { state = 'open', head, base, direction = 'desc' } = call.query;
  const wanted = pullsOf(call.repository).filter(
    (pull) =>
      (state === 'all' || pull.issue.state === state) &&
      (!base || pull.base.branch === base) &&
      (!head || `${pull.head.repository.owner}:${pull.head.branch}` === head),
  );
  wanted.sort((a, b) => (direction === 'asc' ? a.number - b.number : b.number - a.number));
  return list(
    call,
    wanted.map((pull) => pullShape(call.world, pull)),
  );
}

function headOf(call: Call, head: string): { repository: Repository; branch: string } | undefined {
  const [owner = '', branch] = head.split(':');
  if (!branch) return { repository: call.repository, branch: head };
  const found = [...call.world.repositories.values()].find(
    (other) =>
      other.owner.toLowerCase() === owner.toLowerCase() &&
      (other === call.repository || other.parent === call.repository),
  );
  return found && { repository: found, branch };
}

async function create(call: Call): Promise<Answer> {
  const { repository, world, grant } = call;
  const body = call.body as { title?: string; body?: string; head: string; base: string; draft?: boolean };
  if (grant.app?.slug === 'github-actions' && !repository.actionsMayApprove) {
    throw refuse(403, 'GitHub Actions is not permitted to create or approve pull requests.');
  }
  if (!body.title) throw invalid({ resource: 'PullRequest', field: 'title', code: 'missing_field' });
  const head = headOf(call, body.head);
  if (!head) throw invalid({ resource: 'PullRequest', field: 'head', code: 'invalid' });
  const twin = pullsOf(repository).find(
    (pull) =>
      pull.issue.state === 'open' &&
      pull.head.repository === head.repository &&
      pull.head.branch === head.branch &&
      pull.base.branch === body.base,
  );
  if (twin) {
    const message = `A pull request already exists for ${head.repository.owner}:${head.branch}.`;
    throw invalid({ resource: 'PullRequest', field: 'base', code: 'custom', message });
  }
  const pull = await createPull(world, repository, {
    title: body.title,
    body: body.body ?? null,
    author: grant.user.login,
    head,
    base: body.base,
    draft: body.draft ?? false,
  });
  if (!pull) {
    const message = `No commits between ${body.base} and ${body.head}`;
    throw invalid({ resource: 'PullRequest', field: 'head', code: 'invalid', message });
  }
  return { status: 201, body: await whole(call, pull) };
}

export const pulls: Routes = {
  'pulls/get': { needs: ['pull_requests:read'], handle: get },
  'pulls/list': { needs: ['pull_requests:read'], handle: all },
  'pulls/create': { needs: ['pull_requests:write'], handle: create },
  'pulls/update': {
    needs: ['pull_requests:write'],
    handle: async (call) => {
      const pull = pullOf(call);
      const { title, body, state } = call.body as {
        title?: string;
        body?: string;
        state?: 'open' | 'closed';
      };
      Object.assign(pull.issue, {
        title: title ?? pull.issue.title,
        body: body ?? pull.issue.body,
        state: state ?? pull.issue.state,
        updatedAt: stamp(call.world),
      });
      return { status: 200, body: await whole(call, pull) };
    },
  },
  'pulls/list-files': {
    needs: ['pull_requests:read'],
    handle: async (call) => {
      const pull = pullOf(call);
      const files = (await pullChanges(pull)).slice(0, 3000);
      return list(
        call,
        files.map((file) => fileShape(call.world, call.repository, pull.head.sha, file)),
      );
    },
  },
  'pulls/list-commits': {
    needs: ['pull_requests:read'],
    handle: async (call) => {
      const commits = (await pullCommits(pullOf(call))).slice(0, 250);
      return list(
        call,
        commits.map((commit) => commitShape(call.world, call.repository, commit)),
      );
    },
  },
  'pulls/request-reviewers': {
    needs: ['pull_requests:write'],
    handle: (call) => {
      const pull = pullOf(call);
      const { reviewers = [] } = (call.body ?? {}) as { reviewers?: string[] };
      const known = (login: string) =>
        login === call.repository.owner || call.repository.collaborators.has(login);
      if (!reviewers.every(known)) {
        throw refuse(
          422,
          `Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the ${call.repository.fullName} repository.`,
        );
      }
      if (reviewers.includes(pull.issue.author.login)) {
        throw refuse(422, 'Review cannot be requested from pull request author.');
      }
      pull.requestedReviewers = [...new Set([...pull.requestedReviewers, ...reviewers])];
      return { status: 201, body: pullShape(call.world, pull) };
    },
  },
};

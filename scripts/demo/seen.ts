import { git } from '../../__tests__/stand-ins/github/git.ts';
import type { GitHub, Pull, ReviewComment } from '../../__tests__/stand-ins/github/index.ts';

export interface SeenCommit {
  sha: string;
  message: string;
  author: string;
  isVerified: boolean;
  files: string[];
  patch: string;
}

export interface SeenCheck {
  name: string;
  conclusion: string | null;
  title: string | null;
}

export interface SeenReview {
  author: string;
  state: string;
  body: string;
  comments: ReviewComment[];
}

/** What a person finds new on a pull request's page. */
export interface Seen {
  commits: SeenCommit[];
  checks: SeenCheck[];
  reviews: SeenReview[];
  comments: { author: string; body: string }[];
}

/** Remembers how the page is now; what it gives back tells what has come since. */
export async function watch(github: GitHub, pull: Pull, token: string): Promise<() => Promise<Seen>> {
  await github.sync();
  const { repository } = pull;
  const before = {
    head: pull.head.sha,
    checks: new Set(github.checkRuns(repository)),
    reviews: new Set(github.reviews(pull)),
    comments: new Map(github.comments(pull).map(({ id, body }) => [id, body])),
  };
  return async () => {
    await github.sync();
    const added = await git(repository.path, ['rev-list', '--reverse', `${before.head}..${pull.head.sha}`]);
    const shas = added.toString().split('\n').filter(Boolean);
    return {
      commits: await Promise.all(shas.map((sha) => seenCommit(github, pull, sha, token))),
      checks: github.checkRuns(repository).filter((check) => !before.checks.has(check)),
      reviews: github
        .reviews(pull)
        .filter((review) => !before.reviews.has(review))
        .map(({ author, state, body, comments }) => ({ author: author.login, state, body, comments })),
      comments: github
        .comments(pull)
        .filter(({ id, body }) => before.comments.get(id) !== body)
        .map(({ author, body }) => ({ author: author.login, body })),
    };
  };
}

async function seenCommit(github: GitHub, pull: Pull, sha: string, token: string): Promise<SeenCommit> {
  const { fullName, path } = pull.repository;
  const answer = await fetch(`${github.apiUrl}/repos/${fullName}/commits/${sha}`, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' },
  });
  if (!answer.ok) throw new Error(`the stand-in answered ${answer.status} for commit ${sha}`);
  const { commit, author, files } = (await answer.json()) as {
    commit: { message: string; author: { name: string }; verification: { verified: boolean } };
    author: { login: string } | null;
    files: { filename: string }[];
  };
  const patch = await git(path, ['diff', '--unified=1', `${sha}^`, sha]);
  return {
    sha,
    message: commit.message,
    author: author?.login ?? commit.author.name,
    isVerified: commit.verification.verified,
    files: files.map(({ filename }) => filename),
    patch: patch.toString(),
  };
}

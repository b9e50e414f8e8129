import { type Answer, type Call, list, type Routes, refuse } from '../answers.ts';
import { type FileChange, hunkAt, hunkDownTo, hunks } from '../diff.ts';
import { gitLine, resolveCommit } from '../git.ts';
import { reviewCommentShape, reviewShape } from '../shapes.ts';
import { stamp } from '../store.ts';
import type { Pull, Review, ReviewComment, ReviewState, Side } from '../types.ts';
import { pullChanges, pullOf } from './pulls.ts';

interface Wanted {
  path: string;
  body: string;
  position?: number;
  line?: number;
  side?: Side;
  start_line?: number;
  start_side?: Side;
}

interface Body {
  commit_id?: string;
  body?: string;
  event?: 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT';
  comments?: Wanted[];
}

const states: Record<string, ReviewState> = {
  APPROVE: 'APPROVED',
  REQUEST_CHANGES: 'CHANGES_REQUESTED',
  COMMENT: 'COMMENTED',
};

const unprocessable = (...errors: string[]) => refuse(422, 'Unprocessable Entity', { errors });

function refuseEvent(call: Call, pull: Pull, body: Body): void {
  const { app, user } = call.grant;
  const own = user.id === pull.issue.author.id;
  if (body.event === 'APPROVE' && app?.slug === 'github-actions' && !call.repository.actionsMayApprove) {
    throw unprocessable('GitHub Actions is not permitted to approve pull requests.');
  }
  if (own && body.event === 'APPROVE') throw unprocessable('Can not approve your own pull request');
  if (own && body.event === 'REQUEST_CHANGES')
    throw unprocessable('Can not request changes on your own pull request');
  if (body.event && body.event !== 'APPROVE' && !body.body && !body.comments?.length) {
    throw unprocessable('Body cannot be blank');
  }
  if ([...(body.body ?? '')].length > 65536)
    throw unprocessable('Body is too long (maximum is 65536 characters)');
}

type Placed = Omit<ReviewComment, 'id' | 'review'>;

// Every line has to be one that the diff shows, and a range has to lie within one hunk.
function place(files: readonly FileChange[], wanted: Wanted): Placed | string {
  const file = files.find((each) => each.filename === wanted.path);
  if (!file) return 'Path could not be resolved';
  const { line, side = 'RIGHT' } = wanted;
  if (line === undefined) return 'Line could not be resolved';
  const found = hunks(file.patch ?? '');
  const hunk = hunkAt(found, line, side);
  if (!hunk) return 'Line could not be resolved';
  const startLine = wanted.start_line ?? null;
  const startSide = startLine === null ? null : (wanted.start_side ?? side);
  if (startLine !== null && startSide !== null) {
    if (startSide === side && startLine >= line) return 'Start line must precede the end line.';
    const start = hunkAt(found, startLine, startSide);
    if (!start) return 'Start line could not be resolved';
    if (start !== hunk)
      return 'Pull request review thread start line must be part of the same hunk as the line.';
  }
  const diffHunk = hunkDownTo(hunk, line, side);
  return { path: wanted.path, line, side, startLine, startSide, body: wanted.body, diffHunk };
}

async function create(call: Call): Promise<Answer> {
  const pull = pullOf(call);
  const body = (call.body ?? {}) as Body;
  refuseEvent(call, pull, body);
  const commit = body.commit_id ?? pull.head.sha;
  if (commit !== pull.head.sha) await refuseForeign(pull, commit);
  const files = body.comments?.length ? await pullChanges(pull, commit) : [];
  if (body.comments?.some((comment) => comment.position !== undefined)) {
    call.world.violations.push(
      'the stand-in does not know `position` in a review comment: give line and side',
    );
  }
  const placed = (body.comments ?? []).map((comment) => place(files, comment));
  const errors = placed.filter((each) => typeof each === 'string');
  if (errors.length > 0) throw unprocessable(...errors);
  const review: Review = {
    id: call.world.nextId(),
    pull,
    author: call.grant.user,
    state: states[body.event ?? ''] ?? 'PENDING',
    body: body.body ?? '',
    commit,
    submittedAt: stamp(call.world),
    comments: [],
  };
  for (const each of placed) {
    if (typeof each !== 'string') review.comments.push({ id: call.world.nextId(), review, ...each });
  }
  pull.reviews.push(review);
  return { status: 200, body: reviewShape(call.world, review) };
}

async function refuseForeign(pull: Pull, commit: string): Promise<void> {
  const { path } = pull.repository;
  const sha = await resolveCommit(path, commit);
  const range = `${pull.base.sha}..${pull.head.sha}`;
  const own = sha && (await gitLine(path, ['rev-list', range])).split('\n').includes(sha);
  if (!own) throw unprocessable('commit_id is not part of the pull request');
}

// A review nobody has submitted yet is seen by its author alone.
const visible = (call: Call) =>
  pullOf(call).reviews.filter(
    (review) => review.state !== 'PENDING' || review.author.id === call.grant.user.id,
  );

export const reviews: Routes = {
  'pulls/create-review': { needs: ['pull_requests:write'], handle: create },
  'pulls/list-reviews': {
    needs: ['pull_requests:read'],
    handle: (call) =>
      list(
        call,
        visible(call).map((review) => reviewShape(call.world, review)),
      ),
  },
  'pulls/list-review-comments': {
    needs: ['pull_requests:read'],
    handle: (call) =>
      list(
        call,
        visible(call)
          .filter((review) => review.state !== 'PENDING')
          .flatMap((review) => review.comments.map((comment) => reviewCommentShape(call.world, comment))),
      ),
  },
};

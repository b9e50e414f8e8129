import type { z } from 'zod';
import { Fault } from '../../core/outcome.ts';
import type { AskResult, Subject } from '../../core/platform.ts';
import { sanitizeLine } from '../../core/sanitize.ts';
import { rejectUntrustedChange, rejectUntrustedComment, runsWithSecrets } from '../../core/trust.ts';
import { isBotCommit, isFollowUpCommit } from './bot-commits.ts';
import type { Context } from './context.ts';
import { branchOf, commandOf, events, supportedEvents } from './event.ts';
import { attempt, statusOf } from './fault.ts';
import { type Pull, readPull } from './pull.ts';

interface WorkflowEvent {
  name: string;
  payload: unknown;
  /** Who set the workflow off. */
  actor: string;
}

/** A pull request that an event is about, pinned to whatever SHAs the event gives. */
interface Pinned {
  number: number;
  head?: string;
  base?: string;
  /** When it was asked for, where the event names no head. */
  askedAt?: string;
}

type Found = Pinned | { nothing: string };

/**
 * What the event asks an agent to do.
 * @throws Fault when the event can't be served
 */
export async function ask(context: Context, event: WorkflowEvent, agentName: string): Promise<AskResult> {
  const found = await find(context, event, agentName);
  if ('nothing' in found) return found;
  const pull = await readPull(context, found.number);
  if (!pull.open) return { nothing: `pull request #${pull.number} is closed` };
  const { head } = pull;
  const pinned = { head: found.head ?? head, subject: `pull/${pull.number}` };
  if (head !== pinned.head && !(await isFollowUpCommit(context, head, pinned, agentName))) {
    return {
      nothing: `the head has moved from ${pinned.head} to ${head} since the event; the run for the newer one will judge it`,
    };
  }
  const stranger = await strangerOf(context, event, pull);
  if (stranger) return { nothing: stranger };
  // `review` commits nothing, so that it is spared the request.
  if (agentName !== 'review' && (await isBotCommit(context, head, agentName))) {
    return { nothing: `the head ${head} is ${agentName}'s own work, from which it doesn't go on` };
  }
  if (found.askedAt) expectSeen(context, pull, found.askedAt);
  const base = found.base ?? (await tipOf(context, pull.baseRef));
  const mergeBase = await mergeBaseOf(context, base, head);
  return { subject: subjectOf(context, event, pull, { base, head, mergeBase }) };
}

function subjectOf(
  { repository }: Context,
  event: WorkflowEvent,
  pull: Pull,
  shas: Pick<Subject, 'base' | 'head' | 'mergeBase'>,
): Subject {
  return {
    repository,
    subject: `pull/${pull.number}`,
    event: event.name,
    ...shas,
    baseRef: pull.baseRef,
    headRef: pull.headRef,
    headRepository: pull.headRepository ?? '(deleted)',
    pull: pull.number,
  };
}

function find(context: Context, event: WorkflowEvent, agentName: string): Promise<Found> | Found {
  switch (event.name) {
    case 'pull_request':
    case 'pull_request_target':
      return fromPull(read(events.pull_request, event));
    case 'issue_comment':
      return fromComment(context, event, agentName);
    case 'workflow_run':
      return fromRun(context, read(events.workflow_run, event).workflow_run);
    case 'workflow_dispatch':
      return fromDispatch(context, read(events.workflow_dispatch, event).ref);
    default:
      throw new Fault(
        `Countersign can't serve the event ${sanitizeLine(event.name, 60)}; put one of ${supportedEvents.join(', ')} under \`on:\` in the workflow.`,
      );
  }
}

function read<T extends z.ZodType>(schema: T, event: WorkflowEvent): z.output<T> {
  const result = schema.safeParse(event.payload);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new Fault(
    `The payload of the event ${event.name} is not what GitHub describes: ${path.join('.') || 'payload'}: ${message}.`,
  );
}

function fromPull({ action, pull_request: pull }: z.output<typeof events.pull_request>): Found {
  if (action === 'closed') return { nothing: `pull request #${pull.number} has been closed` };
  return { number: pull.number, head: pull.head.sha, base: pull.base.sha };
}

async function fromComment(context: Context, event: WorkflowEvent, agentName: string): Promise<Found> {
  const { action, issue, comment } = read(events.issue_comment, event);
  const wanted = commandOf(comment.body);
  if (action !== 'created') return { nothing: `a comment was ${sanitizeLine(action, 40)}, not written` };
  if (!wanted) return { nothing: 'the comment does not start with /countersign and the name of an agent' };
  if (wanted !== agentName)
    return { nothing: `the comment calls for the agent ${wanted}, not for ${agentName}` };
  if (!issue.pull_request) return { nothing: `#${issue.number} is an issue, not a pull request` };
  const { user } = comment;
  const author = user
    ? { login: user.login, kind: user.type === 'User' ? ('person' as const) : ('bot' as const) }
    : undefined;
  // The API knows no permission of an app.
  const writes = author?.kind === 'person' && (await mayWrite(context, author.login));
  const distrust = rejectUntrustedComment(author, event.actor, writes, context.bots);
  return distrust
    ? { nothing: sanitizeLine(distrust, 300) }
    : { number: issue.number, askedAt: comment.created_at };
}

/**
 * A comment names no commit, and a fork's owner may push once a maintainer has looked and asked. A commit's
 * own dates can be made up; when a repository was pushed to is GitHub's to say. Within the repository itself,
 * who can push can also ask.
 * @throws Fault when the fork was pushed to since, or nobody can tell; times are in whole seconds
 */
function expectSeen({ repository }: Context, pull: Pull, askedAt: string): void {
  const { head, headRepository, headPushedAt } = pull;
  if (headRepository === repository) return;
  if (headPushedAt && Date.parse(headPushedAt) < Date.parse(askedAt)) return;
  const unseen = `so the head ${head} may not be what its writer has seen`;
  throw new Fault(
    headRepository && headPushedAt
      ? `${headRepository} was pushed to after the comment was written, ${unseen}. Look at it and comment again.`
      : `It can't be told whether ${headRepository ?? 'the fork, which is gone,'} was pushed to after the comment was written, ${unseen}.`,
    'refused',
  );
}

/** Why a fork's pull request is not served with the secrets of the base, if it isn't. */
async function strangerOf(context: Context, event: WorkflowEvent, pull: Pull): Promise<string | undefined> {
  if (!runsWithSecrets(event.name, pull.headRepository !== context.repository)) return undefined;
  const logins = [...new Set([pull.author, event.actor])];
  const involved = await Promise.all(
    logins.map(async (login) => ({ login, mayWrite: Boolean(login) && (await mayWrite(context, login!)) })),
  );
  return rejectUntrustedChange(involved, event.name);
}

async function mayWrite({ api, repoParams }: Context, username: string): Promise<boolean> {
  try {
    const { data } = await attempt(
      { to: 'read what somebody may do in the repository', needs: 'metadata: read' },
      () => api.rest.repos.getCollaboratorPermissionLevel({ ...repoParams, username }),
    );
    // `maintain` is told as write, `triage` as read: https://docs.github.com/rest/collaborators/collaborators
    return data.permission === 'admin' || data.permission === 'write';
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

async function fromRun(
  context: Context,
  run: z.output<typeof events.workflow_run>['workflow_run'],
): Promise<Found> {
  // The list also names pull requests of other repositories of the network that have the same head.
  const own = run.pull_requests?.find(({ base }) => base.repo.url.endsWith(`/repos/${context.repository}`));
  if (own) return { number: own.number, head: run.head_sha };
  const pulls = [
    ...(await pullsOfCommit(context, run.head_sha)),
    ...(await pullsOfFork(context, run.head_repository?.owner.login, run.head_branch)),
  ];
  const pull = pulls.find((each) => each.state === 'open' && each.head.sha === run.head_sha);
  if (pull) return { number: pull.number, head: run.head_sha };
  return { nothing: `there is no open pull request with the head ${run.head_sha}` };
}

async function pullsOfCommit({ api, repoParams }: Context, commit: string) {
  const { data } = await attempt(
    { to: "find the workflow run's pull request", needs: 'pull-requests: read' },
    () =>
      api.rest.repos.listPullRequestsAssociatedWithCommit({
        ...repoParams,
        commit_sha: commit,
        per_page: 100,
      }),
  );
  return data;
}

/** GitHub often knows no pull requests of a commit that only a fork has, so its branch is asked for as well. */
async function pullsOfFork({ api, repoParams }: Context, owner: string | undefined, branch: string | null) {
  if (!owner || !branch) return [];
  const { data } = await attempt(
    { to: "find the workflow run's pull request", needs: 'pull-requests: read' },
    () => api.rest.pulls.list({ ...repoParams, state: 'open', head: `${owner}:${branch}`, per_page: 100 }),
  );
  return data;
}

async function fromDispatch({ api, repoParams, repository }: Context, ref: string): Promise<Found> {
  const branch = branchOf(ref);
  const { data } = branch
    ? await attempt({ to: 'list the open pull requests', needs: 'pull-requests: read' }, () =>
        api.rest.pulls.list({
          ...repoParams,
          state: 'open',
          head: `${repoParams.owner}:${branch}`,
          per_page: 100,
        }),
      )
    : { data: [] };
  const pull = data.find(({ head }) => head.ref === branch && head.repo?.full_name === repository);
  if (pull) return { number: pull.number };
  throw new Fault(
    `There is no open pull request from ${sanitizeLine(ref, 200)}; start the workflow on the branch of one, or open one first.`,
  );
}

async function tipOf({ api, repoParams }: Context, branch: string): Promise<string> {
  const { data } = await attempt({ to: 'read the base branch', needs: 'contents: read' }, () =>
    api.rest.git.getRef({ ...repoParams, ref: `heads/${branch}` }),
  );
  return data.object.sha;
}

async function mergeBaseOf({ api, repoParams }: Context, base: string, head: string): Promise<string> {
  const { data } = await attempt(
    { to: 'find where the pull request left its base', needs: 'contents: read' },
    () =>
      api.rest.repos.compareCommitsWithBasehead({
        ...repoParams,
        basehead: `${base}...${head}`,
        per_page: 1,
      }),
  );
  return data.merge_base_commit.sha;
}

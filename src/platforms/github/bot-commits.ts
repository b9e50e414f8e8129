import { taskId } from '../../core/task.ts';
import type { Context } from './context.ts';
import { attempt } from './fault.ts';

const trailer = /^Countersign-Task: ([0-9a-f]{20})$/gm;

/** The tasks that the trailers of a commit's message name. */
export function tasksOf(message: string): string[] {
  return [...message.matchAll(trailer)].map((match) => match[1]!);
}

/** The agent that the trailers name; commits of `fix` may do without. */
function agentOf(message: string): string {
  return /^Countersign-Agent: ([a-z0-9-]+)$/m.exec(message)?.[1] ?? 'fix';
}

/** `message`, with the task's trailer in it, by which its commit is known again. */
export function withTask(message: string, task: string): string {
  if (tasksOf(message).includes(task)) return message;
  const text = message.trimEnd();
  const inTrailers = /\n\n(?:[\w-]+: [^\n]*\n?)+$/.test(text);
  return `${text}${inTrailers ? '\n' : '\n\n'}Countersign-Task: ${task}`;
}

/** The account that stands as committer where GitHub itself has made a commit and signed it: @web-flow. */
const webFlow = 19864447;

/**
 * Whether GitHub made this commit, and so chose its author itself. Anybody can write any author's address
 * into a commit of their own, and sign it with a key of their own.
 */
function isSigned(commit: {
  commit: { verification?: { verified?: boolean } };
  committer: { id?: number } | null;
}): boolean {
  return commit.commit.verification?.verified === true && commit.committer?.id === webFlow;
}

/**
 * Whether a commit was made by this very agent with this very token: going on from it would go round in
 * circles.
 */
export async function isBotCommit(
  { api, repoParams, tokenActor }: Context,
  sha: string,
  agentName: string,
): Promise<boolean> {
  const { data } = await attempt({ to: 'read the head commit', needs: 'contents: read' }, () =>
    api.rest.repos.getCommit({ ...repoParams, ref: sha, per_page: 1 }),
  );
  const { message } = data.commit;
  if (tasksOf(message).length === 0 || agentOf(message) !== agentName) return false;
  return isSigned(data) && data.author?.id === (await tokenActor()).id;
}

/**
 * Whether `sha` is the one commit that another agent has put on top of `head` for this very pull request:
 * what `fix` pushes starts no run of its own, so the review in the same run judges it. The trailer names the
 * task that only that head makes.
 */
export async function isFollowUpCommit(
  { api, repoParams, repository, tokenActor }: Context,
  sha: string,
  { head, subject }: { head: string; subject: string },
  agentName: string,
): Promise<boolean> {
  const { data } = await attempt({ to: 'read the head commit', needs: 'contents: read' }, () =>
    api.rest.repos.getCommit({ ...repoParams, ref: sha, per_page: 1 }),
  );
  const { message } = data.commit;
  const maker = agentOf(message);
  const isChild = data.parents.length === 1 && data.parents[0]!.sha === head;
  const isOfTask = tasksOf(message).includes(taskId(maker, { repository, subject, head }));
  return (
    isChild &&
    isOfTask &&
    maker !== agentName &&
    isSigned(data) &&
    data.author?.id === (await tokenActor()).id
  );
}

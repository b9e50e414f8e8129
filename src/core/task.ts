import type { Agent } from './agent.ts';
import { digest } from './digest.ts';
import type { Document, Draft } from './document.ts';
import type { Subject } from './platform.ts';

/** The id of a task: the same whenever the same agent is asked the same thing again, so that a run can find it. */
export function taskId(
  agentName: string,
  { repository, subject, head }: Pick<Subject, 'repository' | 'subject' | 'head'>,
): string {
  return digest(JSON.stringify([agentName, repository, subject, head])).slice(0, 20);
}

/** The first document of the ledger that is about `subject`, for an agent. */
export function taskFor(subject: Subject, agent: Agent): Draft<'task'> {
  return {
    kind: 'task',
    by: 'event',
    id: taskId(agent.name, subject),
    agent: agent.name,
    class: agent.class,
    ...subject,
  };
}

/** The first field that makes `task` another one than what is asked; undefined when they are the same. */
export function differingField(task: Document<'task'>, asked: Draft<'task'>): string | undefined {
  return (['id', 'agent', 'class', 'repository', 'subject', 'pull', 'head', 'headRepository'] as const).find(
    (field) => task[field] !== asked[field],
  );
}

/** The same head may be asked about against another base, or after the base has moved: that is another question. */
export function isOnSameBase(task: Document<'task'>, { base, mergeBase }: Draft<'task'>): boolean {
  return task.base === base && task.mergeBase === mergeBase;
}

/** The artifact that keeps a patch which could not be pushed, and the file in it. */
export function patchArtifact(id: string): { name: string; file: string } {
  return { name: `countersign-patch-${id}`, file: 'countersign.patch' };
}

/** The artifact that carries a ledger from the job that proposes to the one that applies. */
export function ledgerArtifact(id: string): string {
  return `countersign-ledger-${id}`;
}

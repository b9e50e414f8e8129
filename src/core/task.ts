import type { Agent } from './agent.ts';
import { digest } from './digest.ts';
import type { Draft } from './document.ts';
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

/** The artifact that keeps a patch which could not be pushed, and the file in it. */
export function patchArtifact(id: string): { name: string; file: string } {
  return { name: `countersign-patch-${id}`, file: 'countersign.patch' };
}

/** The artifact that carries a ledger from the job that proposes to the one that applies. */
export function ledgerArtifact(id: string): string {
  return `countersign-ledger-${id}`;
}

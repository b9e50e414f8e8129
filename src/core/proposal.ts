import * as z from 'zod';
import type { Agent } from './agent.ts';
import { finding } from './finding.ts';

/** What a generator says of the change that it has made in its work tree. */
export const patchProposal = z.object({
  title: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .describe('What the change does, in one line, as the subject of a commit.'),
  summary: z
    .string()
    .trim()
    .max(8000)
    .describe('What was wrong, what the change does about it, and why this way.'),
});

/** What a reviewer has found. An empty list is a good answer. */
export const findingsProposal = z.object({
  findings: z.array(finding).max(200),
  summary: z
    .string()
    .trim()
    .max(8000)
    .describe('What the change does and how good it is, in a few sentences.'),
});

export type Proposal =
  | { class: 'generator'; value: z.infer<typeof patchProposal> }
  | { class: 'reviewer'; value: z.infer<typeof findingsProposal> };

/** The one tool by which a session of each class ends with a result. */
export const resultTools = {
  generator: {
    name: 'submit_patch',
    description:
      'Hands in the change that now stands in the work tree and ends the session. Call it once, when the tests pass.',
    schema: patchProposal,
  },
  reviewer: {
    name: 'submit_findings',
    description:
      'Hands in all findings and ends the session. Call it once, also when there is nothing to find.',
    schema: findingsProposal,
  },
} as const;

/**
 * The proposal in what a session left in its outbox; hostile until it has passed here.
 * @throws Error with one line when it is not what the class's tool takes
 */
export function readProposal(agentClass: Agent['class'], content: Buffer): Proposal {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch {
    throw new Error('the proposal is not JSON');
  }
  const result = resultTools[agentClass].schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new Error(`the proposal is invalid: ${issue.path.join('.')}: ${issue.message}`);
  }
  return { class: agentClass, value: result.data } as Proposal;
}

import * as z from 'zod';
import type { Agent } from './agent.ts';
import { finding } from './finding.ts';

/** A larger proposal isn't read: no model writes that much in one answer. */
const maxProposalBytes = 2 * 1024 * 1024;
const maxFindings = 200;
/** Lists, maps and what is in them; each costs memory however short its text is. */
const maxJsonParts = 1_000_000;

/**
 * The value of a JSON text that comes from a room, which may be written to fill memory when it is parsed.
 * @throws Error with one line when it is not JSON, or has more parts than any honest text
 */
export function parseHostileJson(text: string): unknown {
  let parts = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
    } else if (code === 0x2c || code === 0x5b || code === 0x7b) {
      parts += 1;
      if (parts > maxJsonParts) throw new Error('it has more parts than can be read');
    }
  }
  try {
    return JSON.parse(text);
  } catch {
    // The message of the engine quotes the text.
    throw new Error('it is not JSON');
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at;
    if (code === 0x5c) at += 1;
  }
  return text.length;
}

/** What a generator says of the change that it has made in its work tree. */
const patchProposal = z.object({
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
const findingsProposal = z.object({
  findings: z.array(finding).max(maxFindings),
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
  if (content.length > maxProposalBytes)
    throw new Error(`the proposal is larger than ${maxProposalBytes / 1024 / 1024} MiB`);
  let value: unknown;
  try {
    value = parseHostileJson(content.toString('utf8'));
  } catch (error) {
    throw new Error(`the proposal can't be read: ${(error as Error).message}`);
  }
  // One by one: zod goes on after the first fault, and each fault of a million elements would be in memory.
  const findings = agentClass === 'reviewer' ? (value as { findings?: unknown } | null)?.findings : [];
  if (Array.isArray(findings)) {
    if (findings.length > maxFindings)
      throw new Error(`the proposal is invalid: findings: there are more than ${maxFindings}`);
    for (const [index, each] of findings.entries()) must(finding.safeParse(each), ['findings', index]);
  }
  const schema: z.ZodType = resultTools[agentClass].schema;
  const data = must(schema.safeParse(value), []);
  return { class: agentClass, value: data } as Proposal;
}

function must<T>(result: z.ZodSafeParseResult<T>, place: readonly PropertyKey[]): T {
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const path = [...place, ...issue.path].join('.');
  throw new Error(`the proposal is invalid: ${path}: ${issue.message}`);
}

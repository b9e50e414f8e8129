import * as z from 'zod';
import { toolNames } from './tool.ts';

/** What a session's process is told on its standard input, once. */
export const job = z.object({
  model: z.string(),
  prompt: z.string(),
  tools: z.array(z.enum(toolNames)),
  work: z.string(),
  outbox: z.string(),
  /** The unix socket of the session's gateway, and the token that opens it. */
  gateway: z.string(),
  token: z.string(),
  turns: z.int().positive(),
});

export type Job = z.infer<typeof job>;

/** The one file that a session leaves in its outbox: its proposal, as JSON. */
export const proposalFile = 'proposal.json';

/** Where a session finds its instructions, below its home: the place that Claude Code reads too. */
export const instructionsFile = '.claude/CLAUDE.md';

/** How the session's process says by its exit code why there is no proposal. */
export const exits = { done: 0, crashed: 1, noProposal: 3, refused: 4, maxTokens: 5, apiError: 6 } as const;

import * as z from 'zod';
import { sha } from '../../core/document.ts';

const login = z.string().min(1);
const number = z.int().positive();

/** What is read of each event's payload; all else in it is left alone. */
export const events = {
  pull_request: z.object({
    action: z.string(),
    pull_request: z.object({
      number,
      head: z.object({ sha }),
      base: z.object({ sha }),
    }),
  }),
  issue_comment: z.object({
    action: z.string(),
    issue: z.object({ number, pull_request: z.object({}).nullish() }),
    comment: z.object({
      body: z.string(),
      user: z.object({ login, type: z.string() }).nullable(),
      created_at: z.iso.datetime({ offset: true }),
    }),
  }),
  workflow_run: z.object({
    workflow_run: z.object({
      head_sha: sha,
      head_branch: z.string().nullable(),
      head_repository: z.object({ owner: z.object({ login }) }).nullish(),
      pull_requests: z
        .array(z.object({ number, base: z.object({ repo: z.object({ url: z.string() }) }) }))
        .nullish(),
    }),
  }),
  workflow_dispatch: z.object({ ref: z.string().min(1) }),
} as const;

export const supportedEvents = [
  'pull_request',
  'pull_request_target',
  'issue_comment',
  'workflow_run',
  'workflow_dispatch',
] as const;

/** The agent that a comment calls for: `/countersign fix`, at its very start. */
export function commandOf(comment: string): string | undefined {
  return /^\/countersign[ \t]+([a-z][a-z0-9-]{0,49})(?=\s|$)/.exec(comment)?.[1];
}

/** The branch that a full or short ref names; undefined for a tag. */
export function branchOf(ref: string): string | undefined {
  if (ref.startsWith('refs/heads/')) return ref.slice('refs/heads/'.length);
  return ref.startsWith('refs/') ? undefined : ref;
}

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Provider } from '../core/access.ts';
import type { Agent } from '../core/agent.ts';
import type { Remaining } from '../core/budget.ts';
import type { Draft, Tokens } from '../core/document.ts';
import type { Git } from '../core/git.ts';
import { exits, type Job, proposalFile } from '../core/job.ts';
import { Fault } from '../core/outcome.ts';
import { type Proposal, readProposal } from '../core/proposal.ts';
import type { OpenRoom, Room } from '../core/room.ts';
import { cancelled, endOf, type SessionEnd } from '../core/session-end.ts';
import { truncate } from '../core/text.ts';
import type { SendToModel } from '../gateway/providers/client.ts';
import type { Traffic } from '../gateway/recorder.ts';
import { openGateway } from '../gateway/server.ts';
import { collectPatch } from '../git/patch.ts';

export interface SessionOptions {
  agent: Agent;
  /** The commit whose tree the session works on or reads. */
  commit: string;
  instructions: string;
  prompt: string;
  model: string;
  provider: Provider;
  costUsd: (tokens: Tokens) => number;
  limits: Remaining;
  /** dist/generator.js or dist/reviewer.js, as a room sees it. */
  argv: readonly [string, ...string[]];
  /** A directory for the socket; its path must be short, a unix socket's may have 107 bytes. */
  sockets: string;
  openRoom: OpenRoom;
  git: Git;
  send: SendToModel;
  secrets: Iterable<string>;
  now: () => Date;
  say: (progress: string) => void;
  signal: AbortSignal;
}

/** What a session came to: what it used, and its proposal if it made one. */
export interface Session {
  usage: Draft<'usage'>;
  proposal: Draft | undefined;
  /** Why there is none, in a sentence. */
  reason: string;
}

/** Runs one session in a room of its own, from an empty conversation to a proposal or to a reason why not. */
export async function runSession(options: SessionOptions): Promise<Session> {
  const { agent, limits, now, signal } = options;
  const isGenerator = agent.class === 'generator';
  const token = randomBytes(24).toString('hex');
  // Not a part of the token: sockets' names can be listed in /proc/net/unix.
  const socket = join(options.sockets, `${randomBytes(4).toString('hex')}.sock`);
  const gateway = await openGateway({ ...options, socket, token, runsPrograms: isGenerator });
  const started = now();
  try {
    const room = await options.openRoom({
      commit: options.commit,
      writable: isGenerator,
      history: isGenerator,
      session: { gateway: socket, instructions: options.instructions },
    });
    try {
      const job: Job = {
        model: options.model,
        prompt: options.prompt,
        tools: agent.tools,
        work: room.inside.work,
        outbox: room.inside.outbox,
        gateway: room.inside.gateway,
        token,
        turns: limits.turns,
      };
      const result = await room
        .run({
          argv: options.argv,
          input: JSON.stringify(job),
          timeoutSeconds: limits.seconds,
        })
        .catch((error: unknown) => {
          // What a cancelled session has used is told all the same.
          if (signal.aborted) return undefined;
          throw error;
        });
      // A command of the model's may write there too; only the tool's call ends a session so.
      const left = result?.exitCode === exits.done ? await room.take(proposalFile) : undefined;
      let end = endOf({
        ...gateway.traffic,
        result,
        hasProposal: left !== undefined,
        provider: options.provider,
      });
      const seconds = (now().getTime() - started.getTime()) / 1000;
      let made: Pick<Session, 'proposal' | 'reason'> = { proposal: undefined, reason: end.reason };
      try {
        if (end.ended === 'done' && left) made = await propose(options, room, left);
      } catch (error) {
        // What the session has used is told in any case; only its proposal is lost.
        end = signal.aborted
          ? cancelled
          : {
              ended: 'crashed',
              reason: `What the session handed in can't be taken over: ${(error as Error).message}.`,
            };
        made.reason = end.reason;
      }
      await gateway.close();
      return { usage: usageOf(options, room.id, gateway.traffic, seconds, end), ...made };
    } finally {
      await room.close();
    }
  } finally {
    await gateway.close();
  }
}

async function propose(
  { agent, git, commit }: SessionOptions,
  room: Room,
  content: Buffer,
): Promise<Pick<Session, 'proposal' | 'reason'>> {
  let proposal: Proposal;
  try {
    proposal = readProposal(agent.class, content);
  } catch (error) {
    return {
      proposal: undefined,
      reason: `What the session handed in can't be used: ${(error as Error).message}.`,
    };
  }
  const by = `session:${room.id}`;
  if (proposal.class === 'reviewer') {
    const { findings, summary } = proposal.value;
    return {
      reason: '',
      proposal: { kind: 'findings', by, findings, anchored: false, moved: 0, dropped: 0, body: summary },
    };
  }
  let change: Awaited<ReturnType<typeof collectPatch>>;
  try {
    change = await collectPatch(git, room, commit, 60);
  } catch (error) {
    // What the session has used is told in any case; only its change is lost.
    if (error instanceof Fault) return { proposal: undefined, reason: error.message };
    throw error;
  }
  if (!change)
    return { proposal: undefined, reason: 'The session handed in a patch, but has changed no file.' };
  return { reason: '', proposal: { ...change, by, ...proposal.value } };
}

function usageOf(
  options: SessionOptions,
  session: string,
  traffic: Traffic,
  seconds: number,
  { ended, reason }: SessionEnd,
): Draft<'usage'> {
  const { requests, tokens, costUsd, turns, manifest, hidden } = traffic;
  return {
    kind: 'usage',
    by: `session:${session}`,
    session,
    engine: 'sdk',
    model: options.model,
    provider: options.provider,
    ended,
    ...(reason && { detail: truncate(reason, 2000) }),
    requests,
    tokens,
    costUsd,
    seconds,
    ...(hidden > 0 && { hidden }),
    manifest,
    turns: turns.slice(0, 2000),
  };
}

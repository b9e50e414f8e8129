import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Agent } from '../../src/core/agent.ts';
import type { Git } from '../../src/core/git.ts';
import type { Job } from '../../src/core/job.ts';
import type { Room, RoomRequest } from '../../src/core/room.ts';
import { fetchThrough } from '../../src/engines/sdk/socket-fetch.ts';
import { runSession } from '../../src/run/session.ts';

let sockets: string;

beforeEach(() => {
  sockets = mkdtempSync(join(tmpdir(), 's-'));
});
afterEach(() => rmSync(sockets, { recursive: true }));

/** A session that asks the model once, hands a patch in, and whose change can't be taken over then. */
async function lose(how: (stop: AbortController) => Promise<never>, end = { exitCode: 0, output: '' }) {
  const stop = new AbortController();
  const seen: { socket: string; token: string }[] = [];
  const room = (request: RoomRequest): Room => ({
    id: 'room',
    inside: { work: '/w', home: '/h', outbox: '/o', gateway: '/g' },
    run: async ({ input }) => {
      if (!input) return how(stop);
      const { token } = JSON.parse(input) as Job;
      const socket = request.session!.gateway;
      seen.push({ socket, token });
      await fetchThrough(socket)('http://gateway/v1/messages', {
        method: 'POST',
        headers: { 'x-api-key': token },
        body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, messages: [] }),
      });
      return { timedOut: false, seconds: 1, ...end };
    },
    take: async () => Buffer.from(JSON.stringify({ title: 'Mend it', summary: 'It was broken.' })),
    close: async () => {},
  });
  const usage = { input_tokens: 100, output_tokens: 10 };
  const result = await runSession({
    agent: { class: 'generator', tools: [] } as unknown as Agent,
    commit: 'c',
    instructions: '',
    prompt: 'p',
    model: 'claude-opus-5-5',
    provider: 'anthropic',
    costUsd: () => 0.01,
    limits: { seconds: 60, turns: 10, tokens: 1_000_000, costUsd: 5 },
    argv: ['session'],
    sockets,
    openRoom: async (request) => room(request),
    git: (() => Promise.reject(new Error('no git here'))) as unknown as Git,
    send: async () => Response.json({ stop_reason: 'end_turn', usage, content: [] }),
    secrets: [],
    now: () => new Date('2026-01-01T00:00:00Z'),
    say: () => {},
    signal: stop.signal,
  });
  return { ...result, seen: seen[0]! };
}

test('what a session has used is told though it was cancelled while its change was taken over', async () => {
  const { usage, proposal } = await lose(async (stop) => {
    stop.abort(new Error('The run was cancelled (SIGINT).'));
    throw stop.signal.reason;
  });
  expect(proposal).toBeUndefined();
  expect(usage).toMatchObject({ ended: 'aborted', tokens: { input: 100, output: 10 }, requests: 1 });
});

test('what a session has used is told though its change could not be taken over', async () => {
  const { usage, reason } = await lose(() => Promise.reject(new Error('EIO')));
  expect(usage).toMatchObject({ ended: 'crashed', tokens: { input: 100, output: 10 } });
  expect(reason).toContain('EIO');
});

test.each([1, 3, 4, 5, 6])(
  'what lies in the outbox of a session that ended with %i is no result',
  async (exitCode) => {
    const unused = () => Promise.reject(new Error('its change was taken over'));
    const { proposal, reason } = await lose(unused, { exitCode, output: 'It said why.\n' });
    expect(proposal).toBeUndefined();
    expect(reason).toMatch(/said why|declined|cut off/);
  },
);

test("the name of a gateway's socket gives nothing of its token away", async () => {
  const { seen } = await lose(() => Promise.reject(new Error('EIO')));
  const id = /([^/]+)\.sock$/.exec(seen.socket)![1]!;
  expect(id).toMatch(/^[0-9a-f]{8,}$/);
  expect(seen.token).not.toContain(id);
});

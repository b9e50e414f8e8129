import { noTokens, plus } from '../core/budget.ts';
import { digest } from '../core/digest.ts';
import type { Seen, Tokens, Turn } from '../core/document.ts';
import { truncate } from '../core/text.ts';
import { blocksOf, type RequestBody, textOf } from './body.ts';
import type { Limit } from './meter.ts';
import type { Reply } from './usage-stream.ts';

/** What the gateway has seen of a session, in documents' terms. */
export interface Traffic {
  requests: number;
  tokens: Tokens;
  costUsd: number;
  turns: Turn[];
  manifest: Seen[];
  /** Hidden characters that were written out or removed before the model was shown a text. */
  hidden: number;
  /** The limit that it closed at. */
  closedBy?: Limit;
  /** The last answer of the API that was no reply. */
  failure?: { status: number; detail: string };
}

/** What a document holds of a session at most: see the schema of `usage`. */
const mostSeen = 2000;
const mostTools = 100;

export interface RecorderOptions {
  now: () => Date;
  costUsd: (tokens: Tokens) => number;
  /** Texts that no record may hold, should the API ever echo one; it may grow while credentials are renewed. */
  secrets: Iterable<string>;
}

/** Keeps the record of one session: its traffic, turn by turn. */
export interface Recorder {
  readonly traffic: Traffic;
  /** Notes the digest of all that a request shows for the first time, and what the tools of the last turn gave. */
  request(body: RequestBody): void;
  /**
   * Charges a reply and adds its turn.
   * @param status of the answer; 0 when there was none
   * @param at when the request was sent
   */
  reply(reply: Reply, status: number, at: Date): Turn;
  /** `text` as a record may hold it: bounded, and without any secret. */
  clean(text: string, max: number): string;
}

/** An empty record. */
export function openRecorder({ now, costUsd, secrets }: RecorderOptions): Recorder {
  const traffic: Traffic = { requests: 0, tokens: noTokens, costUsd: 0, turns: [], manifest: [], hidden: 0 };
  const known = new Set<string>();
  let pendingTools: { id: string; turn: number; index: number }[] = [];

  const clean = (text: string, max: number): string => {
    let result = text;
    for (const secret of secrets) if (secret) result = result.replaceAll(secret, '[removed]');
    return truncate(result, max);
  };

  const note = (what: string, value: unknown): void => {
    if (value === undefined) return;
    const bytes = typeof value === 'string' ? value : JSON.stringify(value);
    const sum = digest(bytes);
    if (known.has(sum) || traffic.manifest.length >= mostSeen) return;
    known.add(sum);
    traffic.manifest.push({ what, digest: sum, bytes: Buffer.byteLength(bytes) });
  };

  return {
    traffic,
    clean,
    request: (body) => {
      traffic.requests += 1;
      for (const block of blocksOf(body.system)) note('system', textOf(block));
      note('tools', body.tools);
      for (const message of body.messages ?? []) {
        if (message.role !== 'user') continue;
        for (const block of blocksOf(message.content)) {
          note(block.type === 'tool_result' ? 'tool result' : 'prompt', textOf(block));
          const pending =
            block.type === 'tool_result' && pendingTools.find(({ id }) => id === block.tool_use_id);
          const tool = pending && traffic.turns[pending.turn]?.tools[pending.index];
          if (!tool) continue;
          tool.result = clean(textOf(block), 2000);
          if (block.is_error === true) tool.error = true;
        }
      }
    },
    reply: (reply, status, at) => {
      traffic.tokens = plus(traffic.tokens, reply.tokens);
      traffic.costUsd += costUsd(reply.tokens);
      if (status !== 200 || reply.error)
        traffic.failure = { status, detail: clean(reply.error ?? `HTTP ${status}`, 500) };
      else delete traffic.failure;
      const tools = reply.tools
        .slice(0, mostTools)
        .map(({ name, input }) => ({ name: truncate(name, 128), input: clean(input, 2000) }));
      const turn: Turn = {
        at: at.toISOString(),
        seconds: (now().getTime() - at.getTime()) / 1000,
        status,
        ...(reply.stop && { stop: reply.stop.slice(0, 40) }),
        tokens: reply.tokens,
        ...(reply.text && { text: clean(reply.text, 4000) }),
        tools,
      };
      traffic.turns.push(turn);
      pendingTools = reply.tools.map(({ id }, index) => ({ id, turn: traffic.turns.length - 1, index }));
      return turn;
    },
  };
}

import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { costUsd, noTokens, plus, type Remaining, total } from '../core/budget.ts';
import { digest } from '../core/digest.ts';
import type { Seen, Tokens, Turn } from '../core/document.ts';
import type { SendToModel } from './model-client.ts';
import { refusal } from './request-rules.ts';
import { type Reply, readStream, readWhole } from './usage-stream.ts';

export interface GatewayOptions {
  /** Path of the unix socket to listen on. */
  socket: string;
  /** What the session's requests must carry; it opens this gateway and nothing else. */
  token: string;
  model: string;
  limits: Remaining;
  send: SendToModel;
  now: () => Date;
  /** Texts that no record may hold, should the API ever echo one. */
  secrets: readonly string[];
  say: (progress: string) => void;
}

/** What the gateway has seen of a session, in documents' terms. */
export interface Traffic {
  requests: number;
  tokens: Tokens;
  costUsd: number;
  turns: Turn[];
  manifest: Seen[];
  /** The limit that it closed at. */
  closedBy?: 'max-turns' | 'max-tokens' | 'max-cost-usd';
  /** The last answer of the API that was no reply. */
  failure?: { status: number; detail: string };
}

export interface Gateway {
  traffic: Traffic;
  close(): Promise<void>;
}

/** The Messages API's own limit on a request: https://platform.claude.com/docs/en/api/errors. */
const largestBody = 32 * 1024 * 1024;

interface Body {
  model?: unknown;
  max_tokens?: unknown;
  stream?: unknown;
  system?: unknown;
  tools?: unknown;
  messages?: { role?: unknown; content?: unknown }[];
}

/**
 * The only way out of a room: an HTTP server on a unix socket that knows two paths and one model, adds the
 * credential, counts by the API's own figures, and closes when a limit is reached.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { limits, model, now } = options;
  const traffic: Traffic = { requests: 0, tokens: noTokens, costUsd: 0, turns: [], manifest: [] };
  const recorded = new Set<string>();
  const abort = new AbortController();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?')[0];
    const known =
      request.method === 'POST' && (path === '/v1/messages' || path === '/v1/messages/count_tokens');
    if (!known)
      return refuse(
        response,
        404,
        'not_found_error',
        'Only POST /v1/messages and /v1/messages/count_tokens are here.',
      );
    if (!isSame(credentialOf(request), options.token))
      return refuse(response, 401, 'authentication_error', 'This gateway belongs to another session.');
    const text = await readBody(request);
    if (text === undefined)
      return refuse(response, 413, 'request_too_large', `A request may have ${largestBody} bytes.`);
    const body = parseBody(text);
    if (!body) return refuse(response, 400, 'invalid_request_error', 'The body is not a JSON object.');
    if (body.model !== model)
      return refuse(response, 403, 'permission_error', `Only the model ${model} is allowed here.`);
    const rule = refusal(body as Record<string, unknown>);
    if (rule) return refuse(response, 403, 'permission_error', `This gateway does not pass it on: ${rule}.`);
    const counts = path === '/v1/messages';
    if (counts) {
      const limit = reached(traffic, limits);
      if (limit) {
        traffic.closedBy = limit;
        return refuse(response, 403, 'permission_error', `The session's limit is reached: ${limit}.`);
      }
      body.max_tokens = allowedOutput(body.max_tokens, traffic, limits, model);
      traffic.requests += 1;
      remember(body, traffic, recorded);
    }
    await forward(`${path}${request.url?.includes('?') ? '?beta=true' : ''}`, body, counts, response);
  };

  const forward = async (
    path: string,
    body: Body,
    counts: boolean,
    response: ServerResponse,
  ): Promise<void> => {
    const at = now();
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const upstream = await options.send(path, body, AbortSignal.any([abort.signal, gone.signal]));
    const headers = pick(upstream.headers, ['content-type', 'request-id', 'retry-after']);
    response.writeHead(upstream.status, headers);
    const streamed = headers['content-type']?.startsWith('text/event-stream');
    let reply: Reply;
    if (streamed && upstream.body) {
      const reader = readStream();
      reply = reader.reply;
      try {
        const broke = (error: unknown): void => {
          // A session that goes away takes the request with it, which is no fault of the API's.
          if (gone.signal.aborted || abort.signal.aborted) return;
          reply.error ??= `the reply broke off: ${(error as Error).message}`;
        };
        await pipeline(Readable.fromWeb(upstream.body as never), tap(reader.add, broke), response);
      } finally {
        if (counts) record(reply, upstream.status, at);
      }
    } else {
      const whole = await upstream.text();
      reply = readWhole(whole);
      if (counts) record(reply, upstream.status, at);
      response.end(whole);
    }
  };

  const record = (reply: Reply, status: number, at: Date): void => {
    traffic.tokens = plus(traffic.tokens, reply.tokens);
    traffic.costUsd += costUsd(model, reply.tokens);
    if (status !== 200 || reply.error)
      traffic.failure = { status, detail: clean(reply.error ?? `HTTP ${status}`, 500) };
    else delete traffic.failure;
    const tools = reply.tools
      .slice(0, 100)
      .map(({ name, input }) => ({ name: name.slice(0, 128), input: clean(input, 2000) }));
    traffic.turns.push({
      at: at.toISOString(),
      seconds: (now().getTime() - at.getTime()) / 1000,
      status,
      ...(reply.stop && { stop: reply.stop.slice(0, 40) }),
      tokens: reply.tokens,
      ...(reply.text && { text: clean(reply.text, 4000) }),
      tools,
    });
    pendingTools = reply.tools.map(({ id }, index) => ({ id, turn: traffic.turns.length - 1, index }));
    options.say(
      `turn ${traffic.turns.length}${tools.length > 0 ? `: ${tools.map(({ name }) => name).join(', ')}` : ''}`,
    );
  };

  let pendingTools: { id: string; turn: number; index: number }[] = [];

  /** Fills in what the tools of the last turn gave, and notes the digest of everything shown for the first time. */
  const remember = (body: Body, to: Traffic, known: Set<string>): void => {
    const note = (what: string, value: unknown): void => {
      if (value === undefined) return;
      const bytes = typeof value === 'string' ? value : JSON.stringify(value);
      const sum = digest(bytes);
      if (known.has(sum) || to.manifest.length >= 2000) return;
      known.add(sum);
      to.manifest.push({ what, digest: sum, bytes: Buffer.byteLength(bytes) });
    };
    for (const block of blocksOf(body.system)) note('system', textOf(block));
    note('tools', body.tools);
    for (const message of body.messages ?? []) {
      if (message.role !== 'user') continue;
      for (const block of blocksOf(message.content)) {
        note(block.type === 'tool_result' ? 'tool result' : 'prompt', textOf(block));
        const pending =
          block.type === 'tool_result' && pendingTools.find(({ id }) => id === block.tool_use_id);
        const tool = pending && to.turns[pending.turn]?.tools[pending.index];
        if (!tool) continue;
        tool.result = clean(textOf(block), 2000);
        if (block.is_error === true) tool.error = true;
      }
    }
  };

  const clean = (text: string, max: number): string => {
    let result = text;
    for (const secret of options.secrets) if (secret) result = result.replaceAll(secret, '[removed]');
    // A lone surrogate has no place in a UTF-8 document.
    return result.slice(0, max).toWellFormed();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (abort.signal.aborted || response.destroyed) return response.destroy();
      const detail = clean(String((error as Error).message ?? error), 500);
      traffic.failure = { status: 0, detail };
      if (response.headersSent) response.destroy();
      else refuse(response, 502, 'api_error', `The model can't be reached: ${detail}`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socket, resolve);
  });
  return {
    traffic,
    close: () => {
      abort.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

interface Block {
  type?: unknown;
  text?: unknown;
  content?: unknown;
  tool_use_id?: unknown;
  is_error?: unknown;
}

function blocksOf(content: unknown): Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? (content as Block[]) : [];
}

function textOf(block: Block): string {
  if (typeof block.text === 'string') return block.text;
  if (typeof block.content === 'string') return block.content;
  return Array.isArray(block.content)
    ? block.content.map((inner: Block) => (typeof inner.text === 'string' ? inner.text : '')).join('')
    : '';
}

function reached(traffic: Traffic, limits: Remaining): Traffic['closedBy'] {
  if (traffic.requests >= limits.turns) return 'max-turns';
  if (total(traffic.tokens) >= limits.tokens) return 'max-tokens';
  if (traffic.costUsd >= limits.costUsd) return 'max-cost-usd';
  return undefined;
}

/** What a reply may have at most, so that it can't overrun what is left in tokens or money. */
function allowedOutput(asked: unknown, traffic: Traffic, limits: Remaining, model: string): number {
  const perToken = costUsd(model, { ...noTokens, output: 1 });
  const byMoney = Math.floor((limits.costUsd - traffic.costUsd) / perToken);
  const byTokens = limits.tokens - total(traffic.tokens);
  return Math.max(1, Math.min(Number(asked) || 1, byMoney, byTokens));
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  // x-should-retry keeps the SDK inside from asking again for what will not change.
  response.writeHead(status, { 'content-type': 'application/json', 'x-should-retry': 'false' });
  response.end(JSON.stringify({ type: 'error', error: { type, message } }));
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : undefined;
  } catch {
    return undefined;
  }
}

/** The SDK sends an API key as a bearer token, other clients in a header of its own. */
function credentialOf({ headers }: IncomingMessage): unknown {
  return headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
}

function isSame(given: unknown, token: string): boolean {
  return (
    typeof given === 'string' &&
    given.length === token.length &&
    timingSafeEqual(Buffer.from(given), Buffer.from(token))
  );
}

function pick(headers: Headers, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (headers.get(name) === null ? [] : [[name, headers.get(name)!]])),
  );
}

function tap(see: (chunk: Uint8Array) => void, broke: (error: unknown) => void) {
  return async function* (source: AsyncIterable<Uint8Array>) {
    try {
      for await (const chunk of source) {
        see(chunk);
        yield chunk;
      }
    } catch (error) {
      broke(error);
      throw error;
    }
  };
}

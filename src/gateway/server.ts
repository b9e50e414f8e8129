import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Remaining } from '../core/budget.ts';
import { largestBody, parseBody, type RequestBody, readBody } from './body.ts';
import { type Limit, type Reservation, reserve, settle } from './meter.ts';
import { isConnectError } from './providers/billing-safe-retry.ts';
import type { SendToModel } from './providers/client.ts';
import { openRecorder, type RecorderOptions, type Traffic } from './recorder.ts';
import { refusal } from './request-rules.ts';
import { sanitizeRequest } from './sanitize-request.ts';
import { readStream, readWhole } from './usage-stream.ts';

export interface GatewayOptions extends RecorderOptions {
  /** Path of the unix socket to listen on. */
  socket: string;
  /** What the session's requests must carry; it opens this gateway and nothing else. */
  token: string;
  model: string;
  /** Whether the session runs programs; of what they print, terminal sequences are not shown to the model. */
  runsPrograms: boolean;
  limits: Remaining;
  send: SendToModel;
  say: (progress: string) => void;
}

export interface Gateway {
  traffic: Traffic;
  close(): Promise<void>;
}

/** A session has one under way, and asks again when that is lost. */
const mostWaiting = 16;

/**
 * The only way out of a room: an HTTP server on a unix socket that knows two paths and one model, adds the
 * credential, counts by the API's own figures, and closes when a limit is reached.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { limits, model, now, costUsd } = options;
  const recorder = openRecorder(options);
  const { traffic } = recorder;
  const revealed = new Set<string>();
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
    // Requests come side by side on one connection too, and each that waits is held in memory.
    if (waiting >= mostWaiting) return void request.socket.destroy();
    waiting += 1;
    try {
      // One at a time: limits that are looked at side by side would all still be open.
      await inTurn(() => serve(path === '/v1/messages', request, response));
    } finally {
      waiting -= 1;
    }
  };

  const serve = async (
    counts: boolean,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    if (response.destroyed) return;
    if (traffic.closedBy) return atLimit(response, traffic.closedBy);
    const text = await readBody(request);
    if (text === undefined)
      return refuse(response, 413, 'request_too_large', `A request may have ${largestBody} bytes.`);
    const body = parseBody(text);
    if (!body) return refuse(response, 400, 'invalid_request_error', 'The body is not a JSON object.');
    if (body.model !== model)
      return refuse(response, 403, 'permission_error', `Only the model ${model} is allowed here.`);
    const rule = refusal(body as Record<string, unknown>);
    if (rule) return refuse(response, 403, 'permission_error', `This gateway does not pass it on: ${rule}.`);
    traffic.hidden += sanitizeRequest(body, revealed, options.runsPrograms);
    const reserved = counts
      ? reserve(Buffer.byteLength(JSON.stringify(body)), body.max_tokens, traffic, limits, costUsd)
      : counted++ < limits.turns || 'max-turns';
    if (typeof reserved === 'string') {
      traffic.closedBy = reserved;
      return atLimit(response, reserved);
    }
    const path = `/v1/messages${counts ? '' : '/count_tokens'}${request.url?.includes('?') ? '?beta=true' : ''}`;
    if (reserved === true)
      return pass(await unlessClosed(options.send(path, body, abort.signal)), response, () => {});
    body.max_tokens = reserved.output;
    recorder.request(body);
    await forward(path, body, reserved, response);
  };

  const forward = async (
    path: string,
    body: RequestBody,
    reserved: Reservation,
    response: ServerResponse,
  ): Promise<void> => {
    const at = now();
    const reader = readStream();
    let whole = '';
    let status = 0;
    let broken: string | undefined;
    let lost: unknown;
    try {
      const upstream = await unlessClosed(options.send(path, body, abort.signal));
      status = upstream.status;
      const streamed = upstream.headers.get('content-type')?.startsWith('text/event-stream');
      const decoder = new TextDecoder();
      await pass(upstream, response, (chunk) => {
        if (streamed) reader.add(chunk);
        else whole += decoder.decode(chunk, { stream: true });
      });
    } catch (error) {
      if (status === 0 && isConnectError(error)) throw error;
      lost = error;
      if (!abort.signal.aborted) broken = `the reply broke off: ${(error as Error).message}`;
    }
    const reply = whole ? readWhole(whole) : reader.reply;
    if (broken) reply.error ??= broken;
    const turn = recorder.reply({ ...reply, tokens: settle(reply, status || 200, reserved) }, status, at);
    const tools = turn.tools.map(({ name }) => name).join(', ');
    options.say(`turn ${traffic.turns.length}${tools && `: ${tools}`}`);
    if (!lost) return;
    // No answer of ours in its place: the session may ask again, which is counted and paid for anew.
    response.destroy();
    throw lost;
  };

  /** Hands an answer on while it comes, and reads it to its end also when nobody listens any more. */
  const pass = async (
    upstream: Response,
    response: ServerResponse,
    see: (chunk: Uint8Array) => void,
  ): Promise<void> => {
    response.writeHead(
      upstream.status,
      pick(upstream.headers, ['content-type', 'request-id', 'retry-after']),
    );
    for await (const chunk of (upstream.body ?? []) as AsyncIterable<Uint8Array>) {
      see(chunk);
      if (!response.destroyed && !response.write(chunk)) await writable(response);
    }
    response.end();
  };

  /** What has been asked for, or a failure as soon as the gateway closes, whatever the sender does then. */
  const unlessClosed = async <T>(asked: Promise<T>): Promise<T> => {
    const closed = Promise.withResolvers<never>();
    const close = (): void => closed.reject(abort.signal.reason);
    if (abort.signal.aborted) close();
    abort.signal.addEventListener('abort', close);
    try {
      return await Promise.race([asked, closed.promise]);
    } finally {
      abort.signal.removeEventListener('abort', close);
    }
  };

  let counted = 0;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    const mine = last.then(act);
    last = mine.catch(() => {});
    return mine;
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (abort.signal.aborted || response.destroyed) return response.destroy();
      if (response.headersSent) return response.destroy();
      const detail = recorder.clean(String((error as Error).message ?? error), 500);
      traffic.failure = { status: 0, detail };
      refuse(response, 502, 'api_error', `The model can't be reached: ${detail}`);
    });
  });
  // A session needs one; the others would only hold bodies in memory.
  server.maxConnections = 8;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socket, resolve);
  });
  // Node loads its fetch on first use: now, while the room is being made, nobody waits for that.
  setImmediate(() => new Headers());
  return {
    traffic,
    close: async () => {
      abort.abort();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      // What was under way is charged before anyone reads the figures.
      await last;
    },
  };
}

function atLimit(response: ServerResponse, limit: Limit): void {
  refuse(response, 403, 'permission_error', `The session's limit is reached: ${limit}.`);
}

/** Resolves when more can be written, or nothing ever again. */
function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  // x-should-retry keeps the SDK inside from asking again for what will not change.
  response.writeHead(status, { 'content-type': 'application/json', 'x-should-retry': 'false' });
  response.end(JSON.stringify({ type: 'error', error: { type, message } }));
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

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, send } from './answer.ts';
import { startCache, tokensOf } from './cache.ts';
import { problemsOf } from './checks.ts';
import { compose, scriptProblems, startIds, stopReasonOf } from './compose.ts';
import { startDialogue } from './dialogue.ts';
import { exchange, OAUTH_BETA } from './oauth.ts';
import { holds } from './read.ts';
import type {
  Body,
  Conversation,
  Exchange,
  Fault,
  ModelOptions,
  ModelRequest,
  Reply,
  Session,
  Turn,
} from './types.ts';

export { fromFile } from './file.ts';
export { firstUserText, holds, lastText, systemText, toolNames, toolResults } from './read.ts';
export type * from './types.ts';

const ERROR_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};

/** The running stand-in. */
export type Model = {
  /** `http://127.0.0.1:PORT`, for `anthropic-base-url`. */
  url: string;
  apiKey: string;
  /** Every request to the Messages API, also those that were refused; token exchanges are in `exchanges`. */
  requests: ModelRequest[];
  /** Every use of a script, in the order of their first requests. */
  sessions: Session[];
  exchanges: Exchange[];
  /** What the client did wrong; a test asserts that it is empty. A refused credential is none. */
  violations: string[];
  /** Whether a text stood in any request: header, path, key or string, as it was before JSON escaped it. */
  seen: (text: string) => boolean;
  /** The sessions whose first request fits. */
  conversationsOf: (fits: (first: ModelRequest) => boolean) => Session[];
  /** Scripts that were not used up; a test asserts that it is empty. */
  unused: () => string[];
  /** Adds scripts while running. */
  add: (...conversations: Conversation[]) => void;
  /** Resolves with the first request, past or future, that fits; called once its answer is known. */
  arrived: (fits: (request: ModelRequest) => boolean) => Promise<ModelRequest>;
  close: () => Promise<void>;
};

type Reading = { text: string; tooLarge: boolean };

/**
 * Starts a stand-in for Anthropic's Messages API on a free port of 127.0.0.1.
 *
 * Serves `POST /v1/messages` (whole and streamed), `/v1/messages/count_tokens` and `/v1/oauth/token`. It answers
 * from scripts, refuses what the real API refuses in its words, and holds the client to an append-only history.
 */
export async function startModel(options: ModelOptions = {}): Promise<Model> {
  const apiKey = options.apiKey ?? 'sk-ant-stand-in';
  const dialogue = startDialogue(options.conversations ?? []);
  const cache = startCache();
  const ids = startIds();
  const tokens = new Set<string>();
  const requests: ModelRequest[] = [];
  const exchanges: Exchange[] = [];
  const violations: string[] = [];
  const waiting = new Set<(closed?: boolean) => void>();

  const refuse = (
    response: ServerResponse,
    status: number,
    message: string,
    type = ERROR_TYPES[status] ?? 'api_error',
  ): void => {
    const error = { type: 'error', error: { type, message }, request_id: response.getHeader('request-id') };
    reply(response, status, error);
  };

  const violate = (
    request: ModelRequest,
    response: ServerResponse,
    problems: string[],
    status = 400,
  ): void => {
    request.status = status;
    const where = request.name ? ` (${request.name}, turn ${request.turn})` : '';
    for (const problem of problems) violations.push(`request ${request.index}${where}: ${problem}`);
    refuse(response, status, problems.join('; '));
  };

  const answer = async (request: ModelRequest, response: ServerResponse): Promise<void> => {
    const { body } = request;
    const picked = dialogue.pick(request);
    if ('problems' in picked) return violate(request, response, picked.problems);
    const entry = await resolve(picked.reply, request);
    if (entry instanceof Error)
      return violate(request, response, [`stand-in: the script threw: ${entry.message}`]);
    if ('status' in entry) {
      picked.remember(undefined);
      request.status = entry.status;
      for (const [name, value] of Object.entries(entry.headers ?? {})) response.setHeader(name, value);
      return refuse(
        response,
        entry.status,
        entry.error?.message ?? `Scripted ${entry.status}`,
        entry.error?.type,
      );
    }
    const problems = scriptProblems(entry, body);
    if (problems.length > 0) return violate(request, response, problems);
    const content = compose(entry, ids);
    const stopReason = stopReasonOf(entry);
    const usage = { ...cache.count(body, content), ...entry.usage };
    picked.remember(isWhole(entry) ? content : undefined, stopReason);
    Object.assign(request, { status: 200, reply: content, stop_reason: stopReason, usage });
    const out: Answer = { id: ids('msg'), model: body.model, content, stopReason, usage, turn: entry };
    send(response, out, body.stream === true);
  };

  const messages = async (
    request: ModelRequest,
    response: ServerResponse,
    counting: boolean,
  ): Promise<void> => {
    const problems = problemsOf(request.body, counting);
    if (!counting && options.stream === true && request.body?.stream !== true)
      problems.push('stream: must be true');
    if (!counting && options.stream === false && request.body?.stream)
      problems.push('stream: must not be true');
    if (problems.length > 0) return violate(request, response, problems);
    if (!counting) return answer(request, response);
    request.status = 200;
    const { tools, system, messages: said } = request.body;
    reply(response, 200, { input_tokens: tokensOf([tools ?? [], system ?? '', said]) });
  };

  const token = (request: ModelRequest, response: ServerResponse): void => {
    const body = request.body as unknown as Record<string, unknown>;
    const { answer: out, ...record } = exchange(
      options.federation ?? {},
      request.headers,
      body,
      ids('sk-ant-oat01'),
    );
    if (record.token) tokens.add(record.token);
    exchanges.push(record);
    reply(response, record.status, out);
  };

  const credentialProblem = ({ headers }: ModelRequest): string | undefined => {
    const key = headers['x-api-key'];
    if (key !== undefined) return key === apiKey ? undefined : 'invalid x-api-key';
    const bearer = headers.authorization?.match(/^Bearer (.+)$/)?.[1];
    if (!bearer) return 'x-api-key header is required';
    // The SDK sends a plain key this way too.
    if (bearer === apiKey) return undefined;
    if (!tokens.has(bearer)) return 'Invalid bearer token';
    const betas = String(headers['anthropic-beta'] ?? '').split(/\s*,\s*/);
    return betas.includes(OAUTH_BETA) ? undefined : 'OAuth authentication is currently not supported.';
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('request-id', ids('req'));
    const path = (incoming.url ?? '').replace(/\?.*$/, '');
    const { text, tooLarge } = await read(incoming, options.maxBodyBytes ?? 32 * 1024 * 1024);
    const body = parse(text);
    const request: ModelRequest = {
      index: requests.length,
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      raw: text,
      body: (body ?? {}) as Body,
    };
    if (path === '/v1/oauth/token' && incoming.method === 'POST') return token(request, response);
    requests.push(request);
    const problem = credentialProblem(request);
    if (problem) {
      request.status = 401;
      return refuse(response, 401, problem);
    }
    if (tooLarge) return violate(request, response, ['Request exceeds the maximum size'], 413);
    if (incoming.method !== 'POST' || !['/v1/messages', '/v1/messages/count_tokens'].includes(path)) {
      return violate(request, response, [`stand-in: ${incoming.method} ${request.path} is not served`], 404);
    }
    if (incoming.headers['anthropic-version'] === undefined) {
      return violate(request, response, ['anthropic-version: header is required']);
    }
    if (body === undefined) return violate(request, response, ['The request body is not valid JSON']);
    await messages(request, response, path.endsWith('count_tokens'));
  };

  // The client closes what idles: a server that did could close what a request is just coming by.
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, response) => {
    handle(incoming, response)
      .catch((error: Error) => {
        // A client that goes away in the middle of its own request is none of a test's business.
        if (incoming.destroyed && !incoming.complete) return;
        violations.push(`stand-in failed: ${error.stack ?? error.message}`);
        response.destroy();
      })
      .finally(() => {
        for (const check of waiting) check();
      });
  });
  const url = await listen(server);

  return {
    url,
    apiKey,
    requests,
    sessions: dialogue.sessions,
    exchanges,
    violations,
    seen: (text) =>
      requests.some(
        ({ raw, body, headers, path }) => raw.includes(text) || holds([body, headers, path], text),
      ),
    conversationsOf: (fits) => dialogue.sessions.filter(({ requests: own }) => own[0] && fits(own[0])),
    unused: dialogue.unused,
    add: dialogue.add,
    arrived: (fits) =>
      new Promise((done, fail) => {
        const check = (closed = false): void => {
          const found = requests.find((request) => request.status !== undefined && fits(request));
          if (!found && !closed) return;
          waiting.delete(check);
          if (found) done(found);
          else fail(new Error('the stand-in was closed before such a request arrived'));
        };
        waiting.add(check);
        check();
      }),
    close: async () => {
      await close(server);
      for (const check of waiting) check(true);
    },
  };
}

async function resolve(entry: Reply, request: ModelRequest): Promise<Turn | Fault | Error> {
  if (typeof entry !== 'function') return entry;
  try {
    return await entry(request);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const isWhole = (turn: Turn): boolean =>
  !turn.hang && !turn.malformed && !turn.lost && turn.cutAfter === undefined && turn.errorAfter === undefined;

function reply(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}

async function read(incoming: IncomingMessage, limit: number): Promise<Reading> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of incoming) {
    size += (piece as Buffer).length;
    // What is too large is still read to its end, so that the client is there to hear the answer.
    if (size <= limit) pieces.push(piece as Buffer);
  }
  return { text: Buffer.concat(pieces).toString('utf8'), tooLarge: size > limit };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function listen(server: Server): Promise<string> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => done(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}

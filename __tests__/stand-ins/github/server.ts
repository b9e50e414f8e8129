import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './answers.ts';
import { isArtifactPath } from './artifacts.ts';
import type { Fault, watches } from './faults.ts';
import { answerGraphql } from './graphql.ts';
import { answerRest } from './rest.ts';
import { answerGit, gitRequest } from './smart-http.ts';
import type { RecordedRequest, World } from './types.ts';

export type Hook = (request: RecordedRequest) => unknown;
type Watches<T> = ReturnType<typeof watches<T>>;
type ArtifactAnswer = (record: RecordedRequest, bytes: Buffer) => Answer;
type OidcAnswer = (record: RecordedRequest) => Answer;

const api = '/api/v3';

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function recordOf(request: IncomingMessage, url: URL): RecordedRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: request.method ?? 'GET',
    path: url.pathname.startsWith(`${api}/`) ? url.pathname.slice(api.length) : url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(headers),
    body: undefined,
    login: undefined,
    operation: undefined,
    status: 0,
    checked: false,
  };
}

function send(response: ServerResponse, answer: Answer, headers: Record<string, string>): void {
  const { body } = answer;
  const raw = Buffer.isBuffer(body) || typeof body === 'string';
  const bytes = body === undefined ? undefined : raw ? body : JSON.stringify(body);
  const type = { 'content-type': raw ? 'application/octet-stream' : 'application/json; charset=utf-8' };
  const length = bytes === undefined ? {} : { 'content-length': String(Buffer.byteLength(bytes)) };
  response.writeHead(answer.status, {
    ...headers,
    ...(bytes === undefined ? {} : type),
    ...answer.headers,
    ...(answer.status === 204 ? {} : length),
  });
  response.end(bytes);
}

// Where an answer goes that is to be lost.
function nowhere(): ServerResponse {
  const nothing = () => undefined;
  return { writeHead: nothing, write: nothing, end: nothing, on: nothing } as unknown as ServerResponse;
}

/** Listens on a free port of 127.0.0.1, records every request, and hands it to whom it is for. */
export async function listen(
  world: World,
  requests: RecordedRequest[],
  failing: Watches<{ fault: Fault; carriedOut: boolean }>,
  hooks: Watches<Hook>,
) {
  let artifacts: ArtifactAnswer = () => ({ status: 503 });
  let oidc: OidcAnswer = () => ({ status: 503 });
  let count = 0;

  // What every API answer carries.
  const limits = () => ({
    'x-github-request-id': `C0DE:${(0x1000 + count).toString(16).toUpperCase()}`,
    'x-github-api-version-selected': '2022-11-28',
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': String(Math.max(0, 5000 - count)),
    'x-ratelimit-used': String(count),
    'x-ratelimit-reset': String(Math.floor(world.now().getTime() / 1000) + 3600),
    'x-ratelimit-resource': 'core',
  });

  function answer(record: RecordedRequest, url: URL, bytes: Buffer): Promise<Answer> | Answer {
    if (url.pathname.startsWith(`${api}/`)) return answerRest(world, record, record.path, url, bytes);
    if (url.pathname === '/api/graphql' && record.method === 'POST')
      return answerGraphql(world, record, bytes);
    if (url.pathname === '/oidc') {
      record.operation = 'oidc';
      return oidc(record);
    }
    if (isArtifactPath(url.pathname)) {
      record.body = bytes;
      return artifacts(record, bytes);
    }
    world.violations.push(`${record.method} ${url.pathname} is nothing this stand-in serves`);
    return { status: 404, body: { message: 'Not Found' } };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    count += 1;
    const url = new URL(request.url ?? '/', world.serverUrl);
    const record = recordOf(request, url);
    requests.push(record);
    for (const hook of hooks.take(record)) await hook(record);
    const [failure] = failing.take(record);
    const asked = gitRequest(url);
    if (asked && (!failure || failure.carriedOut)) {
      record.operation = 'git';
      await answerGit(world, record, asked, url, request, failure ? nowhere() : response);
      if (!failure) {
        response.end();
        return;
      }
    }
    const bytes = await read(request);
    if (failure && !failure.carriedOut) record.body = bytes.length > 0 ? bytes.toString() : undefined;
    const given: Answer =
      failure && (asked || !failure.carriedOut) ? { status: 0 } : await answer(record, url, bytes);
    if (failure?.fault === 'reset') {
      record.status = 0;
      request.socket.resetAndDestroy();
      return;
    }
    const told = failure ? failure.fault : given;
    record.status = told.status;
    send(response, told, limits());
  }

  // The client closes what idles: a server that did could close what a request is just coming by.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      world.violations.push(`${request.method} ${request.url} broke the stand-in: ${(error as Error).stack}`);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    serve(forArtifacts: ArtifactAnswer, forOidc: OidcAnswer): void {
      artifacts = forArtifacts;
      oidc = forOidc;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

/** A request as it came over the wire. */
export type WireRequest = {
  method: string;
  /** As sent, with its escapes. */
  path: string;
  headers: IncomingMessage['headers'];
  raw: string;
};

/** What a provider makes of a request: one for the Messages API, or an answer of its own. */
export type Understood =
  | {
      path: string;
      body: Record<string, unknown>;
      /** Turns the answer of the Messages API into the provider's. */
      stream?: (events: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
      streamType?: string;
    }
  | { status: number; answer: unknown; headers?: Record<string, string> };

export type Front = {
  url: string;
  requests: WireRequest[];
  /** What the client did wrong; a test asserts that it is empty. */
  violations: string[];
  close: () => Promise<void>;
};

/**
 * Starts a stand-in for a provider on a free port of 127.0.0.1. It speaks the provider's own wire and leaves
 * what is said to a stand-in of the Messages API, which checks and scripts it.
 */
export async function startFront(
  model: () => { url: string; apiKey: string },
  understand: (request: WireRequest, violate: (problem: string) => void) => Understood | Promise<Understood>,
  errorOf: (error: { type: string; message: string }) => unknown = (error) => ({ type: 'error', error }),
): Promise<Front> {
  const requests: WireRequest[] = [];
  const violations: string[] = [];

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const raw = await text(incoming);
    const request = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      raw,
    };
    requests.push(request);
    const understood = await understand(request, (problem) => {
      violations.push(`${request.method} ${request.path}: ${problem}`);
    });
    if ('status' in understood) {
      response.writeHead(understood.status, { 'content-type': 'application/json', ...understood.headers });
      response.end(JSON.stringify(understood.answer));
      return;
    }
    const { url, apiKey } = model();
    const upstream = await fetch(url + understood.path, {
      method: 'POST',
      headers: {
        'x-api-key': apiKey,
        'anthropic-version': '2023-06-01',
        'content-type': 'application/json',
      },
      body: JSON.stringify(understood.body),
    });
    const type = upstream.headers.get('content-type') ?? 'application/json';
    if (!upstream.ok) {
      const { error } = (await upstream.json()) as { error: { type: string; message: string } };
      response.writeHead(upstream.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(errorOf(error)));
      return;
    }
    const isStream = type.startsWith('text/event-stream');
    response.writeHead(200, { 'content-type': (isStream && understood.streamType) || type });
    const body = upstream.body as AsyncIterable<Uint8Array>;
    Readable.from(isStream && understood.stream ? understood.stream(body) : body)
      .on('error', () => response.destroy())
      .pipe(response);
  };

  // The client closes what idles: a server that did could close what a request is just coming by.
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, response) => {
    answer(incoming, response).catch((error: Error) => {
      if (!incoming.complete) return;
      violations.push(`stand-in failed: ${error.stack ?? error.message}`);
      response.destroy();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    violations,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** The object that a body is, without the fields that must not be in it. */
export function bodyOf(
  { raw }: WireRequest,
  forbidden: readonly string[],
  violate: (problem: string) => void,
): Record<string, unknown> {
  const body = JSON.parse(raw) as Record<string, unknown>;
  for (const name of forbidden) if (name in body) violate(`${name}: Extra inputs are not permitted`);
  return body;
}

async function text(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

import { request } from 'node:http';
import { Readable } from 'node:stream';

/**
 * A `fetch` whose every request goes to the HTTP server on a unix socket, whatever host its URL names.
 * Node's own fetch can't do that without another copy of undici in the bundle.
 */
export function fetchThrough(socketPath: string): typeof fetch {
  return async (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init?.headers));
    return new Promise<Response>((resolve, reject) => {
      const outgoing = request(
        {
          socketPath,
          path: pathname + search,
          method: init?.method ?? 'GET',
          headers,
          ...(init?.signal && { signal: init.signal }),
        },
        (incoming) => {
          const answer = new Headers();
          for (const [name, value] of Object.entries(incoming.headers)) answer.set(name, String(value));
          const body = Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
          resolve(new Response(body, { status: incoming.statusCode ?? 502, headers: answer }));
        },
      );
      outgoing.on('error', reject);
      outgoing.end(typeof init?.body === 'string' ? init.body : undefined);
    });
  };
}

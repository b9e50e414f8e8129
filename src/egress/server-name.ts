import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** OpenSSL takes no larger ClientHello than 128 KiB; ordinary ones have 2. */
const most = 160 * 1024;

/**
 * The name of the server that a TLS client asks for in its first message, in small letters, and all bytes that
 * had to be read for it. OpenSSL itself reads the message, as a server that answers nothing.
 * @param head what has been read from `client` before
 * @throws Error when this is no TLS, names no server, or does not come in `seconds`
 */
export async function serverName(
  client: Socket,
  head: Buffer,
  seconds: number,
): Promise<{ name: string; bytes: Buffer }> {
  const taken: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // What the server would answer goes nowhere.
  const mirror = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const reader = new TLSSocket(mirror, {
    isServer: true,
    SNICallback: (name, done) => {
      resolve(name.toLowerCase());
      done(new Error('only its name was wanted'));
    },
  });
  let size = 0;
  const add = (chunk: Buffer): void => {
    taken.push(chunk);
    size += chunk.length;
    if (size > most) reject(new Error('the first message does not end'));
    else mirror.push(chunk);
  };
  const timer = setTimeout(() => reject(new Error('no first message came')), seconds * 1000);
  const closed = (): void => reject(new Error('the client is gone'));
  reader.on('error', reject);
  client.on('data', add).on('close', closed);
  if (head.length > 0) add(head);
  try {
    const name = await promise;
    return { name, bytes: Buffer.concat(taken) };
  } finally {
    clearTimeout(timer);
    client.off('data', add).off('close', closed).pause();
    reader.destroy();
    mirror.destroy();
  }
}

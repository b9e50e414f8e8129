import { type LookupAddress, lookup } from 'node:dns';
import { createServer } from 'node:http';
import { connect, type LookupFunction, type Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { promisify } from 'node:util';
import type { RequestedHost } from '../core/document.ts';
import { isAllowed, isHostName } from '../core/host.ts';
import { isPublic } from './address.ts';
import { serverName } from './server-name.ts';

export interface ProxyOptions {
  /** Path of the unix socket to listen on. */
  socket: string;
  /** The hosts that may be reached, as the input `allow-hosts` names them. */
  hosts: readonly string[];
  /** What the name of a host stands for: the machine's own resolver, unless a test has its own. */
  resolve?: (host: string) => Promise<readonly LookupAddress[]>;
  /** A connection to port 443 of one of these addresses, none but these. */
  dial?: (addresses: readonly LookupAddress[]) => Socket;
  /** For all connections together, both ways. */
  mostBytes?: number;
}

export interface HostProxy {
  /** Every host that was asked for, in order, and what came of it. */
  asked: RequestedHost[];
  close(): Promise<void>;
}

/** Package managers open some fifteen at once, the boldest a hundred. */
const mostConnections = 128;
/** As much as a room may hold in two files; the largest installations have half of it. */
const manyBytes = 8 * 1024 ** 3;
/** Of hosts that are remembered, so that asking for ever more fills no document. */
const mostHosts = 100;
/** Seconds to name a server, to reach it, and without a byte in either direction. */
const patience = { hello: 20, connect: 20, idle: 300 };

type Refusal = Exclude<RequestedHost['came'], 'reached'>;

const words: Record<Refusal, string> = {
  'not-allowed': 'The host is not in allow-hosts.',
  'not-443': 'Only CONNECT to port 443 is served here.',
  'not-public': 'The name stands for an address that is not on the public internet.',
  'not-its-name': 'TLS for the very host that was asked for has to follow.',
  unreachable: 'The host can not be reached.',
  'too-much': 'More has been transferred than one setup command may.',
};

/**
 * The only way out of the setup command's sandbox: an HTTP proxy on a unix socket that knows CONNECT to port
 * 443 of the allowed hosts and nothing else. A name is resolved once, here, and the connection goes to the very
 * addresses that were checked; what is sent over it has to be TLS for that same name, so that a server of many
 * names can't be asked for another one. Port 80 is left out because what comes from there could be anybody's.
 */
export async function openProxy(options: ProxyOptions): Promise<HostProxy> {
  const { resolve = everyAddress, dial = dialAny, mostBytes = manyBytes } = options;
  const asked = new Map<string, RequestedHost>();
  const open = new Set<Duplex>();
  let bytes = 0;

  /** The entry for a host; undefined when so many are remembered already. */
  const note = (host: string, came: RequestedHost['came']): RequestedHost | undefined => {
    const key = `${came} ${host}`;
    if (!asked.has(key) && asked.size < mostHosts) asked.set(key, { host, came, times: 0, bytes: 0 });
    const entry = asked.get(key);
    if (entry) entry.times += 1;
    return entry;
  };

  const refuse = (client: Duplex, host: string, came: Refusal): void => {
    note(host, came);
    client.end(`HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n${words[came]}\n`);
  };

  const tunnel = async (target: string, client: Socket, head: Buffer): Promise<void> => {
    const { host, port, shown } = destination(target);
    if (port !== 443) return refuse(client, shown, 'not-443');
    if (!isAllowed(host, options.hosts)) return refuse(client, shown, 'not-allowed');
    if (bytes >= mostBytes) return refuse(client, host, 'too-much');
    let addresses: readonly LookupAddress[];
    try {
      addresses = await resolve(host);
    } catch {
      return refuse(client, host, 'unreachable');
    }
    if (addresses.length === 0) return refuse(client, host, 'unreachable');
    // One that leads inside is enough: which one is taken would be the name server's choice.
    if (!addresses.every(({ address }) => isPublic(address))) return refuse(client, host, 'not-public');
    if (client.destroyed) return;
    const server = dial(addresses);
    open.add(server);
    server.on('close', () => open.delete(server)).on('error', () => server.destroy());
    client.on('close', () => server.destroy());
    if (!(await isConnected(server))) return refuse(client, host, 'unreachable');
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    let hello: Awaited<ReturnType<typeof serverName>>;
    try {
      hello = await serverName(client, head, patience.hello);
    } catch {
      // Some clients connect ahead of need, and leave without a word.
      if (!client.destroyed) note(host, 'not-its-name');
      return void client.destroy();
    }
    if (hello.name !== host) {
      note(isHostName(hello.name) ? hello.name : host, 'not-its-name');
      return void client.destroy();
    }
    const entry = note(host, 'reached');
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (entry) entry.bytes += chunk.length;
      if (bytes <= mostBytes) return;
      note(host, 'too-much');
      for (const each of open) each.destroy();
    };
    count(hello.bytes);
    client.on('data', count);
    server.on('data', count).setTimeout(patience.idle * 1000, () => server.destroy());
    server.write(hello.bytes);
    pipeline(client, server, client, () => client.destroy());
  };

  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const shown = URL.canParse(url) ? new URL(url).host : '';
    note(/^[\w.-]{1,253}(:\d+)?$/.test(shown) ? shown : unnamed, 'not-443');
    response.writeHead(403, { connection: 'close' }).end(`${words['not-443']}\n`);
  });
  server.maxConnections = mostConnections;
  server.on('connection', (client: Socket) => {
    open.add(client);
    client.on('close', () => open.delete(client)).on('error', () => client.destroy());
  });
  server.on('connect', (request, client, head) => {
    tunnel(request.url ?? '', client as Socket, head).catch(() => client.destroy());
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(options.socket, done);
  });
  return {
    get asked() {
      return [...asked.values()];
    },
    close: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        for (const each of open) each.destroy();
      }),
  };
}

/** Stands for what is no name, so that nothing odd is shown to anyone. */
const unnamed = 'something that is no name of a host';

/**
 * What a CONNECT asks for. The host is in small letters, and what is then checked, resolved and compared is this
 * one text; `shown` is what a person may be shown of it.
 */
function destination(target: string): { host: string; port: number; shown: string } {
  const [, given = '', digits = ''] = /^([^:]*):(\d{1,5})$/.exec(target) ?? [];
  const host = given.toLowerCase();
  const port = Number(digits);
  if (!/^[a-z0-9][a-z0-9.-]{0,252}$/.test(host)) return { host: '', port: 443, shown: unnamed };
  return { host, port, shown: port === 443 ? host : `${host}:${port}` };
}

const lookupAll = promisify(lookup);

function everyAddress(host: string): Promise<LookupAddress[]> {
  return lookupAll(host, { all: true });
}

/** Node tries the addresses one after another; asked to resolve, it is handed those that were checked. */
function dialAny(addresses: readonly LookupAddress[]): Socket {
  const checked: LookupFunction = (_name, _options, done) => done(null, [...addresses]);
  return connect({ host: 'checked', port: 443, lookup: checked, autoSelectFamily: true });
}

function isConnected(server: Socket): Promise<boolean> {
  if (!server.connecting) return Promise.resolve(!server.destroyed);
  return new Promise((done) => {
    const end = (is: boolean): void => {
      server.setTimeout(0);
      done(is);
    };
    server.once('connect', () => end(true)).once('close', () => end(false));
    server.setTimeout(patience.connect * 1000, () => server.destroy());
  });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type HostProxy, openProxy, type ProxyOptions } from '../../src/egress/proxy.ts';
import { certificate, type Registry, startRegistry } from '../stand-ins/registry.ts';

const allowed = 'registry.example.com';
const address = { address: '203.0.112.1', family: 4 };

let directory: string;
let socket: string;
let registry: Registry;
let proxy: HostProxy | undefined;
/** What the proxy asked the resolver for, and which addresses it dialled. */
let resolved: string[];
let dialled: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'proxy-'));
  socket = join(directory, 'proxy.sock');
  registry = await startRegistry({ '/file': 'FILE', '/large': Buffer.alloc(1024 * 1024, 'x') });
  resolved = [];
  dialled = [];
});

afterEach(async () => {
  await proxy?.close();
  await registry.close();
  rmSync(directory, { recursive: true });
});

async function open(more: Partial<ProxyOptions> = {}): Promise<HostProxy> {
  proxy = await openProxy({
    socket,
    hosts: [allowed, '*.packages.example.org'],
    resolve: async (host) => {
      resolved.push(host);
      return [address];
    },
    dial: (addresses) => {
      dialled.push(...addresses.map((each) => each.address));
      return registry.dial();
    },
    ...more,
  });
  return proxy;
}

/** All that the proxy answers to these bytes until it closes, or until `enough`. */
function send(bytes: string | Buffer, enough: RegExp = /$^/): Promise<{ answer: string; client: Socket }> {
  return new Promise((resolve, reject) => {
    const client = connect(socket);
    let answer = '';
    client.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (enough.test(answer)) resolve({ answer, client });
    });
    client.on('close', () => resolve({ answer, client })).on('error', reject);
    client.write(bytes);
  });
}

const connectTo = (target: string) => `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;

/** What a client gets that speaks TLS for `name` by a tunnel to `host`. */
async function fetchBy(host: string, name: string, path: string): Promise<string> {
  const { client } = await send(connectTo(`${host}:443`), /200 Connection established/);
  return new Promise((resolve, reject) => {
    const options = { host: name, path, socket: client, servername: name, ca: certificate, agent: false };
    const asked = request(options as object, (response) => {
      let text = '';
      response
        .on('data', (chunk) => (text += chunk))
        .on('end', () => resolve(text))
        .on('error', reject);
    });
    asked.on('error', reject).end();
  }).finally(() => client.destroy()) as Promise<string>;
}

describe('an allowed host', () => {
  test('is reached by TLS, and the ledger is told how often and how much', async () => {
    await open();
    expect(await fetchBy(allowed, allowed, '/file')).toBe('FILE');
    expect(await fetchBy(allowed, allowed, '/file')).toBe('FILE');
    expect(proxy!.asked).toMatchObject([{ host: allowed, came: 'reached', times: 2 }]);
    expect(proxy!.asked[0]!.bytes).toBeGreaterThan(1000);
    expect(registry.requests).toEqual([`${allowed} /file`, `${allowed} /file`]);
  });

  test('is reached at the very addresses that were checked, and its name is resolved once', async () => {
    await open();
    await fetchBy(allowed, allowed, '/file');
    expect([resolved, dialled]).toEqual([[allowed], [address.address]]);
  });

  test('is the same host in capitals', async () => {
    await open();
    expect(await fetchBy(allowed.toUpperCase(), allowed, '/file')).toBe('FILE');
    expect(resolved).toEqual([allowed]);
  });

  test('may be one of all below a name', async () => {
    await open();
    expect(await fetchBy('a.packages.example.org', 'a.packages.example.org', '/file')).toBe('FILE');
  });
});

describe('what is turned away before any name is resolved', () => {
  test.each([
    ['another host', 'evil.com:443', 'not-allowed', 'evil.com'],
    ['the name as a beginning', `${allowed}.evil.com:443`, 'not-allowed', `${allowed}.evil.com`],
    ['the name as an end', `evil-${allowed}:443`, 'not-allowed', `evil-${allowed}`],
    ['the name with a dot at its end', `${allowed}.:443`, 'not-allowed', `${allowed}.`],
    ['the same in capitals', `${allowed.toUpperCase()}.:443`, 'not-allowed', `${allowed}.`],
    ['the name before @', `${allowed}@evil.com:443`, 'not-allowed', undefined],
    ['the name after @', `evil.com@${allowed}:443`, 'not-allowed', undefined],
    ['the name after a port and @', `evil.com:443@${allowed}:443`, 'not-allowed', undefined],
    ['two ports', 'evil.com:443:443', 'not-allowed', undefined],
    ['a path', `${allowed}:443/file`, 'not-allowed', undefined],
    ['a percent sign', `evil.com%00.${allowed}:443`, 'not-allowed', undefined],
    ['a URL', `https://${allowed}:443`, 'not-allowed', undefined],
    ['no port', allowed, 'not-allowed', undefined],
    ['an empty host', ':443', 'not-allowed', undefined],
    ['another port', `${allowed}:22`, 'not-443', `${allowed}:22`],
    ['port 80', `${allowed}:80`, 'not-443', `${allowed}:80`],
    ['a port with a zero before it and another', `${allowed}:0`, 'not-443', `${allowed}:0`],
    ['an IPv4 address', '127.0.0.1:443', 'not-allowed', '127.0.0.1'],
    ['an address on the internet', '8.8.8.8:443', 'not-allowed', '8.8.8.8'],
    ['an address as one number', '2130706433:443', 'not-allowed', '2130706433'],
    ['the metadata service', '169.254.169.254:443', 'not-allowed', '169.254.169.254'],
    ['an IPv6 address', '[::1]:443', 'not-allowed', undefined],
    ['a mapped address', '[::ffff:127.0.0.1]:443', 'not-allowed', undefined],
    ['localhost', 'localhost:443', 'not-allowed', 'localhost'],
    ['the name that `*.` stands before', 'packages.example.org:443', 'not-allowed', 'packages.example.org'],
    [
      'a name that ends as one below',
      'evilpackages.example.org:443',
      'not-allowed',
      'evilpackages.example.org',
    ],
    ['an empty label below a name', '.packages.example.org:443', 'not-allowed', undefined],
    ['a name that is too long', `${'a.'.repeat(200)}packages.example.org:443`, 'not-allowed', undefined],
  ])('%s: %s', async (_what, target, came, host) => {
    await open();
    expect((await send(connectTo(target))).answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(proxy!.asked).toEqual([
      { host: host ?? 'something that is no name of a host', came, times: 1, bytes: 0 },
    ]);
    expect([resolved, dialled]).toEqual([[], []]);
  });

  test.each([
    ['a null byte in the name', `CONNECT ${allowed}\0.evil.com:443 HTTP/1.1\r\n\r\n`],
    ['a null byte after the name', `CONNECT evil.com\0${allowed}:443 HTTP/1.1\r\n\r\n`],
    ['a space in the target', `CONNECT evil.com ${allowed}:443 HTTP/1.1\r\n\r\n`],
    ['a header that ends early', `CONNECT evil.com:443 HTTP/1.1\nHost: ${allowed}:443\r\n\r\n`],
    ['a fragment', connectTo(`evil.com#${allowed}:443`)],
    ['no HTTP', `${allowed}:443\r\n\r\n`],
    ['SOCKS', Buffer.from([5, 1, 0, 5, 1, 0, 3, 8])],
    ['a URL without TLS', `GET http://${allowed}/file HTTP/1.1\r\nHost: ${allowed}\r\n\r\n`],
    ['a URL with TLS', `GET https://${allowed}/file HTTP/1.1\r\nHost: ${allowed}\r\n\r\n`],
    ['a path', `GET /file HTTP/1.1\r\nHost: ${allowed}\r\n\r\n`],
    [
      'an upgrade',
      `GET http://${allowed}/ HTTP/1.1\r\nHost: ${allowed}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    ],
    [
      'a header with another host',
      `CONNECT evil.com:443 HTTP/1.1\r\nHost: ${allowed}:443\r\nX-Forwarded-Host: ${allowed}\r\n\r\n`,
    ],
  ])('%s', async (_what, bytes) => {
    await open();
    expect((await send(bytes)).answer).toMatch(/^HTTP\/1\.1 40[03] /);
    expect([resolved, dialled, registry.requests]).toEqual([[], [], []]);
  });

  test('whatever a target looks like, no name is resolved that is not allowed', async () => {
    await open();
    const odd = fc.constantFrom(
      allowed,
      'evil.com',
      '.',
      ':',
      ':443',
      '@',
      '/',
      '%',
      '[',
      ']',
      '127.0.0.1',
      'A',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { minLength: 1, maxLength: 6 }), async (parts) => {
        const target = parts.join('');
        fc.pre(target.toLowerCase() !== `${allowed}:443`);
        expect((await send(connectTo(target))).answer).toMatch(/^HTTP\/1\.1 40[03] /);
        expect(resolved).toEqual([]);
      }),
    );
  });

  test('with no host allowed, everything', async () => {
    await open({ hosts: [] });
    expect((await send(connectTo(`${allowed}:443`))).answer).toContain('not in allow-hosts');
    expect(proxy!.asked).toMatchObject([{ host: allowed, came: 'not-allowed' }]);
    expect(resolved).toEqual([]);
  });
});

describe('a name that stands for an address inside', () => {
  test.each([
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '168.63.129.16',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    'not an address',
  ])('%s is not dialled, nor any other that the name stands for', async (inside) => {
    const family = inside.includes(':') ? 6 : 4;
    const resolve = async () => [address, { address: inside, family }];
    await open({ resolve });
    expect((await send(connectTo(`${allowed}:443`))).answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(proxy!.asked).toMatchObject([{ host: allowed, came: 'not-public' }]);
    expect(dialled).toEqual([]);
  });

  test('is not dialled when it changes between two connections', async () => {
    let times = 0;
    await open({ resolve: async () => [times++ === 0 ? address : { address: '127.0.0.1', family: 4 }] });
    expect(await fetchBy(allowed, allowed, '/file')).toBe('FILE');
    expect((await send(connectTo(`${allowed}:443`))).answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(dialled).toEqual([address.address]);
  });

  test('that stands for none, or that can not be resolved, is said to be unreachable', async () => {
    await open({ resolve: async () => [] });
    await send(connectTo(`${allowed}:443`));
    expect(proxy!.asked).toMatchObject([{ came: 'unreachable' }]);
    await proxy!.close();
    await open({ resolve: () => Promise.reject(new Error('ENOTFOUND')) });
    await send(connectTo(`${allowed}:443`));
    expect(proxy!.asked).toMatchObject([{ came: 'unreachable' }]);
  });
});

describe('a tunnel to an allowed host', () => {
  let server: Server;
  let received: string;
  beforeEach(async () => {
    received = '';
    server = createServer((peer) => {
      peer.on('data', (chunk) => {
        received += chunk.toString('latin1');
      });
      peer.on('error', () => {});
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterEach(() => new Promise<void>((done) => void server.close(() => done())));
  const dial = () => connect((server.address() as { port: number }).port, '127.0.0.1');

  test.each([
    ['HTTP', 'GET / HTTP/1.1\r\nHost: evil.com\r\n\r\n'],
    ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['another CONNECT', connectTo('evil.com:443')],
    ['random bytes', Buffer.from('1603010200010001fc0303ffffffff', 'hex').toString('latin1').repeat(40)],
  ])('carries nothing of %s, not even when it comes with the CONNECT', async (_what, bytes) => {
    await open({ dial });
    const both = Buffer.concat([Buffer.from(connectTo(`${allowed}:443`)), Buffer.from(bytes, 'latin1')]);
    expect((await send(both)).answer).toMatch(/^HTTP\/1\.1 200 [^\r]*\r\n\r\n$/);
    expect(received).toBe('');
    expect(proxy!.asked).toMatchObject([{ host: allowed, came: 'not-its-name' }]);
  });

  test('carries no TLS that is meant for another name, or for none', async () => {
    await open({ dial });
    await expect(fetchBy(allowed, 'fronted.example.com', '/file')).rejects.toThrow();
    await expect(fetchBy(allowed, '', '/file')).rejects.toThrow();
    expect(received).toBe('');
    expect(proxy!.asked).toMatchObject([
      { host: 'fronted.example.com', came: 'not-its-name' },
      { host: allowed, came: 'not-its-name' },
    ]);
  });

  test('ends with the proxy', async () => {
    await open({ dial });
    const { client } = await send(connectTo(`${allowed}:443`), /200/);
    const closed = new Promise((done) => client.on('close', done));
    await proxy!.close();
    await closed;
  });
});

test('when more has been transferred than may be, all tunnels are cut and none is opened', async () => {
  await open({ mostBytes: 100_000 });
  await expect(fetchBy(allowed, allowed, '/large')).rejects.toThrow();
  expect((await send(connectTo(`${allowed}:443`))).answer).toContain('More has been transferred');
  expect(proxy!.asked).toMatchObject([{ came: 'reached' }, { host: allowed, came: 'too-much' }]);
});

test('however many hosts are asked for, a hundred are remembered', async () => {
  await open();
  for (let i = 0; i < 110; i += 1) await send(connectTo(`a${i}.evil.com:443`));
  expect(proxy!.asked).toHaveLength(100);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { connect as connectBedrock } from '../../src/gateway/providers/bedrock.ts';
import type { ModelConnection } from '../../src/gateway/providers/client.ts';
import { withExplicitCache } from '../../src/gateway/providers/explicit-cache.ts';
import { connect as connectFoundry } from '../../src/gateway/providers/foundry.ts';
import { connect as connectVertex } from '../../src/gateway/providers/vertex.ts';
import { type Model, startModel } from '../stand-ins/model/index.ts';
import { frame, startBedrock } from '../stand-ins/provider/bedrock.ts';
import { startFoundry } from '../stand-ins/provider/foundry.ts';
import type { Front } from '../stand-ins/provider/front.ts';
import { startVertex } from '../stand-ins/provider/vertex.ts';

const signal = new AbortController().signal;
const path = '/v1/messages';

let model: Model;
let directory: string;
let opened: (() => Promise<void>)[];
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  environment = { ...process.env };
  directory = mkdtempSync(join(tmpdir(), 'providers-'));
  model = await startModel({
    conversations: [{ forever: { text: 'Hello.' }, times: Number.POSITIVE_INFINITY }],
  });
  opened = [() => model.close()];
});

afterEach(async () => {
  jest.useRealTimers();
  process.env = environment;
  for (const close of opened) await close();
  rmSync(directory, { recursive: true });
});

/** Lets time pass on the clock alone. */
function pass(seconds: number): void {
  const now = Date.now() + seconds * 1000;
  const others = ['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const;
  const timers = ['setImmediate', 'setInterval', 'setTimeout'] as const;
  const clears = ['clearImmediate', 'clearInterval', 'clearTimeout'] as const;
  jest.useFakeTimers({ now, doNotFake: [...others, ...timers, ...clears] });
}

const kept = (front: Front): Front => {
  opened.push(front.close);
  return front;
};

async function serve(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  opened.push(
    () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const keys = { accessKeyId: 'AKIA', secretAccessKey: 'aws-secret', sessionToken: 'aws-session' };
const claude = 'global.anthropic.claude-opus-5-5';
const ask = (name: string) => ({ model: name, max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] });

/** Bedrock with credentials from an endpoint of the machine that gives some which live so long. */
async function bedrock(
  seconds: number,
): Promise<{ connection: ModelConnection; front: Front; logins: () => number }> {
  let logins = 0;
  const endpoint = await serve((_, response) => {
    logins += 1;
    const Expiration = new Date(Date.now() + seconds * 1000).toISOString();
    const { accessKeyId, secretAccessKey, sessionToken } = keys;
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration,
      }),
    );
  });
  process.env = { PATH: process.env.PATH, HOME: directory, AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint };
  const front = kept(await startBedrock(() => model, keys, 'us-east-1'));
  const connection = await connectBedrock({ provider: 'bedrock', baseUrl: front.url, region: 'us-east-1' });
  return { connection, front, logins: () => logins };
}

async function vertex(
  seconds: number,
): Promise<{ connection: ModelConnection; front: Front; logins: () => number }> {
  let logins = 0;
  const front = kept(
    await startVertex(
      () => model,
      { verify: () => true, token: () => `google-${++logins}`, expiresIn: seconds },
      'acme',
      'global',
    ),
  );
  const credentials = join(directory, 'gha-creds-1.json');
  writeFileSync(join(directory, 'jwt'), 'identity');
  writeFileSync(
    credentials,
    JSON.stringify({
      type: 'external_account',
      audience: 'a',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${front.url}/sts/token`,
      credential_source: { file: join(directory, 'jwt') },
    }),
  );
  process.env = { PATH: process.env.PATH, HOME: directory, GOOGLE_APPLICATION_CREDENTIALS: credentials };
  const connection = await connectVertex({
    provider: 'vertex',
    baseUrl: `${front.url}/v1`,
    region: 'global',
    project: 'acme',
  });
  return { connection, front, logins: () => logins };
}

async function foundry(
  seconds: number,
): Promise<{ connection: ModelConnection; front: Front; logins: () => number }> {
  let logins = 0;
  let identities = 0;
  const seen = new Set<string>();
  const front = kept(
    await startFoundry(() => model, {
      apiKey: 'key',
      tenantId: 't',
      clientId: 'c',
      // An identity token is good for one login.
      verify: (jwt) => !seen.has(jwt) && Boolean(seen.add(jwt)),
      token: () => `entra-${++logins}`,
      expiresIn: seconds,
    }),
  );
  const connection = await connectFoundry(
    {
      provider: 'foundry',
      baseUrl: `${front.url}/anthropic`,
      entra: { authority: front.url, tenantId: 't', clientId: 'c' },
    },
    async (audience) => `${audience} ${++identities}`,
  );
  return { connection, front, logins: () => logins };
}

const all = {
  bedrock: { open: bedrock, name: claude, secret: 'aws-session' },
  vertex: { open: vertex, name: 'claude-opus-5-5@20260922', secret: 'google-1' },
  foundry: { open: foundry, name: 'claude-opus-5-5', secret: 'entra-1' },
};

describe.each(Object.entries(all))('%s', (provider, { open, name, secret }) => {
  test('logs in once for many requests while what it got is good, and knows it as a secret', async () => {
    const { connection, front, logins } = await open(3600);
    for (const stream of [false, true, false]) {
      const response = await connection.send(path, { ...ask(name), stream }, signal);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain(stream ? 'event: message_stop' : '"stop_reason":"end_turn"');
    }
    expect(logins()).toBe(1);
    expect([...connection.secrets]).toContain(secret);
    expect(front.violations).toEqual([]);
  });

  test('logs in anew when what it got has expired', async () => {
    const { connection, logins } = await open(3600);
    for (const count of [1, 2, 3]) {
      expect((await connection.send(path, ask(name), signal)).status).toBe(200);
      expect(logins()).toBe(count);
      pass(3601);
    }
  });

  test('counts tokens in advance, or says at once that it can not', async () => {
    const { connection, front } = await open(3600);
    const { max_tokens: _, ...body } = ask(name);
    const response = await connection.send(`${path}/count_tokens`, body, signal);
    const answer = await response.json();
    if (provider === 'bedrock') {
      expect([response.status, front.requests]).toEqual([404, []]);
      expect(answer).toMatchObject({ error: { type: 'not_found_error' } });
    } else {
      expect(answer).toEqual({ input_tokens: expect.any(Number) });
    }
  });

  test('gives an error as the Messages API has it, with what the provider says', async () => {
    const { connection } = await open(3600);
    const response = await connection.send(path, { ...ask(name), max_tokens: -1 }, signal);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringContaining('max_tokens') },
    });
  });

  test('that can’t log in any more says so as an answer, and asks the model nothing', async () => {
    const { connection } = await open(3600);
    pass(3601);
    const [, ...others] = opened;
    for (const close of others) await close();
    opened = [() => model.close()];
    const response = await connection.send(path, ask(name), signal);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
    expect(model.requests).toEqual([]);
  });
});

test.each(['bedrock', 'foundry'] as const)(
  'a request to %s whose answer was lost is not sent again unseen, because it may have been billed',
  async (provider) => {
    let asked = 0;
    const baseUrl = await serve((_, response) => {
      asked += 1;
      response.destroy();
    });
    const { send } =
      provider === 'bedrock'
        ? await connectBedrock({ provider, baseUrl, region: 'us-east-1', apiKey: 'key' })
        : await connectFoundry({ provider, baseUrl, apiKey: 'key' }, async () => '');
    await expect(send(path, ask(claude), signal)).rejects.toThrow();
    expect(asked).toBe(1);
  },
);

describe('a stream of Bedrock’s', () => {
  const chunk = (event: object): Buffer =>
    frame(
      { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
      JSON.stringify({ bytes: Buffer.from(JSON.stringify(event)).toString('base64') }),
    );

  async function stream(...frames: Buffer[]): Promise<Response> {
    const baseUrl = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
      response.end(Buffer.concat(frames));
    });
    const access = { provider: 'bedrock', baseUrl, region: 'us-east-1', apiKey: 'key' } as const;
    const { send } = await connectBedrock(access);
    return send(path, { ...ask(claude), stream: true }, signal);
  }

  test('that AWS ends with an exception ends with an error of the Messages API', async () => {
    const exception = frame(
      {
        ':exception-type': 'modelStreamErrorException',
        ':content-type': 'application/json',
        ':message-type': 'exception',
      },
      JSON.stringify({ message: 'The model has stopped.' }),
    );
    const text = await (await stream(chunk({ type: 'ping' }), exception)).text();
    expect(text).toContain('event: ping');
    expect(text).toContain('event: error\ndata: {"type":"error","error":{"type":"modelStreamErrorException"');
    expect(text).toContain('The model has stopped.');
  });

  test.each([
    ['breaks off within a message', (whole: Buffer) => whole.subarray(0, -5)],
    ['has a message that was changed on its way', (whole: Buffer) => whole.fill(0, 40, 50)],
  ])('that %s is an error, and not an end', async (_, damage) => {
    const response = await stream(chunk({ type: 'ping' }), damage(chunk({ type: 'message_stop' })));
    const text = await response.text().catch((error: Error) => `failed: ${error.message}`);
    expect(text).toMatch(/^failed: |event: error/m);
    expect(text).not.toContain('message_stop');
  });
});

describe('the cache of a whole request, for providers that know only that of a block', () => {
  const block = fc.record({ type: fc.constant('text'), text: fc.string() });
  const content = fc.oneof(fc.string(), fc.array(block, { minLength: 1, maxLength: 3 }));
  const messages = fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content }), {
    minLength: 1,
    maxLength: 4,
  });
  const sentFor = async (body: object): Promise<Record<string, unknown>> => {
    let sent: unknown;
    await withExplicitCache(async (_, given) => {
      sent = given;
      return new Response();
    })(path, body, signal);
    return sent as Record<string, unknown>;
  };
  const blocksOf = (all: { content: unknown }[]): unknown[] =>
    all.flatMap(({ content: each }) => (typeof each === 'string' ? [{ type: 'text', text: each }] : each));

  test('is that of the last block, and nothing else changes', async () => {
    await fc.assert(
      fc.asyncProperty(messages, async (given) => {
        const body = { model: claude, cache_control: { type: 'ephemeral' }, messages: given };
        const before = JSON.stringify(body);
        const { messages: sent, ...rest } = await sentFor(body);
        expect(rest).toEqual({ model: claude });
        const expected = blocksOf(given);
        const last = { ...(expected.pop() as object), cache_control: { type: 'ephemeral' } };
        expect(blocksOf(sent as { content: unknown }[])).toEqual([...expected, last]);
        expect(JSON.stringify(body)).toBe(before);
        expect(await sentFor({ messages: given })).toEqual({ messages: given });
      }),
    );
  });
});

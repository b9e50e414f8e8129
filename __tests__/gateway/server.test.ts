import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { costUsd } from '../../src/core/budget.ts';
import { fetchThrough } from '../../src/engines/sdk/socket-fetch.ts';
import { connectAnthropic } from '../../src/gateway/providers/anthropic.ts';
import { sanitizeRequest } from '../../src/gateway/sanitize-request.ts';
import { type Gateway, type GatewayOptions, openGateway } from '../../src/gateway/server.ts';

const usage = {
  input_tokens: 100,
  output_tokens: 10,
  cache_read_input_tokens: 1000,
  cache_creation_input_tokens: 0,
};
const reply = (more: object = {}): Response =>
  Response.json({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text: 'Hello' }],
    stop_reason: 'end_turn',
    usage,
    ...more,
  });

let directory: string;
let gateway: Gateway | undefined;
let sent: { path: string; body: Record<string, unknown> }[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gateway-'));
  sent = [];
});

afterEach(async () => {
  await gateway?.close();
  rmSync(directory, { recursive: true });
});

async function open(options: Partial<GatewayOptions> = {}) {
  const socket = join(directory, 'socket');
  gateway = await openGateway({
    socket,
    token: 'session-token',
    model: 'claude-opus-5-5',
    runsPrograms: true,
    limits: { seconds: 60, turns: 10, tokens: 1_000_000, costUsd: 5 },
    costUsd: (tokens) => costUsd('claude-opus-5-5', tokens),
    send: async (path, body) => {
      sent.push({ path, body: body as Record<string, unknown> });
      return reply();
    },
    now: () => new Date('2026-01-01T00:00:00Z'),
    secrets: ['sk-secret'],
    say: () => {},
    ...options,
  });
  const call = fetchThrough(socket);
  return (body: object, { path = '/v1/messages', token = 'session-token', method = 'POST' } = {}) =>
    call(`http://gateway${path}`, { method, headers: { 'x-api-key': token }, body: JSON.stringify(body) });
}

const hour = { type: 'ephemeral', ttl: '1h' };
const request = { model: 'claude-opus-5-5', max_tokens: 1000, messages: [{ role: 'user', content: 'Hi' }] };

test('a request for the configured model goes through and is counted by the figures of the API', async () => {
  const post = await open();
  const answer = await post(request);
  expect(answer.status).toBe(200);
  expect(gateway!.traffic).toMatchObject({
    requests: 1,
    tokens: { input: 100, output: 10, cacheRead: 1000, cacheWrite: 0 },
  });
  expect(gateway!.traffic.costUsd).toBeCloseTo((100 * 4 + 10 * 20 + 1000 * 0.2) / 1e6, 10);
});

test.each([
  ['another path', request, { path: '/v1/files' }, 404],
  ['the API that lists models', request, { path: '/v1/models', method: 'GET' }, 404],
  ['a path that leads back to the root', request, { path: '/v1/messages/../files' }, 404],
  ['the token of another session', request, { token: 'other-token!!' }, 401],
  ['no token', request, { token: '' }, 401],
  ['another model', { ...request, model: 'claude-fable-5' }, {}, 403],
  ['a server tool', { ...request, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }, {}, 403],
  ['MCP servers', { ...request, mcp_servers: [{ type: 'url', url: 'https://evil.example' }] }, {}, 403],
  ['a container', { ...request, container: 'c' }, {}, 403],
  ['the cache of an hour', { ...request, cache_control: hour }, {}, 403],
  [
    'the cache of an hour for the system prompt',
    { ...request, system: [{ type: 'text', text: 'a', cache_control: hour }] },
    {},
    403,
  ],
  [
    'the cache of an hour for a tool',
    { ...request, tools: [{ name: 'a', input_schema: {}, cache_control: hour }] },
    {},
    403,
  ],
  [
    'the cache of an hour inside a tool result',
    {
      ...request,
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't',
              content: [{ type: 'text', text: 'a', cache_control: hour }],
            },
          ],
        },
      ],
    },
    {},
    403,
  ],
  ['state kept at the provider', { ...request, thread: { previous_message_id: 'm' } }, {}, 403],
  [
    'an image by URL',
    {
      ...request,
      messages: [
        {
          role: 'user',
          content: [{ type: 'image', source: { type: 'url', url: 'https://evil.example/?q=secret' } }],
        },
      ],
    },
    {},
    403,
  ],
  [
    'a document by URL inside a tool result',
    {
      ...request,
      messages: [
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't',
              content: [{ type: 'document', source: { type: 'url', url: 'https://evil.example' } }],
            },
          ],
        },
      ],
    },
    {},
    403,
  ],
])('%s is refused and never reaches the model', async (_what, body, how, status) => {
  const post = await open();
  expect((await post(body, how)).status).toBe(status);
  expect(sent).toEqual([]);
  expect(gateway!.traffic.requests).toBe(0);
});

test('of many requests at once no more get through than one after another would', async () => {
  const post = await open({ limits: { seconds: 60, turns: 3, tokens: 1_000_000, costUsd: 5 } });
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(request).catch(() => undefined)));
  expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(3);
  expect(gateway!.traffic.requests).toBe(3);
});

test('an input that what is left could not pay for is never sent', async () => {
  const post = await open({ limits: { seconds: 60, turns: 10, tokens: 10_000_000, costUsd: 0.5 } });
  const answer = await post({ ...request, system: 'x'.repeat(2 * 1024 * 1024) });
  expect(await answer.text()).toContain('max-cost-usd');
  expect(sent).toEqual([]);
});

test('an input is measured in bytes, not in letters', async () => {
  const post = await open({ send: () => Promise.reject(new Error('The reply never came.')) });
  await post({ ...request, system: '漢'.repeat(100_000) }).catch(() => {});
  expect(gateway!.traffic.tokens.cacheWrite).toBeGreaterThan(100_000);
});

test.each([
  ['reset', 'ECONNRESET', true],
  ['timeout', undefined, true],
  ['refused', 'ECONNREFUSED', false],
  ['unknown host', 'ENOTFOUND', false],
])(
  'a request without an answer (%s) is charged unless it cannot have arrived',
  async (_what, code, charged) => {
    const cause = Object.assign(new Error('lost'), code && { code });
    const post = await open({
      send: () =>
        Promise.reject(new Error('Connection error.', { cause: new TypeError('fetch failed', { cause }) })),
    });
    const status = await post({ ...request, max_tokens: 700 }).then(
      (answer) => answer.status,
      () => 'broken off',
    );
    expect(status).toBe(charged ? 'broken off' : 502);
    expect(gateway!.traffic.tokens.output).toBe(charged ? 700 : 0);
    expect(gateway!.traffic.failure?.status).toBe(0);
  },
);

test('closing does not wait for a sender that takes no notice', async () => {
  const sentOff = Promise.withResolvers<void>();
  const post = await open({
    send: () => {
      sentOff.resolve();
      return new Promise(() => {});
    },
  });
  const answer = post({ ...request, max_tokens: 700 }).catch(() => undefined);
  await sentOff.promise;
  await gateway!.close();
  await answer;
  expect(gateway!.traffic.tokens.output).toBe(700);
});

test('a session that goes away in the middle of a reply pays for all of it', async () => {
  const events = [
    { type: 'message_start', message: { usage: { input_tokens: 50, output_tokens: 1 } } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 900 } },
  ];
  const gate = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const [first, second] = events.map((event) => Buffer.from(`data: ${JSON.stringify(event)}\n\n`));
      controller.enqueue(first!);
      await gate.promise;
      controller.enqueue(second!);
      controller.close();
    },
  });
  const post = await open({
    send: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
  });
  const answer = await post({ ...request, stream: true });
  await answer.body!.cancel();
  gate.resolve();
  // The next request waits for the one before it, so that by then it has been charged.
  await post(request).catch(() => {});
  expect(gateway!.traffic.turns[0]!.tokens).toMatchObject({ input: 50, output: 900 });
});

test('a request that is under way when the session ends is charged what was reserved for it', async () => {
  const sentOff = Promise.withResolvers<void>();
  const post = await open({
    send: (_path, _body, signal) =>
      new Promise((_, reject) => {
        sentOff.resolve();
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  });
  const answer = post({ ...request, max_tokens: 700 }).catch(() => undefined);
  await sentOff.promise;
  await gateway!.close();
  await answer;
  expect(gateway!.traffic.tokens.output).toBe(700);
});

test('counting tokens is bounded too', async () => {
  const post = await open({ limits: { seconds: 60, turns: 2, tokens: 1_000_000, costUsd: 5 } });
  const count = { model: request.model, messages: request.messages };
  const statuses = [];
  for (let i = 0; i < 3; i += 1)
    statuses.push((await post(count, { path: '/v1/messages/count_tokens' })).status);
  expect(statuses).toEqual([200, 200, 403]);
});

test('a request of more than 32 MB is refused', async () => {
  const post = await open();
  const answer = await post({ ...request, system: 'x'.repeat(33 * 1024 * 1024) }).catch(
    (error: Error) => error,
  );
  if (answer instanceof Response) expect(answer.status).toBe(413);
  expect(sent).toEqual([]);
});

test.each([
  ['max-turns', { turns: 1 }],
  ['max-tokens', { tokens: 500 }],
  ['max-cost-usd', { costUsd: 0.0005 }],
] as const)('it closes for good when %s is reached', async (limit, less) => {
  const post = await open({ limits: { seconds: 60, turns: 10, tokens: 1_000_000, costUsd: 5, ...less } });
  await post(request);
  const answer = await post(request);
  expect(answer.status).toBe(403);
  expect(answer.headers.get('x-should-retry') ?? 'false').toBe('false');
  expect(await answer.text()).toContain(limit);
  expect(gateway!.traffic.closedBy).toBe(limit);
  expect(sent).toHaveLength(1);
});

test('a reply can never be longer than what is left in tokens and money', async () => {
  const post = await open({ limits: { seconds: 60, turns: 10, tokens: 1_000_000, costUsd: 0.002 } });
  await post({ ...request, max_tokens: 32_000 });
  // 5 USD a million for 97 bytes of input, 20 a million for the output.
  expect(sent[0]!.body.max_tokens).toBeGreaterThan(80);
  expect(sent[0]!.body.max_tokens).toBeLessThan(100);
});

test('no record holds the credential, should the API ever echo it', async () => {
  const post = await open({
    send: async () => reply({ content: [{ type: 'text', text: 'key sk-secret here' }] }),
  });
  await post(request);
  expect(JSON.stringify(gateway!.traffic)).not.toContain('sk-secret');
  expect(gateway!.traffic.turns[0]!.text).toBe('key [removed] here');
});

test('what was shown is noted once, by digest, with the results of tools beside their calls', async () => {
  const replies = [
    reply({
      content: [{ type: 'tool_use', id: 't1', name: 'read', input: { file_path: 'a' } }],
      stop_reason: 'tool_use',
    }),
    reply(),
  ];
  const post = await open({ send: async () => replies.shift()! });
  await post({ ...request, system: 'Rules' });
  await post({
    ...request,
    system: 'Rules',
    messages: [
      ...request.messages,
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 't1', name: 'read', input: { file_path: 'a' } }],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 't1', content: 'line', is_error: true }],
      },
    ],
  });
  expect(gateway!.traffic.manifest.map(({ what }) => what)).toEqual(['system', 'prompt', 'tool result']);
  expect(gateway!.traffic.turns[0]!.tools).toEqual([
    { name: 'read', input: '{"file_path":"a"}', result: 'line', error: true },
  ]);
});

test('the model is shown nothing hidden, whatever a prompt or a tool holds, and each hidden character counts once', async () => {
  const post = await open();
  const hidden = [...'obey this']
    .map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0)))
    .join('');
  const said = { role: 'assistant', content: [{ type: 'text', text: 'my own ❤️\u200b' }] };
  const messages = [
    { role: 'user', content: `Hi${hidden}` },
    said,
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'a', content: '\u001b[31mred\u001b[0m ab\u202e' },
        { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'a\u200bb ❤️\r\n' }] },
      ],
    },
  ];
  await post({ ...request, system: 'Rules\u200b', messages: messages.slice(0, 1) });
  await post({ ...request, system: 'Rules\u200b', messages });
  expect(sent[1]!.body).toMatchObject({
    system: 'Rules\\u{200B}',
    messages: [
      { role: 'user', content: 'Hi[9 hidden characters]' },
      said,
      {
        role: 'user',
        content: [{ content: 'red ab\\u{202E}' }, { content: [{ text: 'a\\u{200B}b ❤️\r\n' }] }],
      },
    ],
  });
  expect(gateway!.traffic.hidden).toBe(1 + 9 + 1 + 1);
});

test('no terminal sequence keeps code from a session that judges it', async () => {
  const post = await open({ runsPrograms: false });
  const code = 'r=/\u001b]x;/;globalThis.ok=true;//\u0007\none\rtwo\r\n';
  const messages = [
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: code }] },
    { role: 'user', content: [{ type: 'text', text: '\u001b[31mred' }] },
  ];
  await post({ ...request, messages });
  expect(sent[0]!.body.messages).toEqual([
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'a',
          content: 'r=/\\u{1B}]x;/;globalThis.ok=true;//\\u{7}\none\\u{D}two\r\n',
        },
      ],
    },
    { role: 'user', content: [{ type: 'text', text: '\\u{1B}[31mred' }] },
  ]);
  expect(gateway!.traffic.hidden).toBe(4);
});

test('an error of the API is passed on and remembered', async () => {
  const error = { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } };
  const post = await open({ send: async () => Response.json(error, { status: 401 }) });
  expect((await post(request)).status).toBe(401);
  expect(gateway!.traffic.failure).toEqual({
    status: 401,
    detail: 'authentication_error: invalid x-api-key',
  });
});

test('requests that are sent side by side without end are cut off', async () => {
  await open();
  const socket = join(directory, 'socket');
  const post = (length: number): string =>
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: session-token\r\ncontent-length: ${length}\r\n\r\n{`;
  // It never ends, and holds up all that come after it.
  const first = connect(socket).on('error', () => {});
  first.write(post(9));
  await once(first, 'connect');
  const others = connect(socket).on('error', () => {});
  others.write(`${post(2)}}`.repeat(100));
  await once(others, 'close');
  first.destroy();
});

test('what is hidden is noted of a bounded number of texts', () => {
  const counted = new Set<string>();
  const content = Array.from({ length: 5000 }, (_, n) => ({ type: 'text', text: `\u200b${n}` }));
  const found = sanitizeRequest({ messages: [{ role: 'user', content }] }, counted, true);
  expect([found, counted.size]).toEqual([2000, 2000]);
});

describe.each([408, 502, 504, 524])('a proxy that answers %d in the place of the API', (status) => {
  const asking = async (stream: boolean) => {
    let asked = 0;
    const proxy = createServer((_, response) => {
      asked += 1;
      response.writeHead(status, { 'retry-after-ms': '1' }).end('<h1>Time-out</h1>');
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    const access = {
      provider: 'anthropic',
      baseUrl: `http://127.0.0.1:${port}`,
      apiKey: 'sk-secret',
    } as const;
    const { send } = await connectAnthropic(access, async () => '');
    const post = await open({ send });
    await post({ ...request, stream }).catch(() => {});
    proxy.close();
    proxy.closeAllConnections();
    return { asked, ...gateway!.traffic };
  };

  test('is asked once for a reply that may have been made, which is charged', async () => {
    const { asked, requests, tokens } = await asking(false);
    expect([asked, requests, tokens.output]).toEqual([1, 1, 1000]);
  });

  test('is asked again for a reply that would have begun', async () => {
    const { asked, requests, tokens } = await asking(true);
    expect([asked, requests, tokens.output]).toEqual([5, 1, 0]);
  });
});

test('an API that cannot be reached is told as such', async () => {
  const cause = Object.assign(new Error('lost'), { code: 'ECONNREFUSED' });
  const post = await open({ send: () => Promise.reject(new Error('Connection error.', { cause })) });
  expect((await post(request)).status).toBe(502);
  expect(gateway!.traffic.failure).toEqual({ status: 0, detail: 'Connection error.' });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { oidcFederationProvider } from '@anthropic-ai/sdk/lib/credentials/oidc-federation';
import { afterEach, describe, expect, test } from '@jest/globals';
import { fromFile, type Model, type ModelOptions, startModel, toolResults } from './model/index.ts';

type Create = Anthropic.Beta.MessageCreateParamsNonStreaming;

const open: Model[] = [];

afterEach(async () => {
  for (const model of open.splice(0)) await model.close();
});

const start = async (options: ModelOptions): Promise<Model> => {
  const model = await startModel(options);
  open.push(model);
  return model;
};

const clientOf = (model: Model, maxRetries = 0): Anthropic =>
  new Anthropic({ apiKey: model.apiKey, baseURL: model.url, maxRetries, logLevel: 'off' });

const base = {
  model: 'claude-opus-5-5',
  max_tokens: 1000,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};

const tool = { name: 'add', description: 'Adds', input_schema: { type: 'object' as const, properties: {} } };

const adder = {
  type: 'custom' as const,
  ...tool,
  parse: (input: unknown) => input as { a: number; b: number },
  run: ({ a, b }: { a: number; b: number }) => String(a + b),
};

const runner = (client: Anthropic, more: object = {}) =>
  client.beta.messages.toolRunner({ ...base, tools: [adder], stream: true, thread: false, ...more });

const drain = async (streams: ReturnType<typeof runner>) => {
  for await (const stream of streams) await stream.finalMessage();
  return streams.done();
};

describe('replies', () => {
  test('a whole message has text, thinking, usage and a request id', async () => {
    const model = await start({ conversations: [{ turns: [{ thinking: 'Hm.', text: 'Hi' }] }] });
    const { data, response } = await clientOf(model).messages.create(base).withResponse();
    expect(data.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.' },
      { type: 'text', text: 'Hi' },
    ]);
    expect(data.stop_reason).toBe('end_turn');
    expect(data.usage.input_tokens).toBeGreaterThan(0);
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(model.violations).toEqual([]);
    expect(model.unused()).toEqual([]);
    expect(model.requests[0]).toMatchObject({
      conversation: 0,
      session: 0,
      turn: 0,
      status: 200,
      stop_reason: 'end_turn',
    });
  });

  test('a streamed message is the same message', async () => {
    const turn = {
      thinking: 'A longer thought about 🦊 and 𝒳.',
      text: 'Grüße, and a text of more than one chunk 🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊',
    };
    const model = await start({
      stream: true,
      conversations: [{ turns: [{ ...turn, usage: { output_tokens: 7 } }] }],
    });
    const message = await clientOf(model).messages.stream(base).finalMessage();
    expect(message.content).toMatchObject([{ thinking: turn.thinking }, { text: turn.text }]);
    expect(message.usage.output_tokens).toBe(7);
    expect(model.violations).toEqual([]);
  });

  test('the tool runner holds a conversation with several calls in one turn', async () => {
    const model = await start({
      conversations: [
        {
          turns: [
            {
              thinking: 'Two sums.',
              text: 'Adding.',
              tools: [
                { name: 'add', input: { a: 1, b: 2 } },
                { name: 'add', input: { a: 3, b: 4 } },
              ],
            },
            ({ body }) => ({ text: `Sums: ${toolResults(body).map(({ text }) => text)}` }),
          ],
        },
      ],
    });
    const done = await drain(runner(clientOf(model)));
    expect(done.content).toMatchObject([{ type: 'text', text: 'Sums: 3,7' }]);
    expect(model.violations).toEqual([]);
    expect(model.unused()).toEqual([]);
    expect(model.requests.map(({ turn }) => turn)).toEqual([0, 1]);
  });

  test('an endless conversation goes on until the client stops', async () => {
    const model = await start({
      conversations: [{ forever: { tools: [{ name: 'add', input: { a: 1, b: 1 } }] } }],
    });
    await drain(runner(clientOf(model), { max_iterations: 5 }));
    expect(model.requests).toHaveLength(5);
    expect(model.violations).toEqual([]);
  });

  test.each(['refusal', 'max_tokens'] as const)('%s ends the conversation', async (stop_reason) => {
    const model = await start({ conversations: [{ turns: [{ text: 'No', stop_reason }] }] });
    const done = await drain(runner(clientOf(model)));
    expect(done.stop_reason).toBe(stop_reason);
    expect(model.violations).toEqual([]);
  });

  test('conversations are picked by predicate and told apart', async () => {
    const model = await start({
      conversations: [
        { name: 'one', when: ({ body }) => body.system === 'one', turns: [{ text: '1' }] },
        { name: 'any', times: 2, turns: [{ text: 'any' }] },
      ],
    });
    const client = clientOf(model);
    const said = async (system: string) => {
      const { content } = await client.messages.create({ ...base, system });
      return content[0]?.type === 'text' ? content[0].text : '';
    };
    expect([await said('two'), await said('one'), await said('two')]).toEqual(['any', '1', 'any']);
    expect(model.conversationsOf(({ body }) => body.system === 'two').map(({ name }) => name)).toEqual([
      'any',
      'any',
    ]);
    expect(model.seen('tw' + 'o')).toBe(true);
    expect(model.seen('three')).toBe(false);
  });

  test('a script in a file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'model-'));
    try {
      const path = join(directory, 'script.yml');
      writeFileSync(
        path,
        'conversations:\n  - match: Hello\n    turns:\n      - status: 529\n      - text: From a file\n',
      );
      const model = await start({ conversations: fromFile(path) });
      const client = clientOf(model);
      await expect(client.messages.create(base)).rejects.toMatchObject({ status: 529 });
      expect((await client.messages.create(base)).content).toMatchObject([{ text: 'From a file' }]);
      writeFileSync(path, 'conversations:\n  - turns:\n      - txt: wrong\n');
      expect(() => fromFile(path)).toThrow();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('faults', () => {
  test('429 with retry-after, then success', async () => {
    const fault = { status: 429, headers: { 'retry-after-ms': '1', 'retry-after': '1' } };
    const model = await start({ conversations: [{ turns: [fault, { text: 'ok' }] }] });
    const { content } = await clientOf(model, 2).messages.create(base);
    expect(content).toMatchObject([{ text: 'ok' }]);
    expect(model.requests.map(({ status }) => status)).toEqual([429, 200]);
    expect(model.violations).toEqual([]);
  });

  test.each([
    [400, 'invalid_request_error'],
    [403, 'permission_error'],
    [500, 'api_error'],
    [529, 'overloaded_error'],
  ])('%d is a %s', async (status, type) => {
    const model = await start({ conversations: [{ turns: [{ status, error: { message: 'why' } }] }] });
    await expect(clientOf(model).messages.create(base)).rejects.toMatchObject({ status, type });
  });

  test.each([0, 1, 4])('a stream cut after %d events', async (cutAfter) => {
    const model = await start({
      conversations: [{ turns: [{ text: 'A text', cutAfter }, { text: 'again' }] }],
    });
    const client = clientOf(model);
    await expect(client.messages.stream(base).finalMessage()).rejects.toThrow();
    await expect(client.messages.stream(base).finalText()).resolves.toBe('again');
    expect(model.violations).toEqual([]);
  });

  test('an error event in the stream', async () => {
    const model = await start({ conversations: [{ turns: [{ text: 'A text', errorAfter: 3 }] }] });
    await expect(clientOf(model).messages.stream(base).finalMessage()).rejects.toThrow(/Overloaded/);
  });

  test('tool input that is no JSON', async () => {
    const turn = { tools: [{ name: 'add', input: {} }], malformed: 'tool-json' as const };
    const model = await start({ conversations: [{ turns: [turn] }] });
    await expect(drain(runner(clientOf(model)))).rejects.toThrow(/JSON/);
    expect(model.violations).toEqual([]);
  });

  test.each([true, 'silent'] as const)(
    'a stream that hangs (%s) until the client goes away',
    async (hang) => {
      const model = await start({ conversations: [{ turns: [{ hang }] }] });
      const stopper = new AbortController();
      const answer = clientOf(model).messages.stream(base, { signal: stopper.signal }).finalMessage();
      const failed = expect(answer).rejects.toThrow(Anthropic.APIUserAbortError);
      await model.arrived(({ turn }) => turn === 0);
      stopper.abort();
      await failed;
    },
  );
});

describe('credentials', () => {
  test('a wrong key is refused and no violation', async () => {
    const model = await start({ conversations: [{ turns: [{ text: 'x' }] }] });
    const client = new Anthropic({ apiKey: 'wrong', baseURL: model.url, maxRetries: 0 });
    await expect(client.messages.create(base)).rejects.toMatchObject({
      status: 401,
      type: 'authentication_error',
    });
    expect(model.violations).toEqual([]);
    expect(model.requests[0]?.status).toBe(401);
  });

  test('a federated login', async () => {
    const model = await start({
      federation: { ruleId: 'rule', verify: (jwt) => jwt === 'a.b.c' },
      conversations: [{ turns: [{ text: 'in' }] }],
    });
    const login = (jwt: string) =>
      new Anthropic({
        apiKey: null,
        baseURL: model.url,
        maxRetries: 0,
        credentials: oidcFederationProvider({
          identityTokenProvider: () => jwt,
          federationRuleId: 'rule',
          organizationId: 'org',
          baseURL: model.url,
          fetch,
        }),
      });
    await expect(login('x').messages.create(base)).rejects.toThrow(/401/);
    expect((await login('a.b.c').messages.create(base)).content).toMatchObject([{ text: 'in' }]);
    expect(model.exchanges.map(({ status }) => status)).toEqual([401, 200]);
    expect(model.violations).toEqual([]);
  });

  test('the version header is required', async () => {
    const model = await start({});
    const response = await fetch(`${model.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': model.apiKey },
      body: JSON.stringify(base),
    });
    expect(response.status).toBe(400);
    expect(model.violations[0]).toMatch(/anthropic-version: header is required/);
  });
});

describe('protocol', () => {
  const user = (...content: object[]) => ({ role: 'user', content });
  const assistant = (...content: object[]) => ({ role: 'assistant', content });
  const call = (id: string) => ({ type: 'tool_use', id, name: 'add', input: {} });
  const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'x' });
  const text = (more: object = {}) => ({ type: 'text', text: 'x', ...more });
  const mark = (ttl?: string) => ({ cache_control: { type: 'ephemeral', ...(ttl && { ttl }) } });

  test.each<[RegExp, object]>([
    [/max_tokens: Field required/, { max_tokens: undefined }],
    [/first message must use the "user" role/, { messages: [{ role: 'system', content: 'x' }] }],
    [/at least one message/, { messages: [] }],
    [/non-empty content/, { messages: [{ role: 'user', content: '' }] }],
    [/text content blocks must be non-empty/, { messages: [user({ type: 'text', text: '' })] }],
    [/does not support assistant message prefill/, { messages: [user(text()), assistant(text())] }],
    [/unknown: Extra inputs/, { unknown: 1 }],
    [
      /`tool_use` ids were found without .* after: t1/,
      { messages: [user(text()), assistant(call('t1')), user(text())] },
    ],
    [/single result/, { messages: [user(text()), assistant(call('t1')), user(result('t1'), result('t1'))] }],
    [/unexpected `tool_use_id`/, { messages: [user(result('t1'))] }],
    [/must come before/, { messages: [user(text()), assistant(call('t1')), user(text(), result('t1'))] }],
    [/names must be unique/, { tools: [tool, tool] }],
    [/should match pattern/, { tools: [{ ...tool, name: 'a b' }] }],
    [/Input should be 'object'/, { tools: [{ ...tool, input_schema: { type: 'string' } }] }],
    [/maximum of 4 .* Found 5/, { messages: [user(...Array.from({ length: 5 }, () => text(mark())))] }],
    [
      /maximum of 4 .* Found 5/,
      { ...mark(), messages: [user(...Array.from({ length: 4 }, () => text(mark())))] },
    ],
    [/must not come after/, { system: [text(mark())], messages: [user(text(mark('1h')))] }],
    [/'5m' or '1h'/, { system: [text(mark('2h'))] }],
    [
      /thinking.cache_control/,
      {
        messages: [
          user(text()),
          assistant({ type: 'thinking', thinking: 'x', signature: 'y', ...mark() }),
          user(text()),
        ],
      },
    ],
    [/no script expects/, {}],
  ])('%s', async (words, change) => {
    const model = await start({});
    const sent = clientOf(model).beta.messages.create({ ...base, ...change } as Create);
    await expect(sent).rejects.toMatchObject({ status: 400, type: 'invalid_request_error' });
    expect(model.violations).toHaveLength(1);
    expect(model.violations[0]).toMatch(words);
  });

  test('a body that is too large', async () => {
    const model = await start({ maxBodyBytes: 100 });
    const sent = clientOf(model).messages.create({ ...base, system: 'x'.repeat(200) });
    await expect(sent).rejects.toMatchObject({ status: 413, type: 'request_too_large' });
  });

  test('a call of an undeclared tool is a mistake of the script, unless it is meant', async () => {
    const tools = [{ name: 'none', input: {} }];
    const model = await start({ conversations: [{ turns: [{ tools }] }] });
    await expect(clientOf(model).messages.create(base)).rejects.toThrow(/calls none/);
    const meant = await start({
      conversations: [{ turns: [{ tools: [{ ...tools[0]!, undeclared: true }] }] }],
    });
    await expect(clientOf(meant).messages.create(base)).resolves.toBeDefined();
  });

  test.each<[RegExp, (second: Create) => void]>([
    [/system changed/, (second) => void Object.assign(second, { system: 'other' })],
    [/tools changed/, (second) => void Object.assign(second, { tools: [] })],
    [/messages\.0 changed/, (second) => void Object.assign(second.messages[0]!, { content: 'Hullo' })],
    [
      /not what the model said/,
      (second) => replyIn(second).splice(1, 1, { type: 'text', text: 'Put into its mouth' }),
    ],
    [/cannot be modified/, (second) => void replyIn(second).shift()],
    [/cannot be modified/, (second) => void Object.assign(replyIn(second)[0]!, { thinking: 'other' })],
  ])('%s between turns', async (words, spoil) => {
    const first = { thinking: 'Hm', text: 'Adding', tools: [{ name: 'add', input: { a: 1 } }] };
    const model = await start({
      conversations: [{ turns: [first, { text: 'done' }] }, { turns: [{ text: 'other' }] }],
    });
    const client = clientOf(model);
    const params: Create = { ...base, tools: [tool], system: 'same' };
    const { content } = await client.beta.messages.create(params);
    const id = content.find((block) => block.type === 'tool_use')!.id;
    const second = structuredClone({
      ...params,
      messages: [...base.messages, { role: 'assistant', content }, user(result(id))],
    }) as Create;
    spoil(second);
    await expect(client.beta.messages.create(second)).rejects.toMatchObject({ status: 400 });
    expect(model.violations[0]).toMatch(words);
  });

  const replyIn = (params: Create) => params.messages[1]!.content as Anthropic.Beta.BetaContentBlockParam[];

  test('a turn more than the script has', async () => {
    const model = await start({ conversations: [{ name: 'short', turns: [{ text: 'a' }] }] });
    const client = clientOf(model);
    await client.messages.create(base);
    const more = [...base.messages, { role: 'assistant' as const, content: 'a' }, ...base.messages];
    await expect(client.messages.create({ ...base, messages: more })).rejects.toThrow(/has no turn 1/);
  });

  test('a missing stream where one is expected', async () => {
    const model = await start({ stream: true, conversations: [{ turns: [{ text: 'a' }] }] });
    await expect(clientOf(model).messages.create(base)).rejects.toThrow(/stream/);
  });
});

describe('metering', () => {
  test('what was cached is read by the next turn', async () => {
    const model = await start({
      conversations: [{ forever: { tools: [{ name: 'add', input: { a: 1, b: 1 } }] } }],
    });
    const client = clientOf(model);
    await drain(
      runner(client, { max_iterations: 3, system: 'x'.repeat(400), cache_control: { type: 'ephemeral' } }),
    );
    const [one, two, three] = model.requests.map(({ usage }) => usage!);
    expect(one).toMatchObject({ cache_read_input_tokens: 0, input_tokens: 0 });
    expect(one!.cache_creation_input_tokens).toBeGreaterThan(100);
    expect(two!.cache_read_input_tokens).toBe(one!.cache_creation_input_tokens);
    expect(three!.cache_read_input_tokens).toBe(
      two!.cache_read_input_tokens + two!.cache_creation_input_tokens,
    );
    expect(model.violations).toEqual([]);
  });

  test('tokens are counted, and by lifetime', async () => {
    const model = await start({ conversations: [{ turns: [{ text: 'a' }] }] });
    const client = clientOf(model);
    expect(
      (await client.messages.countTokens({ model: base.model, messages: base.messages })).input_tokens,
    ).toBeGreaterThan(0);
    const system = [
      {
        type: 'text' as const,
        text: 'long lived',
        cache_control: { type: 'ephemeral' as const, ttl: '1h' as const },
      },
    ];
    const { usage } = await client.messages.create({ ...base, system });
    expect(usage.cache_creation?.ephemeral_1h_input_tokens).toBe(usage.cache_creation_input_tokens);
    expect(usage.input_tokens).toBeGreaterThan(0);
  });
});

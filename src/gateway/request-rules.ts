/** The fields of a Messages request that a session has a use for. */
const fields: ReadonlySet<string> = new Set([
  'model',
  'max_tokens',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'stream',
  'cache_control',
  'thinking',
  'output_config',
  'metadata',
  'stop_sequences',
  'temperature',
]);

/** The kinds of content that a session has a use for; none of them makes the API fetch anything. */
const contents: ReadonlySet<string> = new Set([
  'text',
  'tool_use',
  'tool_result',
  'thinking',
  'redacted_thinking',
]);

/**
 * Why a request may not go to the model, or undefined when it may. What is refused would make the API reach
 * out by itself (server tools such as web search, MCP servers, images and documents by URL) or keep state
 * (containers, files): ways around the room's having no network.
 */
export function refusal(body: Readonly<Record<string, unknown>>): string | undefined {
  const field = Object.keys(body).find((name) => !fields.has(name));
  if (field) return `the field ${JSON.stringify(field.slice(0, 60))} is not allowed`;
  const tool = list(body.tools).find(
    (entry) => !isRecord(entry) || (entry.type !== undefined && entry.type !== 'custom'),
  );
  if (tool) return 'only tools that run in the room are allowed';
  const blocks = list(body.messages).flatMap((message) =>
    isRecord(message) ? blocksIn(message.content) : [],
  );
  const block = [...blocks, ...blocksIn(body.system)].find(
    (entry) => !isRecord(entry) || !contents.has(String(entry.type)),
  );
  if ([body, ...list(body.tools), ...blocks, ...blocksIn(body.system)].some(cachesLonger))
    return 'only the cache of five minutes is allowed, which is what is counted';
  return block === undefined ? undefined : 'only text, tools and their results are allowed as content';
}

/** The cache of an hour costs more than the meter knows. */
function cachesLonger(value: unknown): boolean {
  const control = isRecord(value) ? value.cache_control : undefined;
  return isRecord(control) && control.ttl !== undefined && control.ttl !== '5m';
}

function blocksIn(content: unknown): unknown[] {
  if (typeof content === 'string' || content === undefined) return [];
  return list(content).flatMap((block) =>
    isRecord(block) && block.type === 'tool_result' ? [block, ...blocksIn(block.content)] : [block],
  );
}

function list(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

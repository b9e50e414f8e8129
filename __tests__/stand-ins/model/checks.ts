import { breakpointProblems } from './cache.ts';
import { blocksOf, idsOf } from './read.ts';
import type { Block, Body, Message } from './types.ts';

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;

const FIELDS = new Set(
  `billing_policy cache_control compaction container context_management diagnostics fallback_credit_token fallbacks
  inference_geo max_tokens mcp_servers messages metadata model output_config output_format service_tier speed
  stop_sequences stream system temperature thinking thread tool_choice tools top_k top_p user_profile_id workspace_id`.split(
    /\s+/,
  ),
);

/** What the real API would refuse in this request by itself, in the API's words; empty when it is in order. */
export function problemsOf(body: Body, counting = false): string[] {
  if (typeof body !== 'object' || body === null) return ['Input should be a valid dictionary'];
  const missing = ['model', ...(counting ? [] : ['max_tokens']), 'messages'].filter(
    (field) => body[field] === undefined,
  );
  if (missing.length > 0) return missing.map((field) => `${field}: Field required`);
  if (!Array.isArray(body.messages)) return ['messages: Input should be a valid list'];
  return [
    ...fieldProblems(body, counting),
    ...messageProblems(body),
    ...toolProblems(body),
    ...pairProblems(body.messages),
    ...breakpointProblems(body),
  ];
}

function fieldProblems(body: Body, counting: boolean): string[] {
  const problems = Object.keys(body)
    .filter((key) => !FIELDS.has(key))
    .map((key) => `${key}: Extra inputs are not permitted`);
  if (typeof body.model !== 'string' || body.model === '') {
    problems.push('model: String should have at least 1 character');
  }
  if (!counting && !(Number.isInteger(body.max_tokens) && body.max_tokens >= 1)) {
    problems.push('max_tokens: Input should be greater than or equal to 1');
  }
  const budget = body.thinking?.budget_tokens;
  if (typeof budget === 'number' && budget < 1024) {
    problems.push('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
  }
  if (!counting && typeof budget === 'number' && body.max_tokens <= budget) {
    problems.push('`max_tokens` must be greater than `thinking.budget_tokens`.');
  }
  if (body.thread !== undefined && body.thread !== null) {
    problems.push('thread: the stand-in holds no conversations; pass `thread: false` to the tool runner');
  }
  for (const [at, block] of blocksOf(body.system).entries()) {
    if (block.text === '') problems.push(`system.${at}: text content blocks must be non-empty`);
  }
  return problems;
}

function messageProblems({ messages }: Body): string[] {
  if (messages.length === 0) return ['messages: at least one message is required'];
  const problems: string[] = [];
  if (messages[0]?.role !== 'user') problems.push('messages: first message must use the "user" role');
  for (const [at, message] of messages.entries()) problems.push(...oneMessage(message, at));
  if (messages.at(-1)?.role === 'assistant') {
    problems.push(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    );
  }
  return problems;
}

function oneMessage(message: Message, at: number): string[] {
  const problems: string[] = [];
  if (!['user', 'assistant', 'system'].includes(message.role)) {
    problems.push(`messages.${at}.role: Input should be 'user' or 'assistant'`);
  }
  if (typeof message.content !== 'string' && !Array.isArray(message.content)) {
    return [...problems, `messages.${at}.content: Field required`];
  }
  if (message.content.length === 0) {
    problems.push(
      `messages.${at}: all messages must have non-empty content except for the optional final assistant message`,
    );
  }
  if (typeof message.content === 'string') return problems;
  for (const [n, block] of message.content.entries()) problems.push(...oneBlock(block, `messages.${at}`, n));
  return problems;
}

function oneBlock(block: Block, message: string, n: number): string[] {
  const where = `${message}.content.${n}`;
  if (typeof block !== 'object' || block === null || typeof block.type !== 'string') {
    return [`${where}.type: Field required`];
  }
  if (block.type === 'text' && block.text === '') return ['messages: text content blocks must be non-empty'];
  if (block.type === 'text' && String(block.text).trim() === '') {
    return ['messages: text content blocks must contain non-whitespace text'];
  }
  if (block.type === 'tool_result' && typeof block.tool_use_id !== 'string') {
    return [`${where}.tool_result.tool_use_id: Field required`];
  }
  if (block.type === 'tool_use' && (typeof block.input !== 'object' || block.input === null)) {
    return [`${where}.tool_use.input: Input should be a valid dictionary`];
  }
  return [];
}

function toolProblems({ tools, tool_choice }: Body): string[] {
  const problems: string[] = [];
  const names = (tools ?? []).flatMap((tool) => (typeof tool.name === 'string' ? [tool.name] : []));
  for (const [at, tool] of (tools ?? []).entries()) {
    // Anthropic's own tools carry a dated type and no schema.
    const own = tool.type === undefined || tool.type === 'custom';
    if (!own) continue;
    if (typeof tool.name !== 'string' || !TOOL_NAME.test(tool.name)) {
      problems.push(`tools.${at}.custom.name: String should match pattern '${TOOL_NAME.source}'`);
    }
    const schema = tool.input_schema as { type?: unknown } | undefined;
    if (schema === undefined) problems.push(`tools.${at}.custom.input_schema: Field required`);
    else if (schema.type === undefined) problems.push(`tools.${at}.custom.input_schema.type: Field required`);
    else if (schema.type !== 'object') {
      problems.push(`tools.${at}.custom.input_schema.type: Input should be 'object'`);
    }
  }
  if (new Set(names).size !== names.length) problems.push('tools: Tool names must be unique.');
  if (tool_choice?.type === 'tool' && !names.includes(String(tool_choice.name))) {
    problems.push(`Tool '${tool_choice.name}' not found in provided tools`);
  }
  return problems;
}

function pairProblems(messages: Message[]): string[] {
  const problems: string[] = [];
  for (const [at, message] of messages.entries()) {
    if (message.role === 'assistant') problems.push(...unanswered(messages, at));
    if (message.role === 'user') problems.push(...unasked(messages, at));
  }
  return problems;
}

function unanswered(messages: Message[], at: number): string[] {
  const asked = idsOf(messages[at], 'tool_use');
  if (asked.length === 0) return [];
  if (new Set(asked).size !== asked.length) return [`messages.${at}: \`tool_use\` ids must be unique`];
  const next = messages[at + 1];
  const answered = next?.role === 'user' ? idsOf(next, 'tool_result') : [];
  const lost = asked.filter((id) => !answered.includes(id));
  if (lost.length === 0) return [];
  return [
    `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${lost.join(', ')}. ` +
      'Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  ];
}

function unasked(messages: Message[], at: number): string[] {
  const before = messages[at - 1];
  const asked = new Set(before?.role === 'assistant' ? idsOf(before, 'tool_use') : []);
  const seen = new Set<string>();
  const problems: string[] = [];
  let textCame = false;
  for (const [n, block] of blocksOf(messages[at]?.content).entries()) {
    if (block.type !== 'tool_result') {
      textCame = true;
      continue;
    }
    const id = String(block.tool_use_id);
    if (!asked.has(id)) {
      problems.push(
        `messages.${at}.content.${n}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
          'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
      );
    } else if (seen.has(id)) {
      problems.push(
        `messages.${at}.content.${n}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
      );
    } else if (textCame) {
      problems.push(
        `messages.${at}.content.${n}: \`tool_result\` blocks must come before any other content in the message`,
      );
    }
    seen.add(id);
  }
  return problems;
}

import type { Block, Body, Message } from './types.ts';

/** A message's content as blocks; a string is one text block. */
export function blocksOf(content: string | Block[] | undefined): Block[] {
  if (content === undefined) return [];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

const textsOf = (blocks: Block[]): string =>
  blocks.flatMap((block) => (typeof block.text === 'string' ? [block.text] : [])).join('\n');

/** The whole system prompt as text. */
export const systemText = (body: Body): string => textsOf(blocksOf(body.system));

/** The text of the first user message. */
export const firstUserText = (body: Body): string => textsOf(blocksOf(body.messages?.[0]?.content));

/** The text of the last message. */
export const lastText = (body: Body): string => textsOf(blocksOf(body.messages?.at(-1)?.content));

/** The names of the declared tools. */
export const toolNames = (body: Body): string[] => (body.tools ?? []).flatMap((tool) => namesOf(tool));

/** A tool result of the last message, its content flattened to text. */
export type ToolResult = { id: string; text: string; isError: boolean };

/** The tool results that the last message holds. */
export function toolResults(body: Body): ToolResult[] {
  return blocksOf(body.messages?.at(-1)?.content)
    .filter((block) => block.type === 'tool_result')
    .map((block) => ({
      id: String(block.tool_use_id),
      text: textsOf(blocksOf(block.content as string | Block[] | undefined)),
      isError: block.is_error === true,
    }));
}

/** Whether a text stands anywhere in a value, at any depth, in a key or a string. */
export function holds(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value.includes(text);
  if (Array.isArray(value)) return value.some((item) => holds(item, text));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => key.includes(text) || holds(item, text));
}

/** The ids of a message's blocks of one type. */
export function idsOf(message: Message | undefined, type: 'tool_use' | 'tool_result'): string[] {
  const key = type === 'tool_use' ? 'id' : 'tool_use_id';
  return blocksOf(message?.content)
    .filter((block) => block.type === type)
    .map((block) => String(block[key]));
}

function namesOf(tool: Block): string[] {
  return typeof tool.name === 'string' ? [tool.name] : [];
}

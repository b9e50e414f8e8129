import { toolNames } from './read.ts';
import type { Block, Body, Turn } from './types.ts';

const BROKEN_JSON = '{"path": nothing, ]';

/** Makes ids that are unique within one stand-in and the same in every run. */
export type Ids = (prefix: string) => string;

/** A fresh source of ids. */
export function startIds(): Ids {
  let count = 0;
  return (prefix) => {
    count += 1;
    return `${prefix}_01StandIn${String(count).padStart(15, '0')}`;
  };
}

/** The content blocks of a scripted turn. */
export function compose(turn: Turn, ids: Ids): Block[] {
  const content: Block[] = [];
  if (turn.thinking !== undefined) {
    const signature = Buffer.from(`${ids('signature')}:${turn.thinking.length}`).toString('base64');
    content.push({ type: 'thinking', thinking: turn.thinking, signature });
  }
  if (turn.text) content.push({ type: 'text', text: turn.text });
  const tools = turn.tools ?? [];
  for (const [at, call] of tools.entries()) {
    const broken = turn.malformed === 'tool-json' && at === tools.length - 1;
    const input = broken ? BROKEN_JSON : call.input;
    content.push({ type: 'tool_use', id: call.id ?? ids('toolu'), name: call.name, input });
  }
  return content;
}

/** Why the reply ended, where the script does not say. */
export const stopReasonOf = (turn: Turn): string =>
  turn.stop_reason ?? (turn.tools && turn.tools.length > 0 ? 'tool_use' : 'end_turn');

/** The script's mistakes: calls of tools that the request does not declare, and tool input that is no object. */
export function scriptProblems(turn: Turn, body: Body): string[] {
  const declared = toolNames(body);
  const tools = turn.tools ?? [];
  const unknown = tools
    .filter((call) => !call.undeclared && !declared.includes(call.name))
    .map((call) => `stand-in: the script calls ${call.name}, but the tools are [${declared.join(', ')}]`);
  const bad = tools
    .filter((call) => typeof call.input !== 'object' || call.input === null)
    .map((call) => `stand-in: the script's input for ${call.name} is no object`);
  return [...unknown, ...bad];
}

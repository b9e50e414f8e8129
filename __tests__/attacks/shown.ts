import type { ModelRequest } from '../stand-ins/model/index.ts';
import { blocksOf, systemText } from '../stand-ins/model/read.ts';

/** What a model was shown, by where it stood. */
export interface Shown {
  /** Instructions: the system prompt, the names of tools and what is said of them. */
  rules: string;
  /** What was told in the conversation outside of every fence: it reads like the words of whoever asks. */
  said: string;
  /** What stood in fences, as data. */
  data: string;
  /** All of it, and what its tools gave back, as it was before JSON escaped it; not what the model said itself. */
  raw: string;
}

/** Takes apart what stood in the requests of sessions. */
export function shown(requests: readonly ModelRequest[]): Shown {
  const told = requests.flatMap(({ body }) =>
    (body.messages ?? [])
      .filter(({ role }) => role === 'user')
      .flatMap(({ content }) => blocksOf(content))
      .flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? [fenced(text)] : [])),
  );
  return {
    rules: requests.map(({ body }) => `${systemText(body)}\n${JSON.stringify(body.tools ?? [])}`).join('\n'),
    said: told.map(({ outside }) => outside).join('\n'),
    data: told.map(({ inside }) => inside).join('\n'),
    raw: requests
      .flatMap(({ body: { messages = [], ...rest } }) =>
        stringsIn([rest, messages.filter(({ role }) => role !== 'assistant')]),
      )
      .join('\n'),
  };
}

/** A Markdown text, in fences and outside of them, as CommonMark pairs them. */
export function fenced(text: string): { inside: string; outside: string } {
  const inside: string[] = [];
  const outside: string[] = [];
  let open: string | undefined;
  for (const line of text.split(/\r\n?|\n/)) {
    const marks = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/.exec(line);
    if (open === undefined) {
      if (marks) open = marks[1]!;
      else outside.push(line);
    } else if (marks && marks[1]!.startsWith(open) && marks[2] === '') open = undefined;
    else inside.push(line);
  }
  return { inside: inside.join('\n'), outside: outside.join('\n') };
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

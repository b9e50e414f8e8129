import { type ModelRequest, toolResults } from '../../__tests__/stand-ins/model/index.ts';

/** What the tools of the turn before gave back, in the order in which they were called. */
export function resultsOf(request: ModelRequest): string[] {
  return toolResults(request.body).map(({ text }) => text);
}

/** The first group of a match; a script that does not find what it goes on from must not go on. */
export function find(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`${pattern} is nowhere in:\n${text.slice(0, 2000)}`);
  return found;
}

/** The number of the first line that holds `part`, from 1, and the line. */
export function lineWith(text: string, part: string): { line: number; quote: string } {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.includes(part));
  if (at < 0) throw new Error(`${JSON.stringify(part)} is nowhere in:\n${text.slice(0, 2000)}`);
  return { line: at + 1, quote: lines[at]! };
}

import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const colored = process.stdout.isTTY === true && !process.env.NO_COLOR;
const width = Math.min(Math.max(process.stdout.columns ?? 100, 60), 110);
const label = 10;

/** Prints one line or more. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Colours on a terminal, plain text elsewhere. */
export function paint(style: Style, text: string): string {
  return colored ? styleText(style, text, { validateStream: false }) : text;
}

/** A heading over the whole width. */
export function heading(text: string): string {
  return paint('bold', `━━ ${text} ${'━'.repeat(Math.max(2, width - text.length - 4))}`);
}

/** Lines beside the name of what they are. */
export function field(name: string, lines: readonly string[]): string {
  const [first = '', ...rest] = lines;
  return [beside(name, first), ...rest.map((line) => beside('', line))].join('\n');
}

/** One line beside a name. */
export function beside(name: string, line: string): string {
  return `${paint('cyan', name.padEnd(label))}${line}`.trimEnd();
}

/** Text as it stands on a page: wrapped, with a bar before each line. Comments of HTML are not to be seen there. */
export function page(text: string): string[] {
  const seen = text.replaceAll(/<!--[\s\S]*?-->\n?/g, '').trim();
  const bar = paint('dim', '│');
  let isCode = false;
  return seen.split('\n').flatMap((line) => {
    const isFence = /^\s*```/.test(line);
    if (isFence) isCode = !isCode;
    const lines = isFence || isCode ? [line] : wrap(line);
    return lines.map((part) => `${bar} ${part}`.trimEnd());
  });
}

function wrap(line: string): string[] {
  const room = width - label - 2;
  const hanging = /^\s*(?:- )?/.exec(line)![0];
  const lines: string[] = [];
  let current = hanging;
  for (const word of line.slice(hanging.length).split(' ')) {
    if (current.length + word.length > room && current.trim() !== '') {
      lines.push(current.trimEnd());
      current = ' '.repeat(hanging.length);
    }
    current += `${word} `;
  }
  return [...lines, current.trimEnd()];
}

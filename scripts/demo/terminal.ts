import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const colored = process.stdout.isTTY === true && !process.env.NO_COLOR;
const width = Math.min(Math.max(process.stdout.columns ?? 100, 60), 110);
const label = 11;

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
  const start = paint('cyan', name.padEnd(label));
  return [start + first, ...rest.map((line) => (line === '' ? '' : ' '.repeat(label) + line))].join('\n');
}

/** Text as it stands on a page: wrapped, with a bar before each line. Comments of HTML are not to be seen there. */
export function page(text: string): string[] {
  const seen = text.replaceAll(/<!--[\s\S]*?-->\n?/g, '').trim();
  return seen.split('\n').flatMap((line) => wrap(line).map((part) => `${paint('dim', '│')} ${part}`.trimEnd()));
}

function wrap(line: string): string[] {
  const room = width - label - 2;
  const lines: string[] = [];
  let current = /^\s*/.exec(line)![0];
  for (const word of line.trim().split(/ +/)) {
    if (current.trim() !== '' && current.length + 1 + word.length > room) {
      lines.push(current);
      current = word;
    } else current = current.trim() === '' ? current + word : `${current} ${word}`;
  }
  return [...lines, current];
}

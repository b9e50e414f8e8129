import type { WriteStream } from 'node:tty';
import { sanitizeLog } from '../../core/sanitize.ts';

/** One line that says what is going on, rewritten on a terminal and printed a line each elsewhere. */
export function progressLine(stream: WriteStream): {
  say: (text: string) => void;
  warn: (text: string) => void;
  clear: () => void;
} {
  const isRewritten = stream.isTTY && process.env.TERM !== 'dumb';
  const erase = (): void => {
    if (!isRewritten) return;
    stream.cursorTo(0);
    stream.clearLine(0);
  };
  return {
    say: (text) => {
      const line = `countersign: ${sanitizeLog(text)}`;
      if (!isRewritten) return void stream.write(`${line}\n`);
      erase();
      // Some terminals don't tell their width.
      stream.write(cut(line, (stream.columns || 80) - 1));
    },
    warn: (text) => {
      erase();
      stream.write(`countersign: warning: ${sanitizeLog(text)}\n`);
    },
    clear: erase,
  };
}

/** What fits into `columns`, or else the line would wrap and its first part could not be erased. */
function cut(line: string, columns: number): string {
  let left = columns;
  let fits = '';
  for (const character of line) {
    // Beyond the alphabets of Europe a character may be two columns wide.
    left -= character > '\u04ff' ? 2 : 1;
    if (left < 0) break;
    fits += character;
  }
  return fits;
}

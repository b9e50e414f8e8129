import type { WriteStream } from 'node:tty';
import { harmless } from './world.ts';

/** One line that says what is going on, rewritten on a terminal and printed a line each elsewhere. */
export function progressLine(stream: WriteStream): {
  say: (text: string) => void;
  warn: (text: string) => void;
  clear: () => void;
} {
  const erase = (): void => {
    if (!stream.isTTY) return;
    stream.cursorTo(0);
    stream.clearLine(0);
  };
  return {
    say: (text) => {
      const line = harmless(text);
      if (!stream.isTTY) return void stream.write(`countersign: ${line}\n`);
      erase();
      stream.write(line.slice(0, Math.max(20, stream.columns - 1)));
    },
    warn: (text) => {
      erase();
      stream.write(`countersign: warning: ${harmless(text)}\n`);
    },
    clear: erase,
  };
}

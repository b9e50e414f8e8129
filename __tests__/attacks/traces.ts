import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { digest } from '../../src/core/digest.ts';

/** Secrets by name, none of which may turn up anywhere: plain, backwards, in hex, base64 or rot13. */
export class Canaries {
  readonly #needles = new Map<string, readonly string[]>();

  /** A new secret. */
  make(name: string): string {
    const text = `CANARY${randomBytes(9).toString('hex')}`;
    this.add(name, text);
    return text;
  }

  /** A secret that is there already. */
  add(name: string, text: string): void {
    const backwards = [...text].reverse().join('');
    this.#needles.set(name, [text, backwards, hex(text), rot13(text), ...base64(text)]);
  }

  /** The names of those that stand in `text`. */
  in(text: string): string[] {
    const lower = text.toLowerCase();
    return [...this.#needles].flatMap(([name, needles]) =>
      needles.some((needle) => text.includes(needle) || lower.includes(needle)) ? [name] : [],
    );
  }
}

const hex = (text: string): string => Buffer.from(text).toString('hex');

const rot13 = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => {
    const first = letter < 'a' ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - first + 13) % 26) + first);
  });

/** What is the same in base64 whatever stands before and behind, for each of the three places to start at. */
function base64(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.from('\0'.repeat(offset) + text)
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(Math.ceil((offset * 8) / 6), -1);
  });
}

/** Every file, link and directory below some directories, by its path and what it is. */
export type Snapshot = ReadonlyMap<string, string>;

/** @param leave paths that are left out with all that is below them */
export function snapshot(directories: readonly string[], leave: (path: string) => boolean): Snapshot {
  const found = new Map<string, string>();
  const visit = (directory: string): void => {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      if (leave(path)) continue;
      const stat = lstatSync(path);
      if (stat.isDirectory()) visit(path);
      const content = stat.isSymbolicLink()
        ? readlinkSync(path)
        : stat.isFile()
          ? digest(readFileSync(path, 'latin1'))
          : '';
      found.set(path, `${stat.mode.toString(8)} ${content}`);
    }
  };
  for (const directory of directories) visit(directory);
  return found;
}

/** The paths that are not as they were. */
export function changed(before: Snapshot, after: Snapshot): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

import { ansi } from '../core/ansi.ts';

/**
 * What a reader doesn't see but a machine reads: control, format (zero-width, bidi, tags) and other ignorable
 * characters, lone surrogates and code points that are no characters.
 */
const hidden = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/** `text` is what is left of a hostile text, `hidden` how many hidden characters and sequences went. */
export interface Stripped {
  text: string;
  hidden: number;
}

/**
 * `hostile` with line ends as `\n`, all spaces ordinary, and without terminal sequences, control characters
 * but newline and tab, and hidden Unicode.
 */
export function strip(hostile: string): Stripped {
  let gone = 0;
  const drop = (): string => {
    gone += 1;
    return '';
  };
  const text = hostile
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(ansi, drop)
    .replace(hidden, drop)
    .replace(/\p{Zs}/gu, ' ');
  return { text, hidden: gone };
}

/** `text` cut to `max` UTF-16 units with an ellipsis as the last of them; never in the middle of a character. */
export function bound(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, Math.max(0, max - 1)).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The last `max` units of `text`, with an ellipsis in front when something is missing: for output of programs. */
export function boundEnd(text: string, max: number): string {
  if (text.length <= max) return text;
  return `…${text.slice(text.length - Math.max(0, max - 1)).replace(/^[\udc00-\udfff]/, '')}`;
}

/** `hostile` stripped, on one line and bounded, but not escaped for any format. */
export function flat(hostile: string, max: number): string {
  return bound(strip(hostile).text.replace(/\s+/g, ' ').trim(), max);
}

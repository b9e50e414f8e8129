import { ansi } from './ansi.ts';

/**
 * The one table of characters that a reader doesn't see but a machine reads: controls, format characters
 * (zero-width and bidirectional marks, tags, interlinear annotations), what Unicode calls ignorable (fillers,
 * variation selectors), separators of lines and paragraphs, halves of surrogate pairs and code points that are
 * no characters. Every surface uses all of it, because what one lets through is where the next attack goes.
 */
const table =
  '[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Default_Ignorable_Code_Point}\\p{Noncharacter_Code_Point}\\u2028\\u2029]';

/** Ends of lines and tabs are layout, which each surface treats by itself. */
const invisible = new RegExp(`(?![\\n\\t])${table}`, 'gu');

const emoji = '\\p{Extended_Pictographic}';
const joining = [
  ...['Arab', 'Beng', 'Deva', 'Gujr', 'Guru', 'Knda', 'Khmr', 'Mlym'],
  ...['Mong', 'Orya', 'Sinh', 'Syrc', 'Taml', 'Telu', 'Tibt'],
]
  .map((script) => `\\p{Script=${script}}`)
  .join('');

/**
 * What makes visible text look as it should: the end of a line, joiners between letters of scripts that use
 * them, and the parts of one emoji. Only a model is shown it: a change in such a language or with such an emoji
 * is no attack, and written out it would read as one and be quoted wrongly. Where text is published, nothing is
 * lost without it that matters, so that there the table holds without exception.
 */
const visibleUse = [
  '\\r(?=\\n)',
  `(?<=${emoji})\\ufe0f`,
  '(?<=[0-9#*])\\ufe0f(?=\\u20e3)',
  `(?<=[${emoji}\\ufe0f\\p{Emoji_Modifier}${joining}])\\u200d(?=[${emoji}${joining}])`,
  `(?<=[${joining}])\\u200c(?=[${joining}])`,
].join('|');

const run = new RegExp(`(?:(?!${visibleUse}|[\\n\\t])${table})+`, 'gu');

/** More in a row is no mark of a script or of an attack on a reader's eyes, but may be a message. */
const longestRun = 8;

/** What has become of a text, and how many invisible characters (and terminal sequences that are gone) it had. */
export interface Cleaned {
  text: string;
  hidden: number;
}

/**
 * For a model: `text` with each invisible character written out as `\u{...}`, so that what was hidden is seen. A
 * long run of them is removed, and its length noted in its place: written out, a message in tag characters could
 * still be read.
 * @param longest how many in a row are written out
 */
export function escapeInvisible(text: string, longest = longestRun): Cleaned {
  let hidden = 0;
  const shown = text.replace(run, (characters) => {
    const points = [...characters];
    hidden += points.length;
    if (points.length > longest) return `[${points.length} hidden characters]`;
    return points.map((character) => `\\u{${character.codePointAt(0)!.toString(16).toUpperCase()}}`).join('');
  });
  return { text: shown, hidden };
}

/** The text behind one whose invisible characters are written out. */
export function unescapeInvisible(text: string): string {
  return text.replace(/\\u\{([0-9A-F]{1,6})\}/g, (whole, code: string) => {
    const point = Number.parseInt(code, 16);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

/** For a model: what a program printed, without colours, with one kind of line end, and the rest written out. */
export function escapeOutput(output: string): Cleaned {
  return escapeInvisible(output.replace(ansi, '').replace(/\r\n?/g, '\n'));
}

/** For people: `text` without the characters of the table. */
export function removeInvisible(text: string): Cleaned {
  let hidden = 0;
  const left = text.replace(invisible, () => {
    hidden += 1;
    return '';
  });
  return { text: left, hidden };
}

/** For programs: JSON that means the same, with the characters of the table as JSON's own escapes. */
export function escapeInvisibleInJson(json: string): string {
  return json.replace(invisible, (character) =>
    Array.from({ length: character.length }, (_, at) => unit(character.charCodeAt(at))).join(''),
  );
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

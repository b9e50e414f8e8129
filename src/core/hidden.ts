/**
 * What a reader doesn't see but a model reads: controls, soft hyphen, zero-width and bidirectional marks,
 * fillers, variation selectors and tags. Not what makes visible text look as it should: the end of a line,
 * joiners between letters of scripts that use them, and the parts of one emoji.
 */
const hidden = new RegExp(
  [
    '\\r(?!\\n)',
    '(?<!\\p{Extended_Pictographic}|[0-9#*](?=\\ufe0f\\u20e3))\\ufe0f',
    '(?<![\\p{Extended_Pictographic}\\ufe0f\\p{Emoji_Modifier}])(?<!LETTER)\\u200d',
    '\\u200d(?!\\p{Extended_Pictographic}|LETTER)',
    '(?<!LETTER)\\u200c',
    '\\u200c(?!LETTER)',
    '(?![\\t\\n\\r\\ufe0f\\u200c\\u200d])[\\p{Cc}\\p{Default_Ignorable_Code_Point}\\u2028\\u2029\\ufff9-\\ufffb]',
  ]
    .join('|')
    .replaceAll(
      'LETTER',
      `[${['Arab', 'Beng', 'Deva', 'Gujr', 'Guru', 'Knda', 'Khmr', 'Mlym', 'Mong', 'Orya', 'Sinh', 'Syrc', 'Taml', 'Telu', 'Tibt'].map((script) => `\\p{Script=${script}}`).join('')}]`,
    ),
  'gu',
);

/** More in a row is no mark of a script or of an attack on a reader's eyes, but may be a message. */
const longestRun = 8;

/**
 * `text` with each hidden character written out as `\u{...}`, so that what was hidden is seen, and how many
 * there were. A long run of them is removed, and its length noted in its place: written out, a message in
 * tag characters could still be read.
 * @param longest how many in a row are written out
 */
export function reveal(text: string, longest = longestRun): { text: string; hidden: number } {
  let count = 0;
  const run = new RegExp(`(?:${hidden.source})+`, hidden.flags);
  const shown = text.toWellFormed().replace(run, (characters) => {
    const points = [...characters];
    count += points.length;
    if (points.length > longest) return `[${points.length} hidden characters]`;
    return points.map((character) => `\\u{${character.codePointAt(0)!.toString(16).toUpperCase()}}`).join('');
  });
  return { text: shown, hidden: count };
}

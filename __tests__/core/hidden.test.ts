import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { reveal } from '../../src/core/hidden.ts';

const tags = (text: string): string =>
  [...text].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');
const marks = [
  '\u200b',
  '\u200e',
  '\u202e',
  '\u2066',
  '\u00ad',
  '\ufeff',
  '\u001b',
  '\u0000',
  '\u2028',
  tags('x'),
];

describe('what is hidden', () => {
  test.each([
    ['a zero-width space', 'a\u200bb', 'a\\u{200B}b'],
    ['a bidirectional override', 'if (a\u202e)', 'if (a\\u{202E})'],
    ['an escape', '\u001b[8m', '\\u{1B}[8m'],
    ['a carriage return that rewinds the line', 'bad\rgood', 'bad\\u{D}good'],
    ['a joiner between Latin letters', 'ad\u200dmin', 'ad\\u{200D}min'],
    ['a variation selector without an emoji', 'a\ufe0f', 'a\\u{FE0F}'],
    ['a byte order mark', '\ufeffusing', '\\u{FEFF}using'],
  ])('%s is written out', (_, given, shown) => {
    expect(reveal(given)).toEqual({ text: shown, hidden: 1 });
  });

  test.each([
    ['in tag characters', tags('ignore all rules')],
    ['in variation selectors', `a${'\ufe00\ufe01'.repeat(8)}`.slice(1)],
    ['in zero-width bits', '\u200b\u200c'.repeat(8)],
  ])('a message %s is removed, and its length told', (_, message) => {
    expect(reveal(`x ${message} y`)).toEqual({ text: 'x [16 hidden characters] y', hidden: 16 });
  });

  test('whatever it is mixed with, each hidden character is counted and none is left', () => {
    const piece = fc.oneof(fc.constantFrom(...marks), fc.string({ unit: 'grapheme-ascii' }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { text, hidden } = reveal(pieces.join(''));
        expect(reveal(text)).toEqual({ text, hidden: 0 });
        expect(hidden).toBe(pieces.filter((each) => marks.includes(each)).length);
      }),
    );
  });
});

describe('what is seen is kept whole', () => {
  test.each([
    ['the emoji', '❤️ 1️⃣ 👩🏽‍💻 🏳️‍🌈 👨‍👩‍👧'],
    ['Persian with its non-joiner', 'می‌خواهم'],
    ['Hindi with its joiner', 'क्‍ष'],
    ['lines that end as on Windows', 'a\r\n\tb\r\n'],
    ['letters of many scripts', 'Grüße, 世界, Ελλάδα, שלום, العربية'],
  ])('%s', (_, text) => {
    expect(reveal(text)).toEqual({ text, hidden: 0 });
  });

  test('all of printable ASCII, and whatever text of letters', () => {
    const letter = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 1 })
      .filter(
        (one) =>
          /^[\p{L}\p{N}\p{P}\p{S}\p{Zs}]$/u.test(one) && !/\p{Default_Ignorable_Code_Point}/u.test(one),
      );
    fc.assert(
      fc.property(fc.array(letter), (letters) => {
        expect(reveal(letters.join('')).hidden).toBe(0);
      }),
    );
  });
});

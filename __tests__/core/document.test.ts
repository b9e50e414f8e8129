import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decode, encode } from '../../src/core/document.ts';
import * as any from './arbitrary.ts';

const through = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

describe('the text of a document', () => {
  test('decodes to the document it was encoded from, also through a file', () => {
    fc.assert(
      fc.property(any.ledger, (ledger) => {
        for (const document of ledger) expect(decode(through(encode(document)))).toEqual(document);
      }),
    );
  });

  test('any single edit is detected', () => {
    const edit = fc.record({
      at: fc.nat(),
      how: fc.constantFrom('change', 'insert', 'remove'),
      to: fc.oneof(
        fc.constantFrom(' ', '\n', '-', ':', '#', '0', 'a', '"', "'", '\t', '\r', '\ufeff'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(
        any.ledger,
        fc.nat(),
        fc.array(edit, { minLength: 20, maxLength: 20 }),
        (ledger, which, edits) => {
          const points = [...encode(ledger[which % ledger.length]!)];
          for (const { at, how, to } of edits) {
            const i = at % points.length;
            const edited = [
              ...points.slice(0, i),
              ...(how === 'remove' ? [] : [to]),
              ...points.slice(how === 'insert' ? i : i + 1),
            ].join('');
            if (edited !== points.join('')) expect(() => decode(edited)).toThrow();
          }
        },
      ),
    );
  });

  test('a moved, doubled or removed line of front matter is detected', () => {
    fc.assert(
      fc.property(any.ledger, fc.nat(), fc.nat(), fc.nat(), (ledger, which, from, to) => {
        const text = encode(ledger[which % ledger.length]!);
        const end = text.indexOf('\n---\n', 3);
        const lines = text.slice(4, end).split('\n');
        const line = lines[from % lines.length]!;
        const without = lines.toSpliced(from % lines.length, 1);
        const whole = (front: readonly string[]): string => `---\n${front.join('\n')}${text.slice(end)}`;
        for (const edited of [
          whole(without),
          whole(without.toSpliced(to % lines.length, 0, line)),
          whole(lines.toSpliced(to % lines.length, 0, line)),
        ]) {
          if (edited !== text) expect(() => decode(edited)).toThrow();
        }
      }),
    );
  });

  test.each([
    ['', /starts with front matter/],
    ['---\n[]\n---\n', /not a map/],
    ['---\nkind: spell\n---\n', /unknown kind/],
    ['---\nkind: __proto__\n---\n', /unknown kind|front matter/],
    ['---\nkind: toString\n---\n', /unknown kind|front matter/],
    ['---\na: &a [1]\nb: *a\n---\n', /alias/i],
  ])('%j is refused in a line', (text, why) => {
    expect(() => decode(text)).toThrow(why);
  });
});

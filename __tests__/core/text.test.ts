import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fence, fenceMarks, truncate, truncateStart } from '../../src/core/text.ts';
import { fenced } from '../attacks/shown.ts';
import { times } from '../property.ts';

const runs = times(8);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', '世', '🎉', '\ud83c', '\udf89', '\n') }),
);

describe('a text that is cut', () => {
  test('is as long as it may be at most, well-formed, and says that something is missing', () => {
    fc.assert(
      fc.property(text, fc.nat(40), (given, max) => {
        for (const cut of [truncate(given, max), truncateStart(given, max), truncate(given, max, '')]) {
          expect(cut.length).toBeLessThanOrEqual(max);
          expect(cut.isWellFormed()).toBe(true);
        }
        const whole = given.toWellFormed();
        if (given.length <= max) {
          expect([truncate(given, max), truncateStart(given, max), truncate(given, max, '')]).toEqual([
            whole,
            whole,
            whole,
          ]);
        } else if (max > 0) {
          expect(truncate(given, max).at(-1)).toBe('…');
          expect(truncateStart(given, max)[0]).toBe('…');
        }
      }),
      runs,
    );
  });

  test('keeps all that fits, and no half of a character', () => {
    expect(truncate('one two', 5)).toBe('one …');
    expect(truncate('one two', 5, '')).toBe('one t');
    expect(truncate('one two', 5, ' (cut)')).toBe(' (cut');
    expect(truncateStart('one two', 5)).toBe('… two');
    expect(truncate('12🎉45', 4)).toBe('12…');
    expect(truncate('12🎉45', 5)).toBe('12🎉…');
    expect(truncateStart('12🎉45', 4)).toBe('…45');
    expect(truncateStart('12🎉45', 5)).toBe('…🎉45');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (given, max) => {
        const [start, end] = [truncate(given, max, ''), truncateStart(given, max).replace(/^…/, '')];
        expect(given.startsWith(start)).toBe(true);
        if (!given.startsWith('…')) expect(given.endsWith(end)).toBe(true);
        expect(start.length).toBeGreaterThanOrEqual(Math.min(given.length, max - 1));
      }),
      runs,
    );
  });
});

describe('a fence', () => {
  const hostile = fc
    .array(fc.constantFrom('`', '```', '````', '~~~', '\n', '```text\n', '\n```\n', 'x', '   '))
    .map((parts) => parts.join(''));

  test('holds all of a text, whatever runs of backticks are in it', () => {
    fc.assert(
      fc.property(hostile, (given) => {
        const { inside, outside } = fenced(`before\n${fence(given)}\nafter`);
        expect(outside).toBe('before\nafter');
        expect(inside).toBe(given.endsWith('\n') ? given.slice(0, -1) : given);
      }),
      runs,
    );
  });

  test('has marks that are longer than any in the text, and no longer than they have to be', () => {
    expect(fence('a', 'diff')).toBe('```diff\na\n```');
    expect(fence('a\n')).toBe('```text\na\n```');
    expect(fence('a ```` b')).toBe('`````text\na ```` b\n`````');
    expect([fenceMarks('a'), fenceMarks('a', 1), fenceMarks('`', 1), fenceMarks('``')]).toEqual([
      '```',
      '`',
      '``',
      '```',
    ]);
  });

  test('is found for a text of very many of them', () => {
    expect(fenceMarks('` '.repeat(200_000))).toBe('```');
    expect(fenceMarks('`'.repeat(1_000_000))).toHaveLength(1_000_001);
  });
});

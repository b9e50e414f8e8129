import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  escapeCommands,
  sanitize,
  sanitizeLine,
  sanitizeLog,
  sanitizeText,
} from '../../src/core/sanitize.ts';
import { times } from '../property.ts';
import { hostile } from '../views/hostile.ts';

const runs = times(8);

describe('hostile text for people', () => {
  test('loses what is hidden, counted, once and for all', () => {
    expect(sanitize('a\u200bb\u{e0041}\u202ec')).toEqual({ text: 'abc', hidden: 3 });
    expect(sanitize('\u001b[1;31mred\u001b[0m')).toEqual({ text: 'red', hidden: 2 });
    expect(sanitize('\u001b]8;;https://x\u0007text\u001b]8;;\u0007').text).toBe('text');
    expect(sanitize('one\r\ntwo\rthree\u2028four').text).toBe('one\ntwo\nthree\nfour');
    expect(sanitize('Grüße, 世界 🎉\tend\n')).toEqual({ text: 'Grüße, 世界 🎉\tend\n', hidden: 0 });
    fc.assert(
      fc.property(hostile, (text) => {
        const once = sanitize(text).text;
        expect(sanitize(once)).toEqual({ text: once, hidden: 0 });
      }),
      runs,
    );
  });

  test('is bounded, and a line where one is asked for', () => {
    expect(sanitizeText('a\u200bb\r\nc\u00a0d', 5)).toBe('ab\nc…');
    expect(sanitizeLine('  a\r\n\tb\u2028c  ', 9)).toBe('a b c');
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, max) => {
        expect(sanitizeText(text, max).length).toBeLessThanOrEqual(max);
        expect(sanitizeLine(text, max).length).toBeLessThanOrEqual(max);
        expect(sanitizeLine(text, max)).not.toContain('\n');
      }),
      runs,
    );
  });
});

describe('a line of a log', () => {
  test('gives a runner nothing to obey', () => {
    expect(sanitizeLog('::set-output name=a::1')).toBe(': :set-output name=a::1');
    expect(sanitizeLog('a\r\n::error::b')).toBe('a ::error::b');
    expect(sanitizeLog('x ##[error]y ##vso[task]')).toBe('x # #[error]y # #vso[task]');
    expect(sanitizeLog('#\u200b#[error] :\u200b:')).toBe('# #[error] ::');
    fc.assert(
      fc.property(hostile, (text) => {
        const line = sanitizeLog(text);
        expect(line).not.toMatch(/[\r\n]|^\s*::|##\[|##vso\[/i);
        expect(escapeCommands(line)).toBe(line);
      }),
      runs,
    );
  });

  test('has an end', () => {
    expect(sanitizeLog(`${'x'.repeat(998)}🎉🎉`)).toBe(`${'x'.repeat(998)}…`);
  });
});

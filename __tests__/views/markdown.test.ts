import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { code, fence, prose, sentence } from '../../src/views/markdown.ts';
import { times } from '../property.ts';
import { hostile, nasty } from './hostile.ts';
import { active } from './inert.ts';

const runs = times(20);

test('the judge of these tests sees what is active when nothing has been done about it', () => {
  const missed = nasty.filter((text) => text.trim() !== '' && active(text) === undefined);
  // Fences and spans that end, words, and what acts only in git, a terminal or a CI job's log.
  expect(missed).toMatchSnapshot();
});

describe('hostile text in Markdown', () => {
  test.each(nasty)('%j is inert as prose, sentence, code and fence', (text) => {
    for (const out of [
      prose(text, 4000),
      sentence(text, 400),
      `a ${code(text, 400)} b`,
      fence(text, 'js', 4000),
    ]) {
      expect(active(out)).toBeUndefined();
    }
  });

  test('prose of anything holds no active construct', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(active(prose(text, 4000))).toBeUndefined();
      }),
      runs,
    );
  });

  test('a sentence of anything is one line and holds no active construct', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const out = sentence(text, 300);
        expect(out).not.toContain('\n');
        expect(active(`- ${out}`)).toBeUndefined();
      }),
      runs,
    );
  });

  test('code of anything is one span, also with backticks on both sides of it', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(active(`before ${code(text, 200)}, ${code('x', 5)} after`)).toBeUndefined();
      }),
      runs,
    );
  });

  test('a fence of anything ends where it should', () => {
    fc.assert(
      fc.property(hostile, hostile, (text, language) => {
        const out = `${fence(text, language, 4000)}\n\nafter`;
        expect(active(out)).toBeUndefined();
        expect(out).toMatch(/\nafter$/);
      }),
      runs,
    );
  });

  test('a cut anywhere leaves it inert and bounded', () => {
    fc.assert(
      fc.property(hostile, fc.nat(80), (text, max) => {
        expect(active(prose(text, max))).toBeUndefined();
        expect(prose(text, max).length).toBeLessThanOrEqual(7 * max + 20);
      }),
      runs,
    );
  });

  test('plain prose, lists and code stay as they are', () => {
    const plain = [
      'Adding prices as floats loses cents: `0.1 + 0.2` is not `0.3`, so tests fail (sometimes).',
      '',
      '- keep `cents`',
      '- divide only for display!',
      '',
      '1. first',
      '',
      '```ts',
      'const a = b[0];',
      '```',
      '',
      'Is that all? Yes; "really".',
    ].join('\n');
    expect(prose(plain, 4000)).toBe(plain);
  });

  test('what could act stands in code, with its punctuation outside', () => {
    expect(prose('ask @octocat, see https://x.example/a (or #12).', 400)).toBe(
      'ask `@octocat`, see `https://x.example/a` (or `#12`).',
    );
    expect(prose('fixes #12 #13', 400)).toBe('fixes `#12 #13`');
    expect(prose('call `foo`@bar now', 400)).toBe('call `foo@bar` now');
    expect(prose('use Array<string> and snake_case', 400)).toBe('use `Array<string>` and `snake_case`');
    expect(prose('a < b && c > d * 2', 400)).toBe('a &lt; b &amp;&amp; c &gt; d \\* 2');
    expect(prose('```suggestion\nx\n```', 400)).toBe('```\nx\n```');
  });
});

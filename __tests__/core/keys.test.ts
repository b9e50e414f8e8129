import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { digest } from '../../src/core/digest.ts';
import { effect, effectKey, effectTypeOf, effectTypes } from '../../src/core/effect.ts';

const id = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 20, maxLength: 20 });

describe('digests and keys', () => {
  test('a digest is SHA-256, the same for a text and for its bytes', () => {
    expect(digest('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(digest(a)).toBe(digest(Buffer.from(a)));
        expect(digest(a) === digest(b)).toBe(a === b);
      }),
    );
  });

  test('a key tells tasks and effects apart and fits its schema', () => {
    fc.assert(
      fc.property(
        id,
        id,
        fc.constantFrom(...effectTypes),
        fc.constantFrom(...effectTypes),
        (a, b, one, other) => {
          expect(effectKey(a, one) === effectKey(b, other)).toBe(a === b && one === other);
          const made = { type: one, key: effectKey(a, one), conclusion: 'success' };
          expect(effect.safeParse(made).success).toBe(true);
          expect(effect.safeParse({ ...made, key: `${a}/${one}\n` }).success).toBe(false);
          expect(effectTypeOf(effectKey(a, one))).toBe(one);
          for (const key of [a, one, `${a}/`, `${a}/${one}s`, `${a}/x-${one}`])
            expect(effectTypeOf(key)).toBeUndefined();
        },
      ),
    );
  });
});

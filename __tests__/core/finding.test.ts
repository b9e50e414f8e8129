import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { breaks, bySeverity, severities, worstFirst, worstOf } from '../../src/core/finding.ts';
import { finding } from '../platforms/github/scene.ts';

test('findings are sorted from the worst and surest to the mildest, and none is lost or moved without need', () => {
  const any = fc.record({
    severity: fc.constantFrom(...severities),
    confidence: fc.constantFrom(0, 0.5, 1),
    line: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(any), (list) => {
      const given = list.map((each) => finding({ ...each, endLine: 9 }));
      const sorted = worstFirst(given);
      expect(new Set(sorted)).toEqual(new Set(given));
      for (const [index, worse] of sorted.entries()) {
        const next = sorted[index + 1];
        if (!next) break;
        expect(bySeverity(worse, next)).toBeLessThanOrEqual(0);
        expect(breaks(worse.severity, next.severity)).toBe(true);
        if (worse.severity !== next.severity) continue;
        expect(worse.confidence).toBeGreaterThanOrEqual(next.confidence);
        if (worse.confidence === next.confidence)
          expect(given.indexOf(worse)).toBeLessThan(given.indexOf(next));
      }
      if (sorted[0]) expect(worstOf(given)).toBe(sorted[0].severity);
    }),
  );
});

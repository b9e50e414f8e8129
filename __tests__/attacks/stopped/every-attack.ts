import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runSuite } from '../../../scripts/attacks/suite.ts';
import { parts } from '../groups/index.ts';

const actionDir = process.env.COUNTERSIGN_ACTION ?? fileURLToPath(new URL('../../..', import.meta.url));

/** The tests that the action, as it is published, stops every attack of one part. */
export function stopsEveryAttack(part: keyof typeof parts): void {
  describe('the action as it is published stops every attack:', () => {
    test.each(parts[part])('$name', async (group) => {
      expect(basename(expect.getState().testPath!)).toBe(`${part}.test.ts`);
      const result = await runSuite({ groups: [group], actionDir, alone: false, say: () => {} });
      expect(result.untried).toEqual([]);
      expect(result.tries.filter(({ won }) => won !== undefined)).toEqual([]);
      expect(result.others).toEqual([]);
      expect(result.tries).toHaveLength(group.attacks.length);
    });
  });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { mustWin, runSuite } from '../../../scripts/attacks/suite.ts';
import { makeAction } from '../../../scripts/attacks/variant.ts';
import { type Attack, type Layer, layersOf } from '../attack.ts';
import { groups } from '../groups/index.ts';

/** What a person needs to know of an attack, on a line. */
const line = ({ id, name }: Attack): string => `${id}: ${name}`;

/**
 * The test that without a layer every attack wins that no other layer stops; what several layers stop has to win
 * when they are all gone.
 */
export function letsWin(...without: readonly Layer[]): void {
  const name = without.length === 1 ? without[0]! : `both of ${without.join(' and ')}`;
  describe('a layer that is taken out lets win what it alone stops:', () => {
    test(`${name}`, async () => {
      expect(basename(expect.getState().testPath!)).toBe(`${without.join('-and-')}.test.ts`);
      const actionDir = mkdtempSync(join(tmpdir(), 'attacks-without-'));
      try {
        await makeAction(actionDir, without);
        const { tries, untried } = await runSuite({
          groups,
          actionDir,
          choose: (one) => layersOf(one).length === without.length && mustWin(one, without),
          alone: true,
          say: () => {},
        });
        expect(untried).toEqual([]);
        expect(tries).not.toEqual([]);
        expect(tries.filter(({ won }) => won === undefined).map(({ attack }) => line(attack))).toEqual([]);
      } finally {
        rmSync(actionDir, { recursive: true, force: true });
      }
    });
  });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mustWin, runSuite } from '../../scripts/attacks/suite.ts';
import { makeAction } from '../../scripts/attacks/variant.ts';
import { type Attack, type Layer, layerNames, layersOf } from './attack.ts';
import { groups } from './groups/index.ts';

/** More than it takes by far, on a machine with other things to do. */
const minutes = 60_000;

/** What a person needs to know of an attack, on a line. */
const line = ({ id, name }: Attack): string => `${id}: ${name}`;

describe('a layer that is taken out lets win what it alone stops:', () => {
  let variant: string;
  beforeAll(() => {
    variant = mkdtempSync(join(tmpdir(), 'attacks-without-'));
  });
  afterAll(() => rmSync(variant, { recursive: true, force: true }));

  const winsWithout = async (without: readonly Layer[]): Promise<void> => {
    const actionDir = join(variant, without.join('-'));
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
  };

  test.each(layerNames)('%s', (layer) => winsWithout([layer]), 10 * minutes);

  // What two layers stop wins only when both are gone.
  const attacks = groups.flatMap((group) => group.attacks);
  const pairs = new Set(attacks.filter(({ also }) => also?.length).map((one) => layersOf(one).join(' and ')));
  test.each([...pairs])('both of %s', (names) => winsWithout(names.split(' and ') as Layer[]), 10 * minutes);
});

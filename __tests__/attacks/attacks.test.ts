import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mustWin, type Result, runSuite } from '../../scripts/attacks/suite.ts';
import { rowsOf } from '../../scripts/attacks/table.ts';
import { makeAction } from '../../scripts/attacks/variant.ts';
import { type Attack, type Layer, layerNames, layersOf } from './attack.ts';
import { groups } from './groups/index.ts';

const attacks = groups.flatMap((group) => group.attacks);

/** More than it takes by far, on a machine with other things to do. */
const minutes = 60_000;

/** What a person needs to know of an attack, on a line. */
const line = ({ id, name }: Attack): string => `${id}: ${name}`;

const runOn = (actionDir: string, choose: (one: Attack) => boolean, alone: boolean): Promise<Result> =>
  runSuite({ groups, actionDir, choose, alone, say: () => {} });

describe('the catalogue of attacks', () => {
  test('is covered: every row of it has an attack', () => {
    // The rows of the catalogue: instructions that get in (A), secrets that get out (B), output that becomes code
    // or rights (C).
    const rows = [
      ...Array.from({ length: 10 }, (_, index) => `A${index + 1}`),
      ...Array.from({ length: 13 }, (_, index) => `B${index + 1}`),
      ...Array.from({ length: 18 }, (_, index) => `C${index + 1}`),
    ];
    expect(rowsOf(attacks)).toEqual(rows);
  });

  test('has at least 120 attacks, each with a name of its own, and exactly twenty strongest', () => {
    expect(attacks.length).toBeGreaterThanOrEqual(120);
    expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
    expect(attacks.filter(({ strongest }) => strongest)).toHaveLength(20);
  });
});

describe('the action as it is published', () => {
  const actionDir = process.env.COUNTERSIGN_ACTION ?? fileURLToPath(new URL('../..', import.meta.url));
  test(
    'stops every attack',
    async () => {
      const result = await runOn(actionDir, () => true, false);
      expect(result.untried).toEqual([]);
      expect(result.tries.filter(({ won }) => won !== undefined)).toEqual([]);
      expect(result.others).toEqual([]);
      expect(result.tries).toHaveLength(attacks.length);
    },
    5 * minutes,
  );
});

describe('a layer that is taken out lets win what it alone stops:', () => {
  let variant: string;
  beforeAll(() => {
    variant = mkdtempSync(join(tmpdir(), 'attacks-without-'));
  });
  afterAll(() => rmSync(variant, { recursive: true, force: true }));

  const winsWithout = async (without: readonly Layer[]): Promise<void> => {
    const actionDir = join(variant, without.join('-'));
    await makeAction(actionDir, without);
    const { tries, untried } = await runOn(
      actionDir,
      (one) => layersOf(one).length === without.length && mustWin(one, without),
      true,
    );
    expect(untried).toEqual([]);
    expect(tries).not.toEqual([]);
    expect(tries.filter(({ won }) => won === undefined).map(({ attack }) => line(attack))).toEqual([]);
  };

  test.each(layerNames)('%s', (layer) => winsWithout([layer]), 5 * minutes);

  // What two layers stop wins only when both are gone.
  const pairs = new Set(attacks.filter(({ also }) => also?.length).map((one) => layersOf(one).join(' and ')));
  test.each([...pairs])('both of %s', (names) => winsWithout(names.split(' and ') as Layer[]), 5 * minutes);
});

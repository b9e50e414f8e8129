import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runSuite } from '../../scripts/attacks/suite.ts';
import { rowsOf, table } from '../../scripts/attacks/table.ts';
import { type Group, layerNames, layersOf } from './attack.ts';
import { groups, parts } from './groups/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const attacks = groups.flatMap((group) => group.attacks);

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

describe('the files of tests', () => {
  const filesIn = (folder: string): string[] =>
    readdirSync(new URL(folder, import.meta.url))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => name.replace('.test.ts', ''));

  test('try every part of the attacks', () => {
    expect(filesIn('stopped').sort()).toEqual(Object.keys(parts).sort());
  });

  test('take out every layer, and every two that stop something together', () => {
    const together = attacks.map((attack) => layersOf(attack).join('-and-'));
    expect(filesIn('layers').sort()).toEqual([...new Set([...layerNames, ...together])].sort());
  });
});

describe('npm run attacks', () => {
  const attempt = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/attacks.ts', ...args], { encoding: 'utf8', cwd: root });

  test.each([
    [['--without', 'hope'], '--without "hope": there is no such layer; it must be one of sandbox, '],
    [['--strongest', '--without', 'sandbox'], '--strongest and --without exclude each other.'],
    [['--nope'], "Unknown option '--nope'"],
  ])('says in one line why it can not do %j', (args, why) => {
    const { status, stdout, stderr } = attempt(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^attacks: .*\n$/);
    expect(stderr).toContain(why);
  });

  test('takes an attack that could not be tried for no stopped one, and what leaks besides for one that won', async () => {
    const some = attacks.slice(0, 3);
    const group = (name: string, run: Group['run']): Group => ({ name, attacks: some, run });
    const result = await runSuite({
      groups: [
        group('broken', () => Promise.reject(new Error('no room'))),
        group(
          'leaky',
          async () =>
            new Map([
              [some[0]!.id, 'it read'],
              ['the log', 'it told'],
            ]),
        ),
      ],
      actionDir: root,
      alone: false,
      say: () => {},
    });
    expect(result.untried).toMatchObject([{ group: 'broken', why: 'no room' }]);
    expect(table(result, result.others.length)).toMatch(/\nattacks: tried 4, stopped 2, won 2$/);
  });
});

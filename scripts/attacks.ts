import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Attack, layersOf } from '../__tests__/attacks/attack.ts';
import { groups } from '../__tests__/attacks/groups/index.ts';
import { help, type Options, readOptions } from './attacks/options.ts';
import { mustWin, type Result, runSuite } from './attacks/suite.ts';
import { listing, sum, table } from './attacks/table.ts';
import { makeAction } from './attacks/variant.ts';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

// `npm run attacks | head` closes the pipe early; the runs still end in order and clean up.
process.stdout.on('error', () => undefined);
process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  const options = readOptions(argv);
  if ('misuse' in options) {
    say(`attacks: ${options.misuse}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const choose = choiceOf(options);
  const chosen = groups.flatMap(({ attacks }) => attacks).filter(choose);
  if (options.list) {
    process.stdout.write(`${options.json ? JSON.stringify(chosen, null, 2) : listing(chosen)}\n`);
    return 0;
  }
  const variant = options.without.length > 0 ? mkdtempSync(join(tmpdir(), 'attacks-without-')) : undefined;
  try {
    if (variant) {
      say(`building the action without ${options.without.join(', ')}`);
      await makeAction(variant, options.without);
    }
    const here = fileURLToPath(new URL('..', import.meta.url));
    const actionDir = variant ?? process.env.COUNTERSIGN_ACTION ?? here;
    say(`attacking ${actionDir} with ${chosen.length} attacks`);
    const result = await runSuite({ groups, actionDir, choose, alone: variant !== undefined, say });
    return tell(result, options);
  } finally {
    if (variant) rmSync(variant, { recursive: true, force: true });
  }
}

function choiceOf({ strongest, without }: Options): (attack: Attack) => boolean {
  if (strongest) return (attack) => attack.strongest === true;
  if (without.length === 0) return () => true;
  return (attack) => layersOf(attack).some((layer) => without.includes(layer));
}

/** Says what came of it, on standard error what needs a person; gives the exit code. */
function tell(result: Result, { json, without }: Options): number {
  const { tries, others, untried, seconds } = result;
  const winners = tries.filter(({ won }) => won !== undefined);
  for (const { attack, won } of winners)
    say(`WON ${attack.id} (${attack.rows.join(' ')}) ${attack.name}: ${won}`);
  for (const { group, name, won } of others) say(`WON ${name} of "${group}": ${won}`);
  for (const { group, attacks, why } of untried)
    say(`NOT TRIED ${attacks.length} of "${group}" (${attacks[0]!.id} and on): ${why}`);
  const losers =
    without.length === 0 ? [] : tries.filter(({ won }) => won === undefined).map(({ attack }) => attack);
  for (const attack of losers.filter((one) => mustWin(one, without)))
    say(`A DEFECT OF THE SUITE: ${attack.id} (${attack.name}) does not win though its layer is out`);
  say(`${seconds.toFixed(1)} s`);
  if (json) {
    const shown = { ...result, tries: tries.map(({ attack, ...rest }) => ({ ...attack, ...rest })) };
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    say(sum(result, others.length));
  } else process.stdout.write(`${table(result, others.length)}\n`);
  if (winners.length + others.length > 0) return 1;
  if (without.length > 0) say(`A DEFECT OF THE SUITE: without ${without.join(', ')} no attack wins`);
  return without.length > 0 || untried.length > 0 ? 3 : 0;
}

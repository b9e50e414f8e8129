import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { taskOf } from '../../../src/core/ledger.ts';
import * as real from '../../../src/core/prompt.ts';
import { told } from './told.ts';

export const { instructionsOf } = real;

/** Everything that anybody has said, and what other sessions on this machine have left. */
export const promptOf: typeof real.promptOf = (agent, stage, attempt, ledger) =>
  [real.promptOf(agent, stage, attempt, ledger), ...told, ...others(taskOf(ledger).id)].join('\n\n');

function others(own: string): string[] {
  const directory = join(process.env.RUNNER_TEMP!, 'countersign/ledgers');
  return readdirSync(directory)
    .filter((task) => task !== own)
    .flatMap((task) => readdirSync(join(directory, task)).map((name) => join(directory, task, name)))
    .filter((path) => path.endsWith('.md'))
    .map((path) => readFileSync(path, 'utf8'));
}

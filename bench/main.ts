import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureCollect } from './collect.ts';
import { measureGateway } from './gateway.ts';
import { measureRequests } from './requests.ts';
import { measureSandbox } from './sandbox.ts';
import { measureStart } from './start.ts';
import { measureTurns } from './turns.ts';

/** One figure beside its reference, taken in the same run because machines differ and are noisy. */
export interface Row {
  what: string;
  ours: string;
  reference: string;
  ratio: string;
  aim: string;
}

if (process.argv.includes('--help')) {
  console.log(
    'Usage: npm run bench\n\nPrints figures beside references taken in the same run. Nothing is asserted.',
  );
  process.exit(0);
}

const scratch = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
try {
  const rows: Row[] = [];
  for (const measure of [
    measureStart,
    measureSandbox,
    measureTurns,
    measureGateway,
    measureCollect,
    measureRequests,
  ]) {
    process.stderr.write(`${measure.name} ...\n`);
    rows.push(...(await measure(scratch)));
  }
  for (const name of ['index', 'post', 'cli', 'generator', 'reviewer']) {
    const bytes = statSync(`dist/${name}.js`).size;
    rows.push({
      what: `bundle dist/${name}.js`,
      ours: `${Math.round(bytes / 1024)} KB`,
      reference: '',
      ratio: '',
      aim: '',
    });
  }
  const { what, ...titles } = {
    what: 'figure',
    ours: 'Countersign',
    reference: 'reference',
    ratio: 'ratio',
    aim: 'aim',
  };
  print([{ what, ...titles }, ...rows]);
  console.log(`\nNode ${process.version}, ${execFileSync('git', ['--version']).toString().trim()}.`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function print(rows: readonly Row[]): void {
  const columns = ['what', 'ours', 'reference', 'ratio', 'aim'] as const;
  const widths = columns.map((column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows)
    console.log(
      columns
        .map((column, i) => row[column].padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    );
}

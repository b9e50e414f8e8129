import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { RunResult } from '../../__tests__/stand-ins/runner.ts';

export interface Kept {
  report: string;
  ledger: string;
}

/** Makes the folder for what the runs leave, without what an earlier demo left there. */
export function emptyOutput(directory: string): string {
  const output = resolve(directory);
  for (const name of ['reports', 'ledgers']) {
    rmSync(join(output, name), { recursive: true, force: true });
    mkdirSync(join(output, name), { recursive: true });
  }
  return output;
}

/** Copies a run's report and ledger out of the runner's folder for temporary files, which goes away. */
export function keep({ outputs }: RunResult, output: string, name: string): Kept | undefined {
  if (!outputs.report || !outputs.ledger) return undefined;
  const report = join(output, 'reports', `${name}.html`);
  const ledger = join(output, 'ledgers', name);
  cpSync(outputs.report, report);
  cpSync(outputs.ledger, ledger, { recursive: true });
  rmSync(join(ledger, 'report.html'), { force: true });
  return { report: nearest(report), ledger: nearest(ledger) };
}

function nearest(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { RunResult } from '../../__tests__/stand-ins/runner.ts';

export interface Kept {
  report: string;
  ledger: string;
}

/** Copies a run's report and ledger out of the runner's folder for temporary files, which goes away. */
export function keep({ outputs }: RunResult, output: string, name: string): Kept | undefined {
  const report = join(output, 'reports', `${name}.html`);
  const ledger = join(output, 'ledgers', name);
  // What an earlier demo left there must not be taken for this one's.
  for (const path of [report, ledger]) rmSync(path, { recursive: true, force: true });
  if (!outputs.report || !outputs.ledger) return undefined;
  mkdirSync(dirname(report), { recursive: true });
  cpSync(outputs.report, report);
  cpSync(outputs.ledger, ledger, { recursive: true });
  rmSync(join(ledger, 'report.html'), { force: true });
  return { report: nearest(report), ledger: nearest(ledger) };
}

/** A path as short as it can be written from here. */
export function nearest(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

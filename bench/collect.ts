import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Row } from './main.ts';
import { mb, median, ms, times } from './median.ts';
import { makeRepository } from './repository.ts';

const runs = 5;
const files = 3000;
const lines = 17;

/** Collecting and anchoring a change of 3,000 files and 100,000 lines, beside `git diff` of the same range. */
export async function measureCollect(scratch: string): Promise<Row[]> {
  const repository = makeRepository(join(scratch, 'collect'), files, lines);
  const samples = Array.from({ length: runs }, () => probe(repository));
  const diffs = Array.from({ length: runs }, () => {
    const before = performance.now();
    spawnSync('git', ['-C', repository, 'diff', 'main...change'], { stdio: ['ignore', 'ignore', 'inherit'] });
    return performance.now() - before;
  });
  const reference = median(diffs);
  const collect = median(samples.map((sample) => sample.collect));
  const anchor = median(samples.map((sample) => sample.anchor));
  return [
    {
      what: 'collect 3,000 files, 102,000 lines',
      ours: ms(collect),
      reference: `${ms(reference)} (git diff)`,
      ratio: times(collect / reference),
      aim: '2x',
    },
    {
      what: 'anchor 200 findings in it',
      ours: ms(anchor),
      reference: `${ms(reference)} (git diff)`,
      ratio: times(anchor / reference),
      aim: '',
    },
    {
      what: 'peak memory of both',
      ours: mb(Math.max(...samples.map((sample) => sample.peak))),
      reference: '',
      ratio: '',
      aim: '',
    },
  ];
}

/** In a process of its own, so that its memory is its own. */
function probe(repository: string): { collect: number; anchor: number; peak: number } {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['bench/collect-process.ts', repository]);
  if (status !== 0) throw new Error(`bench/collect-process.ts failed: ${stderr}`);
  return JSON.parse(String(stdout));
}

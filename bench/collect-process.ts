import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/core/config.ts';
import type { Draft } from '../src/core/document.ts';
import type { Finding } from '../src/core/finding.ts';
import { append, type Ledger } from '../src/core/ledger.ts';
import { openGit } from '../src/git/git.ts';
import { anchorFindings } from '../src/probes/anchor.ts';
import { diff } from '../src/probes/diff.ts';

// Prints {collect, anchor} in milliseconds and {peak} in bytes for the repository it is given.
const repository = process.argv[2]!;
const scratch = mkdtempSync(join(tmpdir(), 'countersign-collect-'));
const git = await openGit(join(scratch, 'git'));
writeFileSync(join(git.dir, 'objects/info/alternates'), `${join(repository, '.git/objects')}\n`);
const at = new Date(0);
const commit = async (branch: string): Promise<string> =>
  String(await git(['--git-dir', join(repository, '.git'), 'rev-parse', branch])).trim();
const [base, head] = [await commit('main'), await commit('change')];
const task: Draft<'task'> = {
  kind: 'task',
  by: 'event',
  id: '0'.repeat(20),
  agent: 'review',
  class: 'reviewer',
  repository: 'bench/bench',
  subject: 'local',
  event: 'local',
  base,
  head,
  mergeBase: base,
  baseRef: 'main',
  headRef: 'change',
  headRepository: 'bench/bench',
};
const context = (ledger: Ledger) => ({
  ledger,
  config: readConfig({}).config,
  repository: { rules: '', ignore: [], protected: [] },
  git,
  openRoom: () => Promise.reject(new Error('no room is needed')),
  seconds: 600,
  signal: new AbortController().signal,
  say: () => {},
});

let ledger = append([], task, at);
const started = performance.now();
ledger = append(ledger, await diff(context(ledger)), at);
const collected = performance.now();
const findings = Array.from({ length: 200 }, (_, i): Finding => {
  const file = i * 15;
  return {
    path: `src/part${file % 50}/file${file}.js`,
    line: 9,
    endLine: 9,
    severity: 'low',
    category: 'correctness',
    rule: `rule-${i}`,
    confidence: 0.5,
    message: 'A finding.',
    quote: `export const value7 = compute('newer', ${file}, 7);`,
  };
});
ledger = append(
  ledger,
  { kind: 'findings', by: 'session:bench', findings, anchored: false, moved: 0, dropped: 0 },
  at,
);
const before = performance.now();
ledger = append(ledger, await anchorFindings(context(ledger)), at);
const anchored = performance.now();
rmSync(scratch, { recursive: true });
console.log(
  JSON.stringify({
    collect: collected - started,
    anchor: anchored - before,
    peak: process.resourceUsage().maxRSS * 1024,
  }),
);

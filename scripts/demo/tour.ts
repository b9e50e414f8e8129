import { resolve } from 'node:path';
import { type GitHub, startGitHub } from '../../__tests__/stand-ins/github/index.ts';
import { type Model, startModel } from '../../__tests__/stand-ins/model/index.ts';
import type { RunResult } from '../../__tests__/stand-ins/runner.ts';
import { chapters } from './chapters.ts';
import { commits } from './history.ts';
import { type Kept, keep } from './keep.ts';
import type { Options } from './options.ts';
import { play } from './play.ts';
import { fixer } from './reply-fix.ts';
import { reviewOfDiscounts, reviewOfVouchers } from './reply-review.ts';
import { show } from './show.ts';
import { prepare, repositoryName, type Stage } from './stage.ts';
import { field, heading, paint, print } from './terminal.ts';

/** The three runs, one after another; the exit code says whether they came out as expected. */
export async function tour(options: Options): Promise<0 | 1> {
  const started = performance.now();
  const output = resolve(options.output);
  const github = await startGitHub();
  const model = options.key
    ? undefined
    : await startModel({ conversations: [fixer(), reviewOfDiscounts(), reviewOfVouchers()] });
  try {
    const stage = await prepare(github, model, options);
    introduce(stage);
    const { kept, wrong } = await playAll(stage, output);
    wrong.push(...brokenRules(github, model));
    print();
    print(heading('Left for you'));
    for (const { report } of kept) print(field('report', [report]));
    for (const { ledger } of kept) print(field('ledger', [ledger]));
    print();
    for (const what of wrong) print(paint('red', `Not as expected: ${what}`));
    if (wrong.length > 0) return 1;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    print(paint('green', `All ${chapters.length} runs came out as expected, in ${seconds} seconds.`));
    return 0;
  } finally {
    await model?.close();
    await github.close();
  }
}

function introduce({ pulls, isLive }: Stage): void {
  const people = new Set(commits.map(({ author }) => author)).size;
  print(paint('bold', 'Countersign: three runs of the action on the pull requests of a small repository'));
  print(
    isLive
      ? 'The model is the real one.'
      : "The model's replies are scripted; run with --live for the real model.",
  );
  print(
    'GitHub is a stand-in on this machine. The action is the one in dist/; rooms, git and tests are real.',
  );
  print();
  print(`${repositoryName}, ${commits.length} commits by ${people} people:`);
  for (const { branch, author, message } of commits)
    if (branch === 'main') print(`  ${author.padEnd(6)} ${message}`);
  for (const { number, issue } of pulls) print(`  #${number} by ${issue.author.login}: ${issue.title}`);
}

async function playAll(stage: Stage, output: string): Promise<{ kept: Kept[]; wrong: string[] }> {
  const wrong: string[] = [];
  const kept: Kept[] = [];
  for (const [index, chapter] of chapters.entries()) {
    const number = index + 1;
    print();
    print(heading(`${number} of ${chapters.length}  ${chapter.title}`));
    print();
    const ran = await play(stage, chapter);
    try {
      for (const block of show(ran.result, ran.seen)) print(`\n${block}`);
      const left = keep(ran.result, output, `${number}-${chapter.agent}`);
      if (left) kept.push(left);
      const differs = [...chapter.differs(ran), ...(left ? [] : ['it left no report'])];
      wrong.push(...differs.map((what) => `run ${number}: ${what}`));
      print(`\n${field('outcome', [outcomeLine(ran.result, differs)])}`);
    } finally {
      ran.result.cleanup();
    }
  }
  return { kept, wrong };
}

function outcomeLine({ outputs, durationMs }: RunResult, differs: readonly string[]): string {
  const what = `${outputs.outcome ?? 'none'} after ${(durationMs / 1000).toFixed(1)} seconds`;
  if (differs.length === 0) return paint('green', `${what}, as expected`);
  return paint('red', `${what}; not as expected: ${differs.join('; ')}`);
}

/** What the stand-ins saw that the real services would not have put up with. */
function brokenRules(github: GitHub, model: Model | undefined): string[] {
  return [
    ...github.violations.map((what) => `GitHub: ${what}`),
    ...(model?.violations ?? []).map((what) => `model: ${what}`),
    ...(model?.unused() ?? []).map((what) => `script: ${what}`),
  ];
}

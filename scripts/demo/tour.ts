import { dirname } from 'node:path';
import { type GitHub, type Pull, startGitHub } from '../../__tests__/stand-ins/github/index.ts';
import { type Model, startModel } from '../../__tests__/stand-ins/model/index.ts';
import { payload, type RunResult, runAction } from '../../__tests__/stand-ins/runner.ts';
import { type Chapter, chapters } from './chapters.ts';
import { pushHistory } from './history.ts';
import { emptyOutput, type Kept, keep } from './keep.ts';
import type { Options } from './options.ts';
import { fixer } from './reply-fix.ts';
import { reviewOfDiscounts, reviewOfVouchers } from './reply-review.ts';
import { type Seen, watch } from './seen.ts';
import { show } from './show.ts';
import { field, heading, paint, print } from './terminal.ts';

const repositoryName = 'corner-shop/till';

/** The three runs, one after another. */
export async function tour(options: Options): Promise<number> {
  const started = performance.now();
  const output = emptyOutput(options.output);
  const github = await startGitHub();
  const model = options.key
    ? undefined
    : await startModel({ conversations: [fixer(), reviewOfDiscounts(), reviewOfVouchers()] });
  try {
    const stage = await prepare(github, options, model);
    introduce(stage, options);
    const wrong: string[] = [];
    const kept: Kept[] = [];
    for (const [index, chapter] of chapters.entries()) {
      print();
      print(heading(`${index + 1} of ${chapters.length}  ${chapter.title}`));
      const ran = await play(stage, chapter);
      for (const block of show(ran.result, ran.seen)) print(block);
      const left = keep(ran.result, output, `${index + 1}-${chapter.agent}`);
      ran.result.cleanup();
      if (left) kept.push(left);
      const differs = [...chapter.differs(ran), ...(left ? [] : ['it left no report'])];
      wrong.push(...differs.map((what) => `${index + 1} ${chapter.agent}: ${what}`));
      print(field('came out', [outcomeLine(ran.result, differs)]));
    }
    wrong.push(...brokenRules(github, model));
    print();
    print(heading('Left for you'));
    for (const { report, ledger } of kept) print(field('report', [report, paint('dim', `ledger: ${ledger}`)]));
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

interface Stage {
  github: GitHub;
  token: string;
  pulls: readonly [Pull, Pull];
  inputs: Record<string, string>;
  secrets: string[];
  isLive: boolean;
}

async function prepare(github: GitHub, options: Options, model: Model | undefined): Promise<Stage> {
  const repository = await github.createRepository(repositoryName, {
    collaborators: { dana: 'write', emre: 'write' },
  });
  pushHistory(repository.path);
  const pulls = [
    await github.openPull(repository, {
      title: 'Quantity discounts',
      author: 'dana',
      head: 'quantity-discounts',
    }),
    await github.openPull(repository, { title: 'Look up vouchers', author: 'emre', head: 'vouchers' }),
  ] as const;
  // An app's token, because what a workflow's own token pushes starts no further workflow.
  const token = github.createToken({
    login: 'till-countersign[bot]',
    permissions: { contents: 'write', pull_requests: 'write', checks: 'write', issues: 'write' },
  });
  const key = options.key ?? model!.apiKey;
  const baseUrl = model?.url ?? options.baseUrl;
  return {
    github,
    token,
    pulls,
    secrets: [key],
    isLive: model === undefined,
    inputs: {
      'github-token': token,
      'anthropic-api-key': key,
      sandbox: options.sandbox,
      'max-cost-usd': '1',
      ...(baseUrl && { 'anthropic-base-url': baseUrl }),
      ...(options.model && { model: options.model }),
    },
  };
}

function introduce({ pulls }: Stage, { key }: Options): void {
  const model = key
    ? 'The model is the real one.'
    : "The model's replies are scripted; run with --live for the real model.";
  print(paint('bold', 'Countersign, three runs on pull requests of a small repository'));
  print(`${model} GitHub is a stand-in on this machine.`);
  print('The action is the one in dist/, and its rooms, git and the tests are real.');
  for (const { number, issue } of pulls)
    print(`  ${repositoryName}#${number}  ${issue.title}, by ${issue.author.login}`);
}

export interface Ran {
  result: RunResult;
  seen: Seen;
  isLive: boolean;
}

async function play(stage: Stage, chapter: Chapter): Promise<Ran> {
  const { github, token, pulls, inputs, secrets, isLive } = stage;
  const pull = pulls[chapter.pull - 1]!;
  const news = await watch(github, pull, token);
  const head = pull.head.sha;
  const event = payload('pull_request', {
    action: chapter.action,
    repository: repositoryName,
    number: pull.number,
    title: pull.issue.title,
    author: pull.issue.author.login,
    head: { ref: pull.head.branch, sha: head },
    base: { ref: pull.base.branch, sha: pull.base.sha },
    apiUrl: github.apiUrl,
    serverUrl: github.serverUrl,
  });
  const result = await runAction({
    inputs: { ...inputs, agent: chapter.agent },
    event: { name: 'pull_request', payload: event },
    token,
    github: { apiUrl: github.apiUrl, serverUrl: github.serverUrl, graphqlUrl: github.graphqlUrl },
    repository: repositoryName,
    sha: pull.mergeSha ?? head,
    ref: `refs/pull/${pull.number}/merge`,
    secrets,
    canaries: [token, ...secrets],
    actor: pull.issue.author.login,
    // The tests in the rooms need a Node; this one is there.
    extraPath: [dirname(process.execPath)],
    timeoutMs: isLive ? 15 * 60_000 : 60_000,
  });
  return { result, seen: await news(), isLive };
}

function outcomeLine({ outputs, durationMs }: RunResult, differs: readonly string[]): string {
  const what = `${outputs.outcome ?? 'no outcome'} in ${(durationMs / 1000).toFixed(1)} seconds`;
  if (differs.length === 0) return paint('green', `${what}, as expected`);
  return paint('red', `${what}, but ${differs.join('; ')}`);
}

/** What the stand-ins saw that the real services would not have put up with. */
function brokenRules(github: GitHub, model: Model | undefined): string[] {
  return [
    ...github.violations.map((what) => `GitHub: ${what}`),
    ...(model?.violations ?? []).map((what) => `model: ${what}`),
    ...(model?.unused() ?? []).map((what) => `script: ${what}`),
  ];
}

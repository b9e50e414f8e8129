import type { Ran } from './play.ts';

/** One run of the demo: what sets it off, and what must come of it. */
export interface Chapter {
  title: string;
  agent: 'fix' | 'review';
  pull: 1 | 2;
  action: 'opened' | 'synchronize';
  /** In a few words each, what came out otherwise than it should have; empty when all is well. */
  differs: (ran: Ran) => string[];
}

export const chapters: readonly Chapter[] = [
  {
    title: 'fix: #1 breaks two tests',
    agent: 'fix',
    pull: 1,
    action: 'opened',
    differs: (ran) => [
      ...always(ran, 'fixed'),
      ...unless(ran.seen.commits.length === 1, `${ran.seen.commits.length} commits instead of 1`),
      ...unless(
        ran.seen.commits.every(({ isVerified }) => isVerified),
        'the commit is not verified',
      ),
      ...unless(
        ran.seen.commits.every(({ files }) => files.join() === 'src/discount.js'),
        'the commit changes other files than src/discount.js',
      ),
      ...unless(ran.seen.comments.length === 1, 'no comment tells of it'),
    ],
  },
  {
    title: 'review: the new head of #1',
    agent: 'review',
    pull: 1,
    action: 'synchronize',
    differs: (ran) => [
      ...always(ran, 'pass'),
      ...check(ran, 'success'),
      ...unless(
        ran.isLive || commented(ran).join() === 'src/discount.js:8',
        'the remark is not on src/discount.js:8',
      ),
    ],
  },
  {
    title: 'review: #2 smuggles in an SQL injection',
    agent: 'review',
    pull: 2,
    action: 'opened',
    differs: (ran) => [
      ...always(ran, 'fail'),
      ...check(ran, 'failure'),
      ...unless(commented(ran).includes('src/vouchers.js:8'), 'nothing is said on src/vouchers.js:8'),
    ],
  },
];

const unless = (isSo: boolean, otherwise: string): string[] => (isSo ? [] : [otherwise]);

function always({ result }: Ran, outcome: string): string[] {
  const { outputs, exitCode, post, leaks, tempEntries } = result;
  const wanted = outcome === 'fail' ? 1 : 0;
  return [
    ...unless(outputs.outcome === outcome, `the outcome is ${outputs.outcome}, not ${outcome}`),
    ...unless(exitCode === wanted, `the exit code is ${exitCode}, not ${wanted}`),
    ...unless(post.exitCode === 0, `post ended with ${post.exitCode}`),
    ...unless(leaks.length === 0, 'a secret stands in the log'),
    ...unless(!tempEntries.some((path) => /(^|\/)run-\d+/.test(path)), 'a room was left behind'),
  ];
}

function check({ seen }: Ran, conclusion: string): string[] {
  const found = seen.checks.map((each) => each.conclusion).join();
  return unless(found === conclusion, `the check says ${found || 'nothing'}, not ${conclusion}`);
}

function commented({ seen }: Ran): string[] {
  return seen.reviews.flatMap(({ comments }) => comments.map(({ path, line }) => `${path}:${line}`));
}

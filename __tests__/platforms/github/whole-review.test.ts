import { afterEach, expect, test } from '@jest/globals';
import { check, comment, findings, ledgerOf, openWorld, review, type World } from './world.ts';

let world: World;
afterEach(async () => {
  await world.close();
  expect(world.gitHub.violations).toEqual([]);
});

async function whole(): Promise<string[]> {
  const before = world.gitHub.requests.length;
  const platform = world.platform();
  const asked = await platform.ask('review');
  if ('nothing' in asked) throw new Error(asked.nothing);
  await platform.fetch(world.git, asked.subject);
  const ledger = ledgerOf(asked.subject, 'review', findings({}, { rule: 'off', line: 28 }));
  for (const effect of [review, check, comment]) {
    expect(['done', 'already']).toContain((await platform.perform(effect, ledger, world.git)).status);
  }
  return world.gitHub.requests.slice(before).map(({ operation }) => operation ?? '?');
}

test('a review from event to comment takes 11 requests, and 12 where it has been before', async () => {
  world = await openWorld();
  expect((await whole()).filter((operation) => operation !== 'git')).toEqual([
    'pulls/get',
    'repos/compare-commits-with-basehead',
    'pulls/get',
    'pulls/list-reviews',
    'pulls/create-review',
    'pulls/get',
    'checks/list-for-ref',
    'checks/create',
    'pulls/get',
    'issues/list-comments',
    'issues/create-comment',
  ]);
  const again = (await whole()).filter((operation) => operation !== 'git');
  expect(again.length).toBeLessThanOrEqual(12);
  expect(again.filter((operation) => /create|update/.test(operation))).toEqual([]);
  expect(world.gitHub.requests.filter(({ operation }) => operation === 'git').length).toBeLessThanOrEqual(6);
  expect(world.gitHub.reviews(world.pull)).toHaveLength(1);
  expect(world.gitHub.checkRuns(world.repository)).toHaveLength(1);
  expect(world.gitHub.comments(world.pull)).toHaveLength(1);
});

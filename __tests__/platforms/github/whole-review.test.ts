import { afterEach, expect, test } from '@jest/globals';
import { check, comment, findings, ledgerOf, openScene, review, type Scene } from './scene.ts';

let scene: Scene;
afterEach(async () => {
  await scene.close();
  expect(scene.gitHub.violations).toEqual([]);
});

async function whole(): Promise<string[]> {
  const before = scene.gitHub.requests.length;
  const platform = scene.platform();
  const asked = await platform.ask('review');
  if ('nothing' in asked) throw new Error(asked.nothing);
  await platform.fetch(scene.git, asked.subject);
  const ledger = ledgerOf(asked.subject, 'review', findings({}, { rule: 'off', line: 28 }));
  for (const effect of [review, check, comment]) {
    expect(['done', 'already']).toContain((await platform.perform(effect, ledger, scene.git)).status);
  }
  return scene.gitHub.requests.slice(before).map(({ operation }) => operation ?? '?');
}

test('a review from event to comment takes 11 requests, and 12 where it has been before', async () => {
  scene = await openScene();
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
  expect(scene.gitHub.requests.filter(({ operation }) => operation === 'git').length).toBeLessThanOrEqual(6);
  expect(scene.gitHub.reviews(scene.pull)).toHaveLength(1);
  expect(scene.gitHub.checkRuns(scene.repository)).toHaveLength(1);
  expect(scene.gitHub.comments(scene.pull)).toHaveLength(1);
});

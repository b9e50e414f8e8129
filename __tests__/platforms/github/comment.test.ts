import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Draft } from '../../../src/core/document.ts';
import { faults } from '../../stand-ins/github/index.ts';
import { comment, commit, findings, ledgerOf, openScene, push, type Scene, views } from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(async () => {
  await scene.close();
  expect(scene.gitHub.violations).toEqual([]);
});

const mark = '<!-- countersign:sticky:review -->';
const ledger = (...drafts: Draft[]) => ledgerOf(scene.subject, 'review', ...drafts);
const perform = (of = ledger(), platform = scene.platform()) => platform.perform(comment, of, scene.git);
const comments = () => scene.gitHub.comments(scene.pull);

test('is created once, updated when it differs, and otherwise left alone', async () => {
  const first = await perform();
  expect(first).toMatchObject({ status: 'done', reference: expect.stringContaining('issuecomment-') });
  expect(comments().map(({ body }) => body)).toEqual([`${mark}\nsticky of 1`]);
  expect(await perform()).toMatchObject({ status: 'already', reference: first.reference });
  expect(await perform(ledger(findings()))).toMatchObject({ status: 'done', reference: first.reference });
  expect(comments().map(({ body }) => body)).toEqual([`${mark}\nsticky of 2`]);
});

test('line ends that GitHub changes are no difference', async () => {
  await perform();
  comments()[0]!.body = `${comments()[0]!.body.replaceAll('\n', '\r\n')}\r\n`;
  expect(await perform()).toMatchObject({ status: 'already' });
});

test("neither another one's mark nor a quoted one is taken for our own", async () => {
  scene.gitHub.addComment(scene.pull, 'eve', `${mark}\nspoofed`);
  scene.gitHub.addComment(scene.pull, 'github-actions[bot]', `Quoting:\n${mark}`);
  scene.gitHub.addComment(scene.pull, 'github-actions[bot]', '<!-- countersign:sticky:fix -->\nfix');
  expect(await perform()).toMatchObject({ status: 'done' });
  expect(comments()).toHaveLength(4);
  expect(comments()[3]!.body).toBe(`${mark}\nsticky of 1`);
});

test('is found behind a hundred others', async () => {
  for (let i = 0; i < 130; i += 1) scene.gitHub.addComment(scene.pull, 'ann', 'hello');
  await perform();
  expect(await perform()).toMatchObject({ status: 'already' });
});

test.each([faults.reset, faults.badGateway])('whose answer is lost is written once', async (fault) => {
  scene.gitHub.failNext({ method: 'POST', path: /\/comments$/ }, fault, { carriedOut: true });
  expect(await perform()).toMatchObject({ status: 'done' });
  expect(comments()).toHaveLength(1);
});

test('is cut with a note', async () => {
  const long = { ...views, sticky: () => 'é'.repeat(70_000) };
  expect(await perform(undefined, scene.platform({ views: long }))).toMatchObject({ status: 'done' });
  expect(comments()[0]!.body).toHaveLength(65_536);
  expect(comments()[0]!.body).toMatch(/cut: GitHub shows no more than this\.$/);
});

test('after our own push is no stale one, after any other is', async () => {
  const own = await commit(scene.repository.path, 'topic', { x: 'x' }, { parent: scene.head });
  const pushed = (reference: string): Draft => ({
    kind: 'receipt',
    by: 'platform:github',
    key: push.key,
    status: 'done',
    reference,
  });
  expect(await perform()).toMatchObject({ status: 'stale' });
  expect(await perform(ledger(pushed('e'.repeat(40))))).toMatchObject({ status: 'stale' });
  expect(comments()).toEqual([]);
  expect(await perform(ledger(pushed(own)))).toMatchObject({ status: 'done' });
});

test('without the permission fails with its line', async () => {
  const token = scene.gitHub.createToken({ permissions: { pull_requests: 'read' } });
  expect(await perform(undefined, scene.platform({ token }))).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('permissions: pull-requests: write'),
  });
});

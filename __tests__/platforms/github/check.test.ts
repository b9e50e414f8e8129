import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { faults } from '../../stand-ins/github/index.ts';
import {
  check,
  commit,
  everything,
  findings,
  ledgerOf,
  openScene,
  type Scene,
  taskId,
  views,
} from './scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(async () => {
  await scene.close();
  expect(scene.gitHub.violations).toEqual([]);
});

test('onto another branch than the default one the check has a name of its own', async () => {
  const passed = ledgerOf({ ...scene.subject, baseRef: 'decoy' }, 'review', findings());
  await perform();
  await perform(passed);
  expect(runs().map(({ name }) => name)).toEqual(['Countersign / review', 'Countersign / review (decoy)']);
});

const many = (count: number) =>
  ledgerOf(
    scene.subject,
    'review',
    findings(
      ...Array.from({ length: count }, (_, i) => ({ rule: `rule-${i}`, line: i + 1, endLine: i + 2 })),
    ),
  );
const perform = (ledger = many(2), platform = scene.platform()) => platform.perform(check, ledger, scene.git);
const runs = () => scene.gitHub.checkRuns(scene.repository);
const operations = () => scene.gitHub.requests.map(({ operation }) => operation);

test('says the verdict on the head commit', async () => {
  const ledger = ledgerOf(
    scene.subject,
    'review',
    findings(
      { severity: 'low', rule: 'l', message: 'zero\u200bwidth\u202e and\ntwo lines' },
      { severity: 'medium', rule: 'm' },
      { severity: 'critical', rule: 'c', line: 3, endLine: 5 },
      { severity: 'high', rule: 'h' },
    ),
  );
  expect(await perform(ledger)).toMatchObject({ status: 'done', reference: expect.stringContaining('/') });
  expect(runs()).toHaveLength(1);
  expect(runs()[0]).toMatchObject({
    name: 'Countersign / review',
    headSha: scene.head,
    externalId: taskId,
    status: 'completed',
    conclusion: 'failure',
    title: 'A title',
    summary: 'A summary',
    detailsUrl: expect.stringContaining('/actions/runs/1'),
  });
  expect(
    runs()[0]!.annotations.map(({ title, annotation_level: level, start_line: from, end_line: to }) => [
      title,
      level,
      from,
      to,
    ]),
  ).toEqual([
    ['critical: c', 'failure', 3, 5],
    ['high: h', 'failure', 10, 10],
    ['medium: m', 'warning', 10, 10],
    ['low: l', 'notice', 10, 10],
  ]);
  expect(runs()[0]!.annotations[3]!.message).toBe('zerowidth and\ntwo lines');
});

test('more than 50 annotations go 50 at a time', async () => {
  expect(await perform(many(120))).toMatchObject({ status: 'done' });
  expect(operations()).toEqual([
    'pulls/get',
    'checks/list-for-ref',
    'checks/create',
    'checks/update',
    'checks/update',
  ]);
  expect(runs()[0]!.annotations).toHaveLength(120);
  expect(new Set(runs()[0]!.annotations.map(({ title }) => title)).size).toBe(120);
});

test('is updated, and not written twice', async () => {
  await perform();
  expect(await perform()).toMatchObject({ status: 'already' });
  const other = { ...views, check: () => ({ title: 'Another', summary: 'A summary' }) };
  expect(await perform(undefined, scene.platform({ views: other }))).toMatchObject({ status: 'done' });
  expect(runs()).toHaveLength(1);
  expect(runs()[0]).toMatchObject({ title: 'Another', conclusion: 'failure' });
  expect(runs()[0]!.annotations).toHaveLength(2);
});

test('of another app does not stand in for it, whatever it says', async () => {
  const other = scene.gitHub.createToken({ login: 'helper[bot]', permissions: everything });
  const green = { ...check, conclusion: 'success' } as const;
  await scene.platform({ token: other }).perform(green, many(2), scene.git);
  expect(runs()[0]).toMatchObject({ externalId: taskId, conclusion: 'success', app: { slug: 'helper' } });
  expect(await perform()).toMatchObject({ status: 'done' });
  expect(runs()).toHaveLength(2);
  expect(runs()[1]).toMatchObject({ conclusion: 'failure', app: { slug: 'github-actions' } });
});

test('that broke off between annotations goes on where it was', async () => {
  const patch = { method: 'PATCH', path: /\/check-runs\//, after: 1, times: 9 };
  const mend = scene.gitHub.failNext(patch, faults.unavailable);
  expect(await perform(many(120))).toMatchObject({ status: 'failed' });
  expect(runs()[0]!.annotations).toHaveLength(100);
  mend();
  expect(await perform(many(120))).toMatchObject({ status: 'done' });
  expect(runs()).toHaveLength(1);
  expect(new Set(runs()[0]!.annotations.map(({ title }) => title)).size).toBe(120);
});

test.each([faults.reset, faults.badGateway])('whose answer is lost is written once', async (fault) => {
  scene.gitHub.failNext({ method: 'POST', path: /\/check-runs$/ }, fault, { carriedOut: true });
  expect(await perform(many(60))).toMatchObject({ status: 'done' });
  expect(runs()).toHaveLength(1);
  expect(runs()[0]!.annotations).toHaveLength(60);
});

test('is cut to what GitHub takes', async () => {
  const long = { ...views, check: () => ({ title: 't'.repeat(999), summary: 's'.repeat(99_999) }) };
  expect(await perform(undefined, scene.platform({ views: long }))).toMatchObject({ status: 'done' });
  expect(runs()[0]!.summary).toHaveLength(65_535);
});

test('without the permission fails with its line', async () => {
  const token = scene.gitHub.createToken({ permissions: { ...everything, checks: 'read' } });
  expect(await perform(undefined, scene.platform({ token }))).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('permissions: checks: write'),
  });
});

test("with a person's token says that only an app may", async () => {
  const token = scene.gitHub.createToken({ login: 'ann', permissions: everything });
  expect(await perform(undefined, scene.platform({ token }))).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining("Only a GitHub App's token"),
  });
});

test('of a head that moved is stale', async () => {
  await commit(scene.repository.path, 'topic', { x: 'x' }, { parent: scene.head });
  expect(await perform()).toMatchObject({ status: 'stale' });
  expect(runs()).toEqual([]);
});

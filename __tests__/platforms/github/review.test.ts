import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { faults } from '../../stand-ins/github/index.ts';
import {
  commit,
  everything,
  findings,
  ledgerOf,
  lines,
  openScene,
  review,
  type Scene,
  type Setup,
  views,
} from './scene.ts';

let scene: Scene;
afterEach(async () => {
  await scene.close();
  expect(scene.gitHub.violations).toEqual([]);
});

async function fetched(setup: Setup = {}): Promise<Scene> {
  scene = await openScene(setup);
  await scene.platform().fetch(scene.git, scene.subject);
  scene.gitHub.requests.length = 0;
  return scene;
}

const perform = (ledger = ledgerOf(scene.subject, 'review', findings({})), platform = scene.platform()) =>
  platform.perform(review, ledger, scene.git);
const posted = () => scene.gitHub.reviews(scene.pull);

describe('a review', () => {
  beforeEach(() => fetched());

  test('carries its comments in one request, and tells the rest in its body', async () => {
    const suggestion = 'better';
    const ledger = ledgerOf(
      scene.subject,
      'review',
      findings(
        { rule: 'whole', line: 9, endLine: 10, suggestion },
        { rule: 'part', line: 12, endLine: 20, suggestion },
        { rule: 'off', line: 25 },
        { rule: 'elsewhere', path: 'old.txt', line: 1 },
        { rule: 'worst', path: 'new.txt', line: 2, severity: 'critical' },
      ),
    );
    const receipt = await perform(ledger);
    expect(receipt).toMatchObject({
      kind: 'receipt',
      by: 'platform:github',
      status: 'done',
      key: review.key,
    });
    expect(posted()).toHaveLength(1);
    const [only] = posted();
    expect(only).toMatchObject({ state: 'COMMENTED', commit: scene.head });
    expect(only!.body).toBe(`<!-- countersign:${review.key} -->\nreview; unplaced: off elsewhere`);
    expect(only!.comments.map(({ path, startLine, line, body }) => [path, startLine, line, body])).toEqual([
      ['new.txt', null, 2, 'worst'],
      ['a.txt', 9, 10, 'whole\n```suggestion\nbetter\n```'],
      ['a.txt', null, 13, 'part'],
    ]);
    expect(receipt.reference).toContain(`pullrequestreview-${only!.id}`);
  });

  test('is not posted where there is nothing to say', async () => {
    expect(await perform(ledgerOf(scene.subject, 'review', findings()))).toMatchObject({
      status: 'done',
      detail: 'nothing to say',
    });
    expect(posted()).toEqual([]);
  });

  test('is not posted twice', async () => {
    await perform();
    const receipt = await perform();
    expect(receipt).toMatchObject({ status: 'already', reference: expect.stringContaining('#') });
    expect(posted()).toHaveLength(1);
  });

  test("isn't mistaken for another one's with the same mark", async () => {
    const eve = scene.gitHub.createToken({ login: 'eve', permissions: everything });
    await perform(undefined, scene.platform({ token: eve }));
    expect(await perform()).toMatchObject({ status: 'done' });
    expect(posted().map(({ author }) => author.login)).toEqual(['eve', 'github-actions[bot]']);
  });

  test('is found on a later page', async () => {
    await perform();
    const [own] = posted();
    const others = Array.from({ length: 120 }, (_, i) => ({ ...own!, id: 5000 + i, body: 'other' }));
    scene.pull.reviews.unshift(...others);
    expect(await perform()).toMatchObject({ status: 'already' });
  });

  test('of more than 50 findings comments on the worst 50', async () => {
    const some = Array.from({ length: 60 }, (_, i) => ({
      severity: i < 10 ? ('low' as const) : ('high' as const),
      rule: `${i < 10 ? 'low' : 'high'}-${i}`,
    }));
    await perform(ledgerOf(scene.subject, 'review', findings(...some)));
    expect(posted()[0]!.comments).toHaveLength(50);
    expect(posted()[0]!.comments.every(({ body }) => body.startsWith('high'))).toBe(true);
    expect(posted()[0]!.body).toContain('low-0 low-1');
  });

  test('that GitHub cannot place is posted without comments', async () => {
    scene.gitHub.failNext({ method: 'POST', path: /\/reviews$/ }, faults.unprocessable);
    const receipt = await perform();
    expect(receipt).toMatchObject({ status: 'done', detail: expect.stringContaining('in the body') });
    expect(posted()[0]).toMatchObject({ comments: [], body: expect.stringContaining('unplaced: rule-1') });
  });

  test.each([
    ['reset', faults.reset, true],
    ['reset before', faults.reset, false],
    ['502', faults.badGateway, true],
    ['500 before', faults.serverError, false],
  ])('whose answer is lost (%s) is posted once', async (_, fault, carriedOut) => {
    scene.gitHub.failNext({ method: 'POST', path: /\/reviews$/ }, fault, { carriedOut });
    expect(await perform()).toMatchObject({ status: 'done' });
    expect(posted()).toHaveLength(1);
  });

  test('waits for a secondary limit', async () => {
    scene.gitHub.failNext({ method: 'POST', path: /\/reviews$/ }, faults.secondaryRateLimit(2));
    expect(await perform()).toMatchObject({ status: 'done' });
    expect(posted()).toHaveLength(1);
  });

  test.each([
    ['no permission', { pull_requests: 'read' } as const, /pull-requests: write/],
    ['none at all', {}, /pull-requests: read/],
  ])('with %s fails with the line that is missing', async (_, permissions, line) => {
    const token = scene.gitHub.createToken({ permissions });
    const receipt = await perform(undefined, scene.platform({ token }));
    expect(receipt).toMatchObject({ status: 'failed', detail: expect.stringMatching(line) });
    expect(receipt.detail).not.toContain(token);
  });

  test('that GitHub breaks down over for good fails', async () => {
    scene.gitHub.failNext({ method: 'POST', path: /\/reviews$/, times: 9 }, faults.unavailable);
    expect(await perform()).toMatchObject({ status: 'failed', detail: expect.stringContaining('503') });
    scene.gitHub.failNext({ path: /\/reviews$/, times: 9 }, faults.notFound);
    expect(await perform()).toMatchObject({ status: 'failed', detail: expect.stringContaining('404') });
  });

  test('of a head that moved, or of a closed pull request, is stale', async () => {
    const newer = await commit(scene.repository.path, 'topic', { x: 'x' }, { parent: scene.head });
    expect(await perform()).toMatchObject({ status: 'stale', detail: expect.stringContaining(newer) });
    scene.pull.issue.state = 'closed';
    expect(await perform()).toMatchObject({ status: 'stale', detail: expect.stringContaining('closed') });
    expect(posted()).toEqual([]);
  });

  test('whose view breaks down fails, and throws nothing', async () => {
    const broken = { ...views, review: () => assertNever() };
    expect(await perform(undefined, scene.platform({ views: broken }))).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('a broken view'),
    });
  });

  test('of another repository is refused', async () => {
    const ledger = ledgerOf({ ...scene.subject, repository: 'octo/other' }, 'review', findings({}));
    expect(await perform(ledger)).toMatchObject({ status: 'refused' });
    expect(scene.gitHub.requests).toEqual([]);
  });

  test('is cut to what GitHub takes', async () => {
    const long = { ...views, review: () => '😀'.repeat(50_000), inline: () => 'y'.repeat(70_000) };
    expect(await perform(undefined, scene.platform({ views: long }))).toMatchObject({ status: 'done' });
    expect(posted()[0]!.body.length).toBeLessThanOrEqual(65_536);
    expect(posted()[0]!.body).toMatch(/cut: GitHub shows no more than this\.$/);
    expect(posted()[0]!.body).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
  });
});

function assertNever(): never {
  throw new Error('a broken view');
}

test('a fork with a token that only reads says so', async () => {
  await fetched({ fork: true });
  const token = scene.gitHub.createToken({ permissions: { contents: 'read', pull_requests: 'read' } });
  const receipt = await perform(undefined, scene.platform({ token }));
  expect(receipt).toMatchObject({ status: 'failed', detail: expect.stringContaining('fork') });
});

test('a diff of many files, renames and strange names is placed as GitHub places it', async () => {
  const many = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`many/${i}.txt`, `${i}\n`]));
  const strange = 'a "b"\n\t\\ é.txt';
  await fetched({
    before: { 'old.txt': lines(30), [strange]: lines(30), 'gone.txt': lines(3) },
    after: {
      ...many,
      'old.txt': null,
      'new.txt': lines(30, { 15: 'x' }),
      [strange]: lines(30, { 3: 'x' }),
      'gone.txt': null,
    },
  });
  const ledger = ledgerOf(
    scene.subject,
    'review',
    findings(
      { path: 'new.txt', line: 1, rule: 'off' },
      { path: 'new.txt', line: 12, endLine: 18 },
      { path: strange, line: 3 },
      { path: 'many/399.txt', line: 1 },
      { path: 'gone.txt', line: 1, rule: 'gone' },
    ),
  );
  expect(await perform(ledger)).toMatchObject({ status: 'done' });
  expect(posted()[0]!.body).toContain('unplaced: off gone');
  expect(posted()[0]!.comments.map(({ path, line }) => [path, line])).toEqual([
    ['new.txt', 18],
    [strange, 3],
    ['many/399.txt', 1],
  ]);
});

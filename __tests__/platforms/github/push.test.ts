import { afterEach, describe, expect, test } from '@jest/globals';
import type { Draft } from '../../../src/core/document.ts';
import type { GitHubOptions } from '../../../src/platforms/github/index.ts';
import { git as run } from '../../stand-ins/github/git.ts';
import { faults } from '../../stand-ins/github/index.ts';
import {
  commit,
  everything,
  ledgerOf,
  lines,
  openScene,
  patchOf,
  push,
  type Scene,
  taskId,
} from './scene.ts';

let scene: Scene;
afterEach(async () => {
  await scene.close();
  expect(scene.gitHub.violations).toEqual([]);
});

const perform = (patch: Draft<'patch'>, more: Partial<GitHubOptions> = {}) =>
  scene.platform(more).perform(push, ledgerOf(scene.subject, 'fix', patch), scene.git);
const fixed = { 'a.txt': lines(30, { 10: 'fixed' }) };

const source = () => scene.pull.head.repository.path;
const tip = async (branch = 'topic') =>
  (await run(source(), ['rev-parse', `refs/heads/${branch}`])).toString().trim();
const show = async (args: string[]) => (await run(source(), args)).toString();

describe('a patch', () => {
  test('becomes one verified commit on the branch', async () => {
    scene = await openScene({ branch: 'feature/a#1%20' });
    const patch = await patchOf(scene, fixed);
    const receipt = await perform(patch);
    expect(receipt).toEqual({
      kind: 'receipt',
      by: 'platform:github',
      key: push.key,
      status: 'done',
      reference: await tip('feature/a#1%20'),
    });
    const text = await show(['cat-file', 'commit', receipt.reference!]);
    expect(text).toContain(`tree ${patch.tree}\nparent ${scene.head}\n`);
    expect(text).toContain(`Countersign-Task: ${taskId}`);
    expect(text).toContain('gpgsig');
    const update = scene.gitHub.requests.find(({ operation }) => operation === 'git/update-ref');
    expect(update!.body).toMatchObject({ force: false });
    expect(scene.artifacts).toEqual([]);
  });

  test('of every kind of change arrives byte for byte', async () => {
    scene = await openScene({
      before: { 'a.txt': lines(30), 'gone.txt': 'x', 'from.txt': lines(9), 'run.sh': 'a\n', 'd/e/f': 'f' },
    });
    const patch = await patchOf(scene, {
      'a.txt': 'a\r\nb\u0000'.replace('\u0000', '\ufeff'),
      'gone.txt': null,
      'from.txt': null,
      'to.txt': lines(9),
      'run.sh': { mode: '100755', content: 'a\n' },
      'd/e/f': null,
      bin: Buffer.from([0, 255, 254, 10]),
      'latin1.txt': Buffer.from([0xe9, 10]),
      empty: '',
      'large.txt': 'ü'.repeat(40_000),
      '-x "q"\n\té': 'strange\n',
    });
    const receipt = await perform(patch);
    expect(receipt).toMatchObject({ status: 'done' });
    expect((await show(['rev-parse', `${receipt.reference}^{tree}`])).trim()).toBe(patch.tree);
    const blobs = scene.gitHub.requests.filter(({ operation }) => operation === 'git/create-blob');
    expect(blobs).toHaveLength(4);
  });

  test('that is there already is not pushed again', async () => {
    scene = await openScene();
    const patch = await patchOf(scene, fixed);
    const { reference } = await perform(patch);
    expect(await perform(patch)).toMatchObject({ status: 'already', reference });
    expect(await tip()).toBe(reference);
  });

  test("is stale on anyone else's commit, also one with our trailer", async () => {
    scene = await openScene();
    const patch = await patchOf(scene, fixed);
    const message = `Fix\n\nCountersign-Task: ${taskId}`;
    const newer = await commit(source(), 'topic', { x: 'x' }, { parent: scene.head, message });
    expect(await perform(patch)).toMatchObject({ status: 'stale', detail: expect.stringContaining(newer) });
    expect(await tip()).toBe(newer);
  });

  test.each([/\/git\/trees$/, /\/git\/commits$/, /\/git\/refs\//])(
    'is stale when somebody pushes before %s',
    async (path) => {
      scene = await openScene();
      const patch = await patchOf(scene, fixed);
      let newer = '';
      scene.gitHub.onRequest({ path, times: 1 }, async () => {
        newer = await commit(source(), 'topic', { x: 'x' }, { parent: scene.head });
      });
      expect(await perform(patch)).toMatchObject({ status: 'stale' });
      expect(await tip()).toBe(newer);
      expect(scene.artifacts).toEqual([]);
    },
  );

  test('is stale when the branch goes back or away', async () => {
    scene = await openScene();
    const patch = await patchOf(scene, fixed);
    scene.gitHub.onRequest({ path: /\/git\/trees$/, times: 1 }, () =>
      run(source(), ['update-ref', 'refs/heads/topic', scene.base]),
    );
    expect(await perform(patch)).toMatchObject({ status: 'stale' });
  });

  test('of another tree than was proved is not pushed', async () => {
    scene = await openScene();
    const patch = { ...(await patchOf(scene, fixed)), tree: 'f'.repeat(40) };
    const receipt = await perform(patch);
    expect(receipt).toMatchObject({ status: 'refused', detail: expect.stringContaining('which was proved') });
    expect(await tip()).toBe(scene.head);
    expect(scene.artifacts[0]!.files[0]!.content).toBe(patch.body);
  });

  test('on another base, or with a link in it, is refused', async () => {
    scene = await openScene();
    const patch = await patchOf(scene, { link: { mode: '120000', content: '/etc/passwd' } });
    expect(await perform(patch)).toMatchObject({
      status: 'refused',
      detail: expect.stringContaining('120000'),
    });
    expect(await perform({ ...patch, base: scene.base })).toMatchObject({ status: 'refused' });
    expect(await tip()).toBe(scene.head);
    expect(await scene.platform().perform(push, ledgerOf(scene.subject, 'fix'), scene.git)).toMatchObject({
      status: 'refused',
    });
  });

  test('of a person is not verified, and that is said', async () => {
    scene = await openScene();
    const token = scene.gitHub.createToken({ login: 'ann', permissions: everything });
    expect(await perform(await patchOf(scene, fixed), { token })).toMatchObject({
      status: 'done',
      detail: expect.stringContaining('verified'),
    });
  });

  test('without the permission is kept, and fails with the missing line', async () => {
    scene = await openScene();
    const token = scene.gitHub.createToken({ permissions: { pull_requests: 'write', contents: 'read' } });
    const receipt = await perform(await patchOf(scene, fixed), { token });
    expect(receipt).toMatchObject({ status: 'failed' });
    expect(receipt.detail).toContain('permissions: contents: write');
    expect(receipt.detail).toContain(`countersign.patch in the artifact countersign-patch-${taskId} (http`);
    expect(scene.artifacts).toHaveLength(1);
  });

  test('that a rule of the branch keeps out is refused', async () => {
    scene = await openScene();
    const body = { message: 'Repository rule violations found', status: '422' };
    scene.gitHub.failNext({ method: 'PATCH', path: /\/git\/refs\// }, { status: 422, body });
    const receipt = await perform(await patchOf(scene, fixed));
    expect(receipt).toMatchObject({ status: 'refused', detail: expect.stringContaining('rule violations') });
  });

  test('of a workflow is refused by GitHub', async () => {
    scene = await openScene();
    const receipt = await perform(await patchOf(scene, { '.github/workflows/x.yml': 'on: push\n' }));
    expect(receipt).toMatchObject({
      status: 'refused',
      detail: expect.stringContaining('refusing to allow'),
    });
  });

  test.each([
    ['a lost answer', { method: 'PATCH', path: /\/git\/refs\// }, faults.reset, true],
    ['a broken answer', { method: 'PATCH', path: /\/git\/refs\// }, faults.badGateway, true],
    ['a broken connection', { method: 'POST', path: /\/git\/trees/ }, faults.reset, false],
    ['a secondary limit', { method: 'POST', path: /\/git\/commits/ }, faults.secondaryRateLimit(2), false],
  ])('gets through %s', async (_, match, fault, carriedOut) => {
    scene = await openScene();
    const patch = await patchOf(scene, fixed);
    scene.gitHub.failNext(match, fault, { carriedOut });
    const receipt = await perform(patch);
    expect(receipt).toMatchObject({ status: 'done', reference: await tip() });
  });

  test('that GitHub breaks down over for good is kept', async () => {
    scene = await openScene();
    scene.gitHub.failNext({ method: 'POST', path: /\/git\/commits/, times: 9 }, faults.serverError);
    expect(await perform(await patchOf(scene, fixed))).toMatchObject({ status: 'failed' });
    expect(scene.artifacts).toHaveLength(1);
  });
});

describe('on a fork', () => {
  test('that may be written the commit goes there', async () => {
    scene = await openScene({ fork: true });
    const receipt = await perform(await patchOf(scene, fixed));
    expect(receipt).toMatchObject({ status: 'done', reference: await tip() });
  });

  test("that the token can't write the patch is kept", async () => {
    scene = await openScene({ fork: true });
    const token = scene.gitHub.createToken({ permissions: everything, repositories: ['octo/shop'] });
    const patch = await patchOf(scene, fixed);
    const receipt = await perform(patch, { token });
    expect(receipt).toMatchObject({ status: 'refused', detail: expect.stringContaining('eve/shop') });
    expect(scene.artifacts).toEqual([
      { name: `countersign-patch-${taskId}`, files: [{ name: 'countersign.patch', content: patch.body }] },
    ]);
    expect(await tip()).toBe(scene.head);
  });

  test('an artifact that fails loses nothing but itself', async () => {
    scene = await openScene({ fork: true });
    const token = scene.gitHub.createToken({ permissions: everything, repositories: ['octo/shop'] });
    const patch = await patchOf(scene, fixed);
    const uploadArtifact = () => Promise.reject(new Error('no artifacts here'));
    expect(await perform(patch, { token, uploadArtifact })).toMatchObject({
      status: 'refused',
      detail: expect.stringContaining('no artifacts here'),
    });
    expect(await perform(patch, { token, uploadArtifact: async () => undefined })).toMatchObject({
      status: 'refused',
      detail: expect.stringContaining('in the ledger'),
    });
  });

  test('whose author lets no maintainer in nothing is tried', async () => {
    scene = await openScene({ fork: true });
    const patch = await patchOf(scene, fixed);
    scene.gitHub.requests.length = 0;
    const answer = await (
      await fetch(`${scene.gitHub.apiUrl}/repos/octo/shop/pulls/1`, {
        headers: { authorization: `token ${scene.gitHub.createToken({ permissions: everything })}` },
      })
    ).json();
    const body = { ...(answer as object), maintainer_can_modify: false };
    scene.gitHub.failNext({ path: /\/pulls\/1$/ }, { status: 200, body });
    expect(await perform(patch)).toMatchObject({
      status: 'refused',
      detail: expect.stringContaining("doesn't let maintainers push"),
    });
    expect(scene.gitHub.requests).toHaveLength(2);
  });
});

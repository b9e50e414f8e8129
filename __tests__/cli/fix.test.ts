import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { commit, createRepository, fixer, git, testCommand, useScene } from './scene.ts';

const scene = useScene();
const { countersign } = scene;
const fix = ['fix', '--test', testCommand];

/** All that a user would miss: where the branches are, what is checked out, staged, changed and stashed. */
function state(repository: string): unknown {
  const files = readdirSync(repository).filter((name) => name !== '.git');
  return {
    head: readFileSync(join(repository, '.git/HEAD'), 'utf8'),
    index: readFileSync(join(repository, '.git/index')).toString('hex'),
    config: readFileSync(join(repository, '.git/config'), 'utf8'),
    refs: git(repository, 'for-each-ref')
      .split('\n')
      .filter((ref) => !ref.includes('refs/heads/countersign/')),
    status: git(repository, 'status', '--porcelain'),
    files: files.map((name) => [name, readFileSync(join(repository, name), 'utf8')]),
  };
}

const branches = (repository: string): string[] =>
  git(repository, 'for-each-ref', '--format=%(refname:short)', 'refs/heads/countersign/')
    .split('\n')
    .filter(Boolean);

test('a fix is a branch with one commit, says how to take it over, and touches nothing else', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  const before = state(repository);
  scene.model.add(fixer());
  const { code, stdout, stderr } = await countersign(repository, fix);
  const [branch, ...more] = branches(repository);
  expect(more).toEqual([]);
  expect(branch).toMatch(/^countersign\/fix-[0-9a-f]{8}$/);
  const sha = git(repository, 'rev-parse', branch!);
  expect(stdout).toContain(`Fixed in ${sha.slice(0, 12)}: Make a two\n  M app.js\n`);
  expect(stdout).toContain(`\n  git show ${branch}\n  git merge ${branch}\n`);
  expect(stderr).not.toContain('warning');
  expect(code).toBe(0);
  expect(git(repository, 'rev-parse', `${branch}^`)).toBe(git(repository, 'rev-parse', 'feature'));
  expect(git(repository, 'show', `${branch}:app.js`)).toBe('export const a = 2;\nexport const b = 1;');
  expect(git(repository, 'diff', '--name-only', 'feature', branch!)).toBe('app.js');
  expect(state(repository)).toEqual(before);
  // Nothing in the repository is broken or left over by how the commit came there.
  expect(git(repository, 'fsck', '--strict', '--no-dangling')).toBe('');
});

test('a dirty work tree is neither looked at nor touched, and that is said', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  writeFileSync(join(repository, 'app.js'), 'export const a = 2; // not committed\n');
  writeFileSync(join(repository, 'new.js'), '');
  writeFileSync(join(repository, 'check.sh'), 'true\n');
  git(repository, 'add', 'check.sh');
  const before = state(repository);
  scene.model.add(fixer());
  const { code, stdout, stderr } = await countersign(repository, fix);
  expect(stderr).toContain(
    'countersign: warning: Only commits are looked at; 3 files have changes that are not committed.\n',
  );
  expect(stdout).toContain('Fixed in');
  expect(code).toBe(0);
  expect(state(repository)).toEqual(before);
});

test('with --head, the work tree is of no interest', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  appendFileSync(join(repository, 'app.js'), '// not committed\n');
  scene.model.add(fixer());
  const { code, stderr } = await countersign(repository, [...fix, '--head', 'main']);
  expect(stderr).not.toContain('warning');
  expect(code).toBe(0);
  expect(git(repository, 'rev-parse', `${branches(repository)[0]}^`)).toBe(
    git(repository, 'rev-parse', 'main'),
  );
});

test('tests that pass are nothing to do: it says so, exits 0 and asks no model', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  const { code, stdout } = await countersign(repository, ['fix', '--test', 'true']);
  expect(stdout).toMatch(/^Nothing to do\n {2}`true` passes at the head commit\.$/m);
  expect(code).toBe(0);
  expect(scene.model.requests).toEqual([]);
  expect(branches(repository)).toEqual([]);
});

test('the branch of an earlier run is never moved, also when somebody has built upon it', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(fixer(), fixer(), fixer());
  await countersign(repository, fix);
  const [branch] = branches(repository);
  const made = git(repository, 'rev-parse', branch!);
  // The same fix again is that branch.
  const again = await countersign(repository, fix);
  expect(again.stdout).toContain(`Fixed in ${made.slice(0, 12)}`);
  expect(branches(repository)).toEqual([branch]);

  git(repository, 'switch', '--quiet', branch!);
  commit(repository, { 'mine.js': '' });
  const mine = git(repository, 'rev-parse', 'HEAD');
  const { code, stdout } = await countersign(repository, [...fix, '--head', 'feature']);
  expect(code).toBe(0);
  expect(branches(repository)).toEqual([branch, `${branch}-2`]);
  expect(stdout).toContain(`git merge ${branch}-2\n`);
  expect(git(repository, 'rev-parse', branch!)).toBe(mine);
  expect(git(repository, 'status', '--porcelain')).toBe('');
});

test('a session sees the head with its history, and no other object of the repository', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  writeFileSync(join(repository, 'app.js'), 'the secret in my stash\n');
  git(repository, 'stash', '--quiet');
  const stashed = git(repository, 'rev-parse', 'stash@{0}:app.js');
  const script = fixer();
  const looks = {
    name: 'bash',
    input: { command: `git cat-file -p ${stashed}; git show --stat HEAD` },
  };
  scene.model.add({ ...script, turns: [{ tools: [looks] }, ...script.turns!] });
  const { code } = await countersign(repository, fix);
  expect(code).toBe(0);
  expect(scene.model.seen('Not a valid object name')).toBe(true);
  expect(scene.model.seen('1 file changed, 1 insertion(+)')).toBe(true);
  expect(scene.model.seen('the secret in my stash')).toBe(false);
});

test('attempts that prove nothing end in 1, with the limit named as it is typed', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(fixer());
  const { code, stdout } = await countersign(repository, ['fix', '--test', 'false', '--max-attempts', '1']);
  expect(stdout).toContain('Not fixed: gave up\n  `false` still fails after the last patch.\n');
  expect(stdout).toMatch(/^Next: .* with a higher --max-attempts\.$/m);
  expect(code).toBe(1);
  expect(branches(repository)).toEqual([]);
});

test('a ledger that is damaged, or of another version, is kept aside and the task begins anew', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(fixer(), fixer());
  await countersign(repository, fix);
  const ledgers = join(repository, '.git/countersign');
  const [id] = readdirSync(ledgers);
  appendFileSync(join(ledgers, id!, '0002-facts.md'), 'more');
  const { code, stderr } = await countersign(repository, fix);
  expect(code).toBe(0);
  expect(stderr).toContain('document 2 does not carry its own digest. It is kept aside');
  expect(readdirSync(ledgers)).toHaveLength(2);
});

import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { which } from '../../src/room/install.ts';
import { commit, createRepository, type Ended, git, oneProcess, reviewer, useScene } from './scene.ts';

const scene = useScene();
const { countersign } = scene;

const misuses: [args: string[], message: string][] = [
  [[], 'no AGENT is named.'],
  [['review', 'fix'], 'one AGENT at a time, but there are more: review fix.'],
  [
    ['Review'],
    'AGENT: "Review" is not allowed; it must be a name of lower-case letters, digits and hyphens.',
  ],
  [['review', '--nope'], "Unknown option '--nope'."],
  [['review', '--json=1'], "Option '--json' does not take an argument."],
  [['review', '--base'], "Option '--base <value>' argument missing."],
  [['review', '-C'], "Option '-C <value>' argument missing."],
  [['review', '--base', '--json'], "Option '--base' argument is ambiguous."],
  [['review', '--head', ''], '--head is empty.'],
  [['review', '--report', ''], '--report is empty.'],
  [
    ['review', '--fail-on', 'bad'],
    '--fail-on: "bad" is not allowed; it must be one of critical, high, medium, low, never.',
  ],
  [
    ['review', '--provider', 'aws'],
    '--provider: "aws" is not allowed; it must be one of anthropic, bedrock, vertex, foundry.',
  ],
  [
    ['review', '--provider', 'vertex'],
    '--provider: "vertex" needs the variable CLOUD_ML_REGION, which is empty; it must be a region of Vertex AI such as us-east5, or global.',
  ],
  [
    ['review', '--provider', 'bedrock'],
    '--model: "claude-opus-5-5" is not allowed with `--provider bedrock`; it must be a model or an inference profile as Bedrock names it, such as global.anthropic.claude-opus-5-5.',
  ],
  [['review', '--sandbox', 'no'], '--sandbox: "no" is not allowed; it must be one of require, auto, off.'],
  [['review', '--model', 'a b'], '--model: "a b" is not allowed; it must be the name of a model.'],
  [
    ['review', '--max-attempts', '21'],
    '--max-attempts: "21" is not allowed; it must be a whole number from 1 to 20.',
  ],
  [['review', '--max-turns', '0'], '--max-turns: "0" is not allowed; it must be a whole number above 0.'],
  [['review', '--max-turns', '2001'], '--max-turns: "2001" is not allowed; it must be at most 2000 turns.'],
  [
    ['review', '--max-tokens', '1e3'],
    '--max-tokens: "1e3" is not allowed; it must be a whole number above 0.',
  ],
  [
    ['review', '--max-cost-usd=-1'],
    '--max-cost-usd: "-1" is not allowed; it must be an amount of US dollars above 0.',
  ],
  [
    ['review', '--timeout-minutes', 'ten'],
    '--timeout-minutes: "ten" is not allowed; it must be a number of minutes above 0.',
  ],
  [
    ['review', '--working-directory', '../x'],
    '--working-directory: "../x" is not allowed; it must be a path inside the repository.',
  ],
  [['review', '--config', '/x'], '--config: "/x" is not allowed; it must be a path inside the repository.'],
  [
    ['review', '--fail-on', '\u001b[2J\n::error::x'],
    String.raw`--fail-on: "\u001b[2J\n::error::x" is not allowed; it must be one of critical, high, medium, low, never.`,
  ],
];

let ended: Ended[];
beforeAll(async () => {
  ended = await oneProcess(misuses.map(([args]) => args));
});

test.each(misuses.map(([args], index) => [args, index] as const))(
  '%j is misuse: one line that names it as it was typed, and exit code 2',
  (_, index) => {
    expect(ended[index]).toEqual({
      code: 2,
      stdout: '',
      stderr: `countersign: ${misuses[index]![1]} Try: countersign --help\n`,
    });
  },
);

test('a process of its own says the same, byte for byte', async () => {
  const at = misuses.length - 1;
  expect(await countersign(scene.directory, misuses[at]![0])).toEqual(ended[at]);
});

test.each([
  ['ANTHROPIC_API_KEY', '', 'ANTHROPIC_API_KEY is not set.'],
  [
    'ANTHROPIC_BASE_URL',
    'http://me:secret@example.com',
    'ANTHROPIC_BASE_URL: "http://***@example.com" is not allowed; it must be a URL that starts with https:// (http:// only for this machine).',
  ],
])('%s=%j is one line, before any room is made', async (name, value, message) => {
  const repository = createRepository(join(scene.directory, 'r'));
  const ended = await countersign(repository, ['review'], { env: { [name]: value } });
  expect(ended).toEqual({ code: 2, stdout: '', stderr: `countersign: ${message} Try: countersign --help\n` });
  expect(readdirSync(join(repository, '.git'))).not.toContain('countersign');
});

test('--help names every option in lines that fit a terminal, and --version is a version', async () => {
  const { code, stdout, stderr } = await countersign(scene.directory, ['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(await countersign(scene.directory, ['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

/** The last line on stderr of a run that exits 1 with nothing on stdout. */
async function fault(cwd: string, args: string[], env?: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await countersign(cwd, args, env ? { env } : {});
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).not.toMatch(/has a bug|^ +at /m);
  return stderr.trimEnd().split('\n').at(-1)!.replace('countersign: ', '');
}

test('what is no git checkout is said', async () => {
  const { directory } = scene;
  git(directory, 'init', '--quiet', '--bare', 'bare');
  expect(await fault(directory, ['review'])).toBe(
    `${directory} can't be used as a git checkout: it is not in one. Name one with -C.`,
  );
  expect(await fault(directory, ['review', '-C', 'gone'])).toMatch(
    /^\S+\/gone can't be used as a git checkout: cannot change to '.*': No such file or directory\. Name one with -C\.$/,
  );
  expect(await fault(directory, ['review', '-C', 'bare'])).toMatch(
    /must be run in a work tree\. Name one with -C\.$/,
  );
});

test('a revision that is not there is said with its option', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  expect(await fault(repository, ['review', '--base', 'nope'])).toBe(
    `--base "nope": there is no such commit, branch or tag in ${repository}.`,
  );
  expect(await fault(repository, ['review', '--head=--all'])).toBe(
    `--head "--all": there is no such commit, branch or tag in ${repository}.`,
  );
});

test('an agent that is not there is said', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  expect(await fault(repository, ['docs'])).toMatch(
    /^AGENT: "docs" is not allowed; it must be one of fix, review, /,
  );
});

test('a key that the configuration may not have is said by its name there', async () => {
  const repository = createRepository(join(scene.directory, 'r'), {
    '.github/countersign.yml': 'test-command: npm test\n',
  });
  expect(await fault(repository, ['review', '--base', 'HEAD'])).toMatch(
    /\.github\/countersign\.yml.* is invalid: .*"test-command"/,
  );
});

test('base and head without common history, and a repository without commits, are said', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  git(repository, 'switch', '--quiet', '--orphan', 'other');
  expect(await fault(repository, ['review', '--base', 'main'])).toBe(
    `There is no commit in ${repository} yet, and only commits are looked at.`,
  );
  commit(repository, { 'other.js': '' });
  expect(await fault(repository, ['review', '--base', 'main'])).toBe(
    'main and HEAD have no common history, so there is no change to look at.',
  );
});

function onlyPrograms(...names: string[]): Record<string, string> {
  const bin = join(scene.directory, 'bin');
  mkdirSync(bin);
  for (const name of names) symlinkSync(which(name, process.env.PATH!)!, join(bin, name));
  return { PATH: bin };
}

test('a machine without git is said', async () => {
  expect(await fault(scene.directory, ['review'], onlyPrograms())).toBe(
    'git is not installed, or not on PATH.',
  );
});

test('a machine without bubblewrap and without a way to install it is one line, not a run without a sandbox', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  expect(await fault(repository, ['review', '--base', 'main'], onlyPrograms('git'))).toMatch(
    /^The sandbox can't be set up: bubblewrap is missing; .* `--sandbox auto` would run without a sandbox: /,
  );
});

test('a folder for temporary files that is not there is said', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  expect(await fault(repository, ['review'], { TMPDIR: '/nonexistent' })).toMatch(
    /^The directory for temporary files can't be used: .*\. Set TMPDIR to another one\.$/,
  );
});

test('a folder for temporary files whose path is too long for a socket is no obstacle', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  const deep = join(scene.directory, 'x'.repeat(100));
  mkdirSync(deep);
  scene.model.add(reviewer());
  const { code } = await countersign(repository, ['review'], { env: { TMPDIR: deep } });
  expect(code).toBe(0);
  expect(readdirSync(deep)).toEqual([]);
});

test('a key that the API does not accept is said by the name of its variable', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  const { code, stdout } = await countersign(repository, ['review'], {
    env: { ANTHROPIC_API_KEY: 'wrong-key' },
  });
  expect(stdout).toMatch(
    /^Not finished\n {2}The Messages API does not accept the credential: .*ANTHROPIC_API_KEY/m,
  );
  expect(stdout).not.toContain('wrong-key');
  expect(code).toBe(1);
});

test('an API that can not be reached is said', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  // Nothing listens there any more.
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  const { code, stdout } = await countersign(repository, ['review'], {
    env: { ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}` },
  });
  expect(stdout).toMatch(/^Not finished\n {2}The Messages API can't be reached/m);
  expect(code).toBe(1);
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parsePairs } from './runner/files.ts';
import { type PayloadName, payload, type RunOptions, type RunResult, runAction } from './runner.ts';

const ACTION = `
name: Fake
inputs:
  some-input: { default: from action.yml }
  two words: { default: '' }
  github-token: { default: '\${{ github.token }}' }
runs: { using: node24, main: main.mjs, post: post.mjs, post-if: always() }
`;

let directory = '';
const results: RunResult[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fake-action-'));
});

afterEach(() => {
  for (const result of results.splice(0)) result.cleanup();
  rmSync(directory, { recursive: true });
});

const HEAD =
  "import { appendFileSync as add, mkdirSync, writeFileSync } from 'node:fs'; const { env } = process;\n";

const run = async (main: string, more: Partial<RunOptions> & { post?: string } = {}): Promise<RunResult> => {
  const { post = '', ...options } = more;
  writeFileSync(join(directory, 'action.yml'), ACTION);
  writeFileSync(join(directory, 'main.mjs'), HEAD + main);
  writeFileSync(join(directory, 'post.mjs'), HEAD + post);
  const result = await runAction({
    inputs: {},
    event: { name: 'pull_request', payload: payload('pull_request', { number: 7 }) },
    token: 'ghs_token',
    github: { apiUrl: 'http://127.0.0.1:1', serverUrl: 'http://127.0.0.1:2' },
    repository: 'octo/hello',
    sha: 'a'.repeat(40),
    ref: 'refs/pull/7/merge',
    actionDir: directory,
    ...options,
  });
  results.push(result);
  return result;
};

const printed = (result: RunResult) => JSON.parse(result.stdout);

describe('what the action is given', () => {
  test('inputs are named and filled as by the runner', async () => {
    const main = 'console.log(JSON.stringify(Object.entries(env).filter(([k]) => k.startsWith("INPUT_"))))';
    const result = await run(main, { inputs: { 'two words': 'x', other: 'y' } });
    expect(Object.fromEntries(printed(result))).toEqual({
      'INPUT_SOME-INPUT': 'from action.yml',
      INPUT_TWO_WORDS: 'x',
      'INPUT_GITHUB-TOKEN': 'ghs_token',
      INPUT_OTHER: 'y',
    });
    expect(result.log).toContain('***');
    expect(result.log).not.toContain('ghs_token');
    expect(result.annotations.warning[0]?.message).toContain("Unexpected input(s) 'other'");
  });

  test('nothing comes from the developer but PATH and LANG', async () => {
    process.env.RUNNER_STAND_IN_CANARY = 'developer';
    const result = await run('console.log(JSON.stringify(env))', { env: { MINE: '1', LANG: undefined } });
    delete process.env.RUNNER_STAND_IN_CANARY;
    const env = printed(result);
    expect(env.MINE).toBe('1');
    expect(env.HOME).toBe(result.home);
    expect(env.HOME).not.toBe(homedir());
    const foreign = Object.keys(env).filter(
      (key) => !/^(GITHUB|RUNNER|INPUT|ACTIONS)_|^(PATH|HOME|CI|MINE)$/.test(key),
    );
    expect(foreign).toEqual([]);
    expect(JSON.stringify(env)).not.toContain('developer');
    expect(env).toMatchObject({
      GITHUB_HEAD_REF: 'changes',
      GITHUB_BASE_REF: 'main',
      GITHUB_REF_NAME: '7/merge',
    });
  });

  test('the event stands in a file, Node is 24 and the directory is the workspace', async () => {
    const main = `
      const { readFileSync } = await import('node:fs');
      const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8'));
      console.log(JSON.stringify([event.number, process.version, process.cwd() === env.GITHUB_WORKSPACE]));`;
    expect(printed(await run(main))).toEqual([7, expect.stringMatching(/^v24\./), true]);
  });

  test('a stub binary is found before the real one', async () => {
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'git'), '#!/bin/sh\necho stub', { mode: 0o755 });
    const main = "console.log((await import('node:child_process')).execSync('git --version').toString())";
    expect((await run(main, { extraPath: [bin] })).stdout).toContain('stub');
  });
});

describe('what the action leaves', () => {
  test('outputs, state, environment and summary', async () => {
    const main = `
      add(env.GITHUB_OUTPUT, 'one=1\\nmany<<END\\na\\n\\nb=c\\nEND\\n');
      add(env.GITHUB_STATE, 'room=/x\\n');
      add(env.GITHUB_ENV, 'LATER=yes\\n');
      add(env.GITHUB_PATH, '/added\\n');
      add(env.GITHUB_STEP_SUMMARY, '# Sum ghs_token\\n');`;
    const post =
      'console.log(env.STATE_room, env.LATER, env.PATH.startsWith("/added:"), env["INPUT_SOME-INPUT"])';
    const result = await run(main, { post });
    expect(result).toMatchObject({
      exitCode: 0,
      conclusion: 'success',
      outputs: { one: '1', many: 'a\n\nb=c' },
      state: { room: '/x' },
      env: { LATER: 'yes' },
      summary: '# Sum ***\n',
      leftRunning: false,
    });
    expect(result.post).toMatchObject({ exitCode: 0, log: '/x yes true from action.yml' });
  });

  test('a command file that cannot be read fails the step', async () => {
    const result = await run("add(env.GITHUB_OUTPUT, 'many<<END\\nno end\\n')");
    expect(result).toMatchObject({ exitCode: 0, conclusion: 'failure', outputs: {} });
    expect(result.annotations.error[1]?.message).toContain("Matching delimiter not found 'END'");
  });

  test('annotations, masks and stopped commands', async () => {
    const main = `
      console.log('s3cret before');
      console.log('::add-mask::s3cret');
      console.log('::error file=a%2Cb.js,line=3::wrong s3cret%0Atwice');
      console.error('::warning::hm');
      console.log('  ::notice title=t::n');
      console.log('::stop-commands::tok');
      console.log('::error::not one');
      console.log('::tok::');
      console.log('text ##[set-output name=bad]1');
      console.log('::unknown::x', Buffer.from('s3cret').toString('base64'));
      process.exitCode = 3;`;
    const result = await run(main, { canaries: ['s3cret', 'nowhere'] });
    expect(result.annotations.error).toEqual([{ file: 'a,b.js', line: '3', message: 'wrong ***\ntwice' }]);
    expect(result.annotations.warning).toEqual([{ message: 'hm' }]);
    expect(result.annotations.notice).toEqual([{ title: 't', message: 'n' }]);
    expect(result.outputs).toEqual({ bad: '1' });
    expect(result.log).toContain('s3cret before');
    expect(result.log).toContain('::error::not one');
    expect(result.log).toContain('::unknown::x ***');
    expect(result.masked).toEqual(['ghs_token', 's3cret']);
    expect(result.leaks).toEqual(['s3cret']);
    expect(result).toMatchObject({ exitCode: 3, conclusion: 'failure' });
    expect(result.post.ran).toBe(true);
  });

  test('a canary that was only masked has not leaked', async () => {
    const result = await run("console.log('::add-mask::s3cret')", { canaries: ['s3cret'] });
    expect(result.leaks).toEqual([]);
  });

  test('files in RUNNER_TEMP are listed after post', async () => {
    const main =
      "mkdirSync(env.RUNNER_TEMP + '/room'); writeFileSync(env.RUNNER_TEMP + '/room/a', ''); writeFileSync(env.RUNNER_TEMP + '/b', '');";
    const post = "(await import('node:fs')).rmSync(env.RUNNER_TEMP + '/room', { recursive: true })";
    expect((await run(main, { post })).tempEntries).toEqual(['b']);
    expect((await run(main, { skipPost: true })).tempEntries).toEqual(['b', 'room', 'room/a']);
  });
});

describe('how it ends', () => {
  const forever = "setInterval(() => {}, 1000); console.log('ready');";

  test('a signal once the output says so', async () => {
    const result = await run(forever, {
      signalAfter: (child, log) => void (log.includes('ready') && child.kill('SIGTERM')),
    });
    expect(result).toMatchObject({
      exitCode: null,
      signal: 'SIGTERM',
      conclusion: 'failure',
      post: { ran: true },
    });
  });

  test('what is left running is seen and killed', async () => {
    const main = `
      const { spawn } = await import('node:child_process');
      const child = spawn(process.execPath, ['-e', "console.log('child'); setInterval(() => {}, 1000)"], { stdio: ['ignore', 'inherit', 'inherit'] });
      child.unref();
      add(env.GITHUB_OUTPUT, 'pid=' + child.pid + '\\n');`;
    const result = await run(main);
    expect(result.leftRunning).toBe(true);
    expect(isRunning(Number(result.outputs.pid))).toBe(false);
  });

  test('the time limit kills it', async () => {
    await expect(run(forever, { timeoutMs: 1000 })).rejects.toThrow(/did not end within 1000 ms/);
  });
});

// A killed process may stay in the table as a zombie until somebody waits for it.
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('entries of command files', () => {
  expect(parsePairs('a=b<<c\nd<<X=1\nv\nX=1\n\ne=')).toEqual({ a: 'b<<c', d: 'v', e: '' });
  expect(() => parsePairs('nonsense')).toThrow(/Invalid format/);
  expect(() => parsePairs('=x')).toThrow(/Name must not be empty/);
});

describe('payloads', () => {
  const all = {
    repository: 'acme/tools',
    number: 41,
    author: 'mallory',
    sender: { login: 'maintainer', id: 5 },
    head: { ref: 'evil', sha: '1'.repeat(40) },
    base: { ref: 'trunk', sha: '2'.repeat(40) },
    defaultBranch: 'trunk',
    apiUrl: 'http://127.0.0.1:1',
    serverUrl: 'http://127.0.0.1:2',
  };

  test.each<PayloadName>([
    'pull_request',
    'pull_request_target',
    'issue_comment',
    'issues',
    'workflow_run',
    'workflow_dispatch',
  ])('%s says the same thing throughout', (name) => {
    const event = payload(name, all);
    const text = JSON.stringify(event);
    expect(event.repository.full_name).toBe('acme/tools');
    expect(event.repository.url).toBe('http://127.0.0.1:1/repos/acme/tools');
    expect(event.sender).toMatchObject({ login: 'maintainer', id: 5 });
    expect(text).not.toMatch(/Hello-World|octo-repo|api\.github\.com|"https:\/\/github\.com|ec26c3e|f95f852/);
  });

  test('a pull request from a fork', () => {
    const event = payload('pull_request', {
      ...all,
      action: 'synchronize',
      fork: true,
      before: '3'.repeat(40),
    });
    expect(event).toMatchObject({
      action: 'synchronize',
      number: 41,
      before: '3'.repeat(40),
      after: all.head.sha,
      pull_request: {
        number: 41,
        url: 'http://127.0.0.1:1/repos/acme/tools/pulls/41',
        user: { login: 'mallory' },
        head: {
          ref: 'evil',
          sha: all.head.sha,
          label: 'mallory:evil',
          repo: { full_name: 'mallory/tools', fork: true },
        },
        base: {
          ref: 'trunk',
          sha: all.base.sha,
          repo: { full_name: 'acme/tools', fork: false, default_branch: 'trunk' },
        },
      },
    });
  });

  test('a comment on a pull request, and on an issue', () => {
    const event = payload('issue_comment', {
      ...all,
      comment: { body: '/fix' },
      merge: { issue: { locked: true } },
    });
    expect(event).toMatchObject({
      issue: {
        number: 41,
        locked: true,
        pull_request: { url: 'http://127.0.0.1:1/repos/acme/tools/pulls/41' },
      },
      comment: { body: '/fix', user: { login: 'maintainer' } },
    });
    expect(payload('issue_comment', { onPullRequest: false }).issue.pull_request).toBeUndefined();
  });

  test('a workflow run', () => {
    const event = payload('workflow_run', { ...all, run: { id: 99 } });
    expect(event.workflow_run).toMatchObject({
      id: 99,
      conclusion: 'failure',
      head_sha: all.head.sha,
      pull_requests: [{ number: 41, head: { sha: all.head.sha } }],
    });
    expect(payload('workflow_run', { ...all, fork: true }).workflow_run.pull_requests).toEqual([]);
  });
});

describe('action.yml', () => {
  const action = parse(readFileSync(fileURLToPath(new URL('../../action.yml', import.meta.url)), 'utf8'));

  test('is fit for the marketplace', () => {
    expect(action.description.length).toBeLessThanOrEqual(125);
    expect(action.runs).toEqual({
      using: 'node24',
      main: 'dist/index.js',
      post: 'dist/post.js',
      'post-if': 'always()',
    });
    expect(action.branding).toEqual({ icon: 'edit-3', color: 'purple' });
  });

  test('describes every input and output, and gives every input a text as default', () => {
    for (const { description } of Object.values<{ description: string }>({
      ...action.inputs,
      ...action.outputs,
    })) {
      expect(description).toMatch(/\.$/);
    }
    for (const [name, input] of Object.entries<{ default: unknown }>(action.inputs)) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(typeof input.default).toBe('string');
    }
  });
});

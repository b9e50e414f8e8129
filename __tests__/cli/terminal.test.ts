import { exec } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from '@jest/globals';
import { bundle, createRepository, reviewer, useScene, wrongB } from './scene.ts';

const scene = useScene();
const { countersign } = scene;
const esc = '\u001b';

test('in a pipe, progress is lines on stderr, and no escape sequence is anywhere', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer(wrongB()));
  const { stdout, stderr } = await countersign(repository, ['review']);
  expect(stdout + stderr).not.toContain(esc);
  expect(stderr).toMatch(/^(countersign: .+\n){3,}$/);
});

test('in a terminal, progress is one line that is erased before the verdict, which is in colour', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer(wrongB()));
  const { code, stdout } = await countersign(repository, ['review'], { isTerminal: true });
  const erased = `${esc}[1G${esc}[2K`;
  const lines = stdout.split('\r\n');
  // All of the progress stands on the line where the verdict then begins.
  const progress = lines[0]!.split(erased);
  expect(progress[0]).toBe('');
  expect(progress.slice(1, -1).every((line) => /^countersign: /.test(line) && line.length < 60)).toBe(true);
  expect(progress.length).toBeGreaterThan(4);
  expect(stripVTControlCharacters(progress.at(-1)!)).toBe('app.js:2 high wrong');
  expect(stdout).toContain(`${esc}[31mhigh${esc}[39m`);
  expect(code).toBe(1);
});

test.each([
  [{ NO_COLOR: '1' }, true],
  [{ TERM: 'dumb' }, false],
])('in a terminal with %j there are no colours', async (env, isRewritten) => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer(wrongB()));
  const { stdout } = await countersign(repository, ['review'], { isTerminal: true, env });
  expect(stdout).not.toMatch(/\u001b\[[\d;]*m/);
  expect(stdout.includes(esc)).toBe(isRewritten);
});

test('a reader that goes away early is no fault', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer());
  const command = `{ '${process.execPath}' '${bundle}' review; echo "exit $?" >&3; } 3>&2 2>&1 | true`;
  const stderr = await new Promise<string>((resolve) => {
    const env = {
      ...process.env,
      TMPDIR: join(scene.directory, 'tmp'),
      ANTHROPIC_API_KEY: scene.model.apiKey,
      ANTHROPIC_BASE_URL: scene.model.url,
    };
    exec(command, { cwd: repository, env }, (_error, _stdout, errors) => resolve(errors));
  });
  expect(stderr).toBe('exit 0\n');
});

test('hostile text in findings and file names acts neither on the terminal nor on the log of a CI job', async () => {
  const name = '::error::x\u001b]0;owned\u0007 ##[add-mask]y.js';
  const repository = createRepository(join(scene.directory, 'r'), { [name]: 'let y;\u001b[2J\n' });
  scene.model.add(
    reviewer(
      {
        path: name,
        line: 1,
        quote: 'let y;\u001b[2J',
        severity: 'low',
        message:
          'A\u001b[8m hidden\n::set-output name=x::y\n  ::stop-commands::x\n##vso[task.complete]\u202e done',
      },
      wrongB(),
    ),
  );
  const { code, stdout, stderr } = await countersign(repository, ['review']);
  expect(code).toBe(1);
  expect(stdout).toContain(': :error::x # #[add-mask]y.js:1 low wrong');
  for (const out of [stdout, stderr]) {
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(out).not.toMatch(/^\s*::/m);
    expect(out).not.toMatch(/##\[|##vso\[/);
  }
});

test('hostile output of the tests acts neither on the terminal nor on the log of a CI job', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  const setup = `printf '\\033[2J\\n::error::x\\n##[group]y\\n'; exit 1`;
  const { code, stdout, stderr } = await countersign(repository, ['fix', '--test', 'true', '--setup', setup]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('The --setup ');
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]|^\s*::|##\[/m);
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const workflow = parse(readFileSync(join(root, '.github/workflows/self-test.yml'), 'utf8'));
const job = workflow.jobs.attack;
const steps = job.steps as { uses?: string; run?: string; with?: Record<string, unknown>; name?: string }[];

test('the sandbox is attacked every week, after each change of it, and when somebody asks', () => {
  expect(Object.keys(workflow.on).sort()).toEqual(['push', 'schedule', 'workflow_call', 'workflow_dispatch']);
  expect(workflow.on.schedule).toEqual([{ cron: expect.stringMatching(/^\d+ \d+ \* \* [0-6]$/) }]);
  expect(workflow.on.push).toMatchObject({
    branches: ['main'],
    paths: expect.arrayContaining(['src/room/**']),
  });
});

test('it is attacked on both kinds of hosted runner, or on those that a caller names', () => {
  const both = '["ubuntu-latest", "ubuntu-24.04-arm"]';
  expect(workflow.on.workflow_call.inputs['runs-on']).toMatchObject({ type: 'string', default: both });
  expect(job['runs-on']).toBe('${{ matrix.runner }}');
  expect(job.strategy).toEqual({
    'fail-fast': false,
    matrix: { runner: `\${{ fromJSON(inputs.runs-on || '${both}') }}` },
  });
});

test('a caller attacks Countersign at the commit that was called, with the strongest attacks, and hears of a loss', () => {
  expect(steps[0]).toMatchObject({
    uses: expect.stringMatching(/^actions\/checkout@/),
    with: {
      repository: '${{ job.workflow_repository }}',
      ref: '${{ job.workflow_sha }}',
      'persist-credentials': false,
    },
  });
  expect(steps.at(-1)).toEqual({ run: 'npm ci && npm run attacks -- --strongest' });
  expect(JSON.stringify(workflow)).not.toMatch(/continue-on-error|\|\| true/);
});

test('it may read and nothing else, has no secret, and every action is pinned', () => {
  expect(workflow.permissions).toEqual({});
  expect(job.permissions).toEqual({ contents: 'read' });
  expect(JSON.stringify(workflow)).not.toContain('secrets');
  for (const { uses } of steps) if (uses) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  expect(steps.map(({ run }) => run).filter((run) => run?.includes('${{'))).toEqual([]);
});

test('a runner that AppArmor restricts gets the profile that README names and the action loads', () => {
  const script = steps.find(({ name }) => name?.startsWith('Let bubblewrap'))!.run!;
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const source = readFileSync(join(root, 'src/room/install.ts'), 'utf8');
  const profile = (text: string): string[] =>
    /abi <abi[\s\S]+?userns,\n\s*}/
      .exec(text)![0]
      .replace('${bwrap}', '/usr/bin/bwrap')
      .split('\n')
      .map((line) => line.trim());
  expect(profile(script)).toEqual(profile(source));
  expect(profile(readme)).toEqual(profile(source));
  expect(spawnSync('bash', ['-n'], { input: script }).status).toBe(0);
});

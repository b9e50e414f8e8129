import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

let temp: string;

beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), 'post-'));
});
afterEach(() => rmSync(temp, { recursive: true }));

test.each([
  ['a run', 'countersign/run-12', false],
  ['the ledgers', 'countersign/ledgers', true],
  ['all of them', 'countersign', true],
  ['what only looks like a run', 'countersign/run-12x', true],
  ['a run of something else', 'other/run-12', true],
  ['what lies in a run', 'countersign/run-12/rooms', true],
  ['a way back', 'countersign/run-12/../../other/run-12', true],
])('after the job %s is wiped only if it is a run', (_what, state, stays) => {
  const scratch = `${temp}/${state}`;
  for (const name of ['countersign/run-12', 'other/run-12', state])
    mkdirSync(join(temp, name, 'inner'), { recursive: true });
  const { status, stderr } = spawnSync('node', ['src/entry/post.ts'], {
    env: { PATH: process.env.PATH, RUNNER_TEMP: temp, STATE_scratch: scratch, NODE_NO_WARNINGS: '1' },
  });
  expect([status, stderr.toString()]).toEqual([0, '']);
  expect(existsSync(scratch)).toBe(stays);
  expect(existsSync(join(temp, 'other/run-12'))).toBe(true);
});

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { toolsOf, trustedPath } from '../../src/room/environment.ts';

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'machine-'));
});
afterEach(() => rmSync(base, { recursive: true }));

function directory(...parts: string[]): string {
  const path = join(base, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

test('programs are never started from the workspace, from the temp folder, or from a relative place', () => {
  const workspace = directory('workspace');
  const planted = directory('workspace/node_modules/.bin');
  writeFileSync(join(planted, 'git'), '#!/bin/sh\ntouch pwned\n');
  chmodSync(join(planted, 'git'), 0o755);
  const path = trustedPath(`${planted}:node_modules/.bin:.::/usr/bin:${base}/absent`, [workspace]);
  expect(path).toBe('/usr/bin');
});

test('a PATH with nothing to trust in it falls back to the system', () => {
  expect(trustedPath('node_modules/.bin', [])).toBe('/usr/bin:/bin');
});

test('the folder around a tool is shown, unless a hidden directory lies in it', () => {
  const [tool, runner] = [directory('opt/tool/bin'), directory('actions-runner/bin')];
  const hidden = [directory('actions-runner/_work/_temp')];
  const { mounts } = toolsOf({ path: `${tool}:${runner}`, home: directory('home'), hidden });
  const shown = mounts.map(({ at }) => at).filter((at) => at.startsWith(base));
  expect(shown).toEqual([join(base, 'opt/tool'), runner]);
});

test('of a home only the folder with the programs is shown, not what lies beside it', () => {
  const home = directory('somebody');
  const tool = directory('somebody/.local/bin');
  const { mounts } = toolsOf({ path: tool, home, hidden: [] });
  expect(mounts.map(({ at }) => at).filter((at) => at.startsWith(base))).toEqual([tool]);
});

test('a hidden directory inside a mount is covered', () => {
  const cache = directory('cache');
  const hidden = directory('cache/workspace');
  expect(toolsOf({ path: '', home: directory('home'), hidden: [hidden], toolCache: cache }).covered).toEqual([
    hidden,
  ]);
});

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { toolResults } from '../stand-ins/model/index.ts';
import { createRepository, fixer, git, reviewer, testCommand, useScene } from './scene.ts';

const scene = useScene();
const { countersign } = scene;

/** What it says where the sandbox is refused, before any model is asked. */
async function refusal(by: readonly string[], path = process.env.PATH!): Promise<string> {
  const repository = createRepository(join(scene.directory, 'r'));
  const { code, stdout, stderr } = await countersign(repository, ['review', '--base', 'main'], {
    by,
    env: { PATH: path },
  });
  expect({ code, stdout, asked: scene.model.requests.length }).toEqual({ code: 1, stdout: '', asked: 0 });
  return stderr.trim().split('\n').at(-1)!;
}

/** The machine as it is, but for what else is given. */
const container = (...more: string[]): string[] => [
  ...['bwrap', '--dev-bind', '/', '/', '--unshare-user', '--disable-userns'],
  ...more,
];

describe('a defence that can’t be set up stops the run before the model is asked:', () => {
  test('a container without user namespaces', async () => {
    expect(await refusal(container())).toMatch(
      /The sandbox can't be set up: bubblewrap can't make its namespaces here \(bwrap: .+\); inside a container, it must be allowed user namespaces\. `--sandbox auto` would run without a sandbox: .+\.$/,
    );
  });

  test('Ubuntu 24.04, whose AppArmor forbids user namespaces', async () => {
    const sysctl = join(scene.directory, 'sysctl');
    writeFileSync(sysctl, '1\n');
    const at = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';
    expect(await refusal(container('--tmpfs', '/proc/sys', '--ro-bind', sysctl, at))).toMatch(
      /The sandbox can't be set up: AppArmor forbids bubblewrap user namespaces \(.+\); load a profile for it, or run `sudo sysctl -w kernel\.apparmor_restrict_unprivileged_userns=0` in a step before\./,
    );
  });

  test('a kernel that takes no filter of system calls', async () => {
    const bin = join(scene.directory, 'bin');
    mkdirSync(bin);
    const stub =
      'case "$*" in *--seccomp*) echo "bwrap: prctl(PR_SET_SECCOMP)" >&2; exit 1;; esac; exec /usr/bin/bwrap "$@"';
    writeFileSync(join(bin, 'bwrap'), `#!/bin/sh\n${stub}\n`);
    chmodSync(join(bin, 'bwrap'), 0o755);
    const path = `${bin}${delimiter}${process.env.PATH}`;
    expect(await refusal([], path)).toMatch(
      /The sandbox can't be set up: this kernel takes no filter of system calls \(CONFIG_SECCOMP_FILTER\)\. `--sandbox auto` would run without a filter of system calls: /,
    );
    scene.model.add(reviewer());
    const { code, stderr } = await countersign(
      join(scene.directory, 'r'),
      ['review', '--base', 'main', '--sandbox', 'auto'],
      { env: { PATH: path } },
    );
    expect(code).toBe(0);
    expect(stderr).toContain('Running without a filter of system calls');
    expect(stderr).not.toContain('Running without a sandbox');
  });
});

test('an ordinary user has the same rooms as root', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  // Where the tests are run by root, the command line is not; everywhere else nobody is root anyway.
  const isRoot = process.getuid?.() === 0;
  const by = isRoot ? ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups', '--'] : [];
  if (isRoot) execFileSync('chown', ['-R', '12345:12345', scene.directory]);
  const looks = 'id -u; grep -E "^(NoNewPrivs|Seccomp|CapBnd|CapEff):" /proc/self/status; ls /run /root 2>&1';
  const [mend, handIn] = fixer().turns as { tools: { name: string; input: object }[] }[];
  scene.model.add({
    name: 'fixer',
    turns: [{ tools: [{ name: 'bash', input: { command: looks } }] }, mend!, handIn!],
  });
  const { code, stderr } = await countersign(repository, ['fix', '--test', testCommand], { by });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const [seen] = toolResults(scene.model.requests[1]!.body);
  expect(seen!.text).toContain('1000\n');
  expect(seen!.text).toMatch(/CapEff:\s0+\nCapBnd:\s0+\nNoNewPrivs:\s1\nSeccomp:\s2\n/);
  expect(git(repository, '-c', 'safe.directory=*', 'branch', '--list', 'countersign/*')).toContain('fix-');
});

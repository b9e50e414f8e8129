import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from '@jest/globals';
import { bash, findings, repair, session } from '../stand-ins/sums.ts';
import { documents, errors, scenario } from './scene.ts';

/** A PATH with everything that is in /usr/bin but bubblewrap, and with these in the place of apt-get and sudo. */
function machine(aptGet: string): {
  path: string;
  called: () => string;
  read: (stub: string) => string;
  remove: () => void;
} {
  const root = mkdtempSync(join(tmpdir(), 'countersign-machine-'));
  const stubs = join(root, 'stubs');
  const tools = join(root, 'tools');
  const log = join(root, 'apt-get.log');
  mkdirSync(stubs);
  mkdirSync(tools);
  const absent = new Set(['bwrap', 'apt-get', 'sudo']);
  for (const name of readdirSync('/usr/bin')) {
    if (!absent.has(name)) symlinkSync(join('/usr/bin', name), join(tools, name));
  }
  const stub = (name: string, script: string): void => {
    writeFileSync(join(stubs, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(stubs, name), 0o755);
  };
  stub('apt-get', `echo "$@" >> ${log}\nstubs=${stubs}\n${aptGet}`);
  stub('sudo', 'shift; exec "$@"');
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  return {
    path: `${stubs}:${tools}`,
    called: () => read(log),
    read: (name) => read(join(stubs, name)),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

describe('where bubblewrap is missing', () => {
  scenario(
    'and can’t be installed, `require` stops: what to install, and what `auto` would mean',
    async (stage) => {
      const bare = machine('exit 100');
      try {
        const scene = await stage.scene();
        const result = await scene.run('review', { env: { PATH: bare.path } });
        expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'missing-tool']);
        expect(result.annotations.error).toHaveLength(1);
        expect(errors(result)).toContain('sudo apt-get install -y bubblewrap');
        expect(errors(result)).toContain('`sandbox: auto` would run without a sandbox');
        expect(errors(result).split('\n')).toHaveLength(1);
        expect(bare.called()).toMatch(/install bubblewrap\n.*update\n/);
        expect(stage.model.requests).toEqual([]);
      } finally {
        bare.remove();
      }
    },
  );

  scenario('and can be installed, it is, and the run goes on in it', async (stage) => {
    const bare = machine('case "$*" in *install*) ln -s /usr/bin/bwrap "$stubs/bwrap";; esac');
    try {
      const scene = await stage.scene();
      stage.model.add(session(bash('echo $HOME'), ...repair));
      const result = await scene.run('fix', { env: { PATH: bare.path } });
      expect(result.outputs.outcome).toBe('fixed');
      expect(result.annotations.warning).toEqual([]);
      expect(documents(result, 'usage')[0]!.turns[0]!.tools[0]!.result).toContain('/room/home');
    } finally {
      bare.remove();
    }
  });

  scenario('and the package list is old, it is brought up to date first', async (stage) => {
    const bare = machine(
      'case "$*" in *update*) touch "$stubs/list";; *install*) test -e "$stubs/list" && ln -s /usr/bin/bwrap "$stubs/bwrap";; esac',
    );
    try {
      const scene = await stage.scene();
      stage.model.add(session(findings([])));
      const result = await scene.run('review', { env: { PATH: bare.path } });
      expect(result.outputs.outcome).toBe('pass');
    } finally {
      bare.remove();
    }
  });

  scenario('a run that is cancelled while it is installed ends, though that goes on', async (stage) => {
    // In a process group of its own, which the runner of the tests does not take for a process left behind.
    const bare = machine('echo $$ > "$stubs/pid"; exec setsid sleep 90');
    try {
      const scene = await stage.scene();
      const installing = async (): Promise<number> => {
        for (;;) {
          const pid = Number(bare.read('pid'));
          if (pid) return pid;
          await sleep(20);
        }
      };
      const result = await scene.run('review', {
        env: { PATH: bare.path },
        onSpawn: (child) => void installing().then(() => child.kill('SIGTERM')),
      });
      expect([result.exitCode, result.signal]).toEqual([1, null]);
      expect(errors(result)).toContain('cancelled');
      expect(readFileSync(result.outputs['comment-file']!, 'utf8')).toContain('cancelled');
      // Throws when it has ended.
      process.kill(await installing(), 'SIGKILL');
    } finally {
      bare.remove();
    }
  });

  scenario('`auto` runs without a sandbox, and warns', async (stage) => {
    const bare = machine('exit 100');
    try {
      const scene = await stage.scene();
      stage.model.add(session(...repair));
      const result = await scene.run('fix', { env: { PATH: bare.path }, inputs: { sandbox: 'auto' } });
      expect(result.outputs.outcome).toBe('fixed');
      expect(result.annotations.warning.map(({ message }) => message)).toEqual([
        expect.stringContaining('Running without a sandbox (sandbox: auto): bubblewrap is missing'),
      ]);
      expect(scene.tip()).toBe(result.outputs['commit-sha']);
    } finally {
      bare.remove();
    }
  });
});

scenario('`sandbox: off` runs without a sandbox, and warns', async (stage) => {
  const scene = await stage.scene();
  stage.model.add(session(findings([])));
  const result = await scene.run('review', { inputs: { sandbox: 'off' } });
  expect(result.outputs.outcome).toBe('pass');
  expect(result.annotations.warning[0]!.message).toMatch(/^sandbox: off\./);
});

scenario('`sandbox: off` still gives a session an empty environment and a home of its own', async (stage) => {
  const scene = await stage.scene();
  stage.model.add(session(bash('env; echo "$HOME"'), ...repair));
  const result = await scene.run('fix', { inputs: { sandbox: 'off' }, env: { MY_SECRET: 'CANARY-beef' } });
  expect(result.outputs.outcome).toBe('fixed');
  expect(stage.model.seen('CANARY-beef')).toBe(false);
  expect(documents(result, 'usage')[0]!.turns[0]!.tools[0]!.result).not.toMatch(
    /INPUT_|GITHUB_TOKEN|ACTIONS_/,
  );
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import type { Document } from '../../src/core/document.ts';
import { toolResults } from '../stand-ins/model/index.ts';
import { bash, bug, findings, project, repair, session } from '../stand-ins/sums.ts';
import { documents, errors, ledgerOf, scenario } from './scene.ts';

type Setup = Extract<Document<'facts'>, { probe: 'setup' }>;

const setupsOf = (result: Parameters<typeof documents>[0]): Setup[] =>
  documents(result, 'facts').filter((facts): facts is Setup => facts.probe === 'setup');

/** A project whose test needs a package that is not in it. */
const needy = {
  ...project,
  'package.json': '{"name": "app", "dependencies": {"dep": "1.0.0"}}\n',
  '.gitignore': 'node_modules\n',
  'test/dep.test.js': "require('node:assert').equal(require('dep'), 42);\n",
};
const install =
  'mkdir -p node_modules/dep; echo "module.exports = 42" > node_modules/dep/index.js; echo "exports.made = 1" > made.js';

describe('the setup command', () => {
  scenario(
    'runs once, before the tests; what it installs is there for them, for the session and for the proof, and no one can change it',
    async (stage) => {
      const scene = await stage.scene({ base: needy });
      stage.model.add(
        session(
          bash('cat node_modules/dep/index.js made.js; ls'),
          bash('echo "module.exports = 0" > node_modules/dep/index.js; rm -rf node_modules made.js'),
          bash('git status --short'),
          ...repair,
        ),
      );
      const result = await scene.run('fix', { inputs: { 'setup-command': `${install}; echo RAN >&2` } });
      expect(result.outputs.outcome).toBe('fixed');
      const [, read, written, status] = stage.model.requests.map(({ body }) => toolResults(body)[0]?.text);
      expect(read).toContain('module.exports = 42\nexports.made = 1\n');
      expect(written).toContain('Read-only file system');
      expect(status).not.toContain('made.js');
      expect(
        ledgerOf(result).map((document) => ('probe' in document ? document.probe : document.kind)),
      ).toEqual(expect.arrayContaining(['task', 'setup', 'tests', 'usage', 'patch', 'prove', 'verdict']));
      expect(setupsOf(result)).toMatchObject([
        { exitCode: 0, timedOut: false, watched: true, hosts: [], by: 'run', seq: 2 },
      ]);
      expect(setupsOf(result)[0]!.body).toContain('RAN');
      expect(scene.read('made.js')).toBe(undefined);
      expect(scene.read('node_modules/dep/index.js')).toBe(undefined);
    },
  );

  scenario('never runs what a model has written: on the patch, the tests alone are run', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(...repair));
    const result = await scene.run('fix', {
      inputs: {
        'setup-command': 'grep -c "a - b" sum.js > count.txt',
        'test-command': 'cat count.txt; node --test',
      },
    });
    expect(result.outputs.outcome).toBe('fixed');
    expect(setupsOf(result)).toHaveLength(1);
    const proof = documents(result, 'facts').find(({ probe }) => probe === 'prove');
    expect(proof!.body).toContain('1\n');
  });

  scenario(
    'begins without what is in the workspace when it may install, and with it when it may not',
    async (stage) => {
      const workspace = mkdtempSync(join(tmpdir(), 'countersign-workspace-'));
      try {
        mkdirSync(join(workspace, 'node_modules/dep'), { recursive: true });
        writeFileSync(join(workspace, 'node_modules/dep/index.js'), 'module.exports = 42;\n');
        const scene = await stage.scene({ base: needy, head: { 'new.txt': '' } });
        const run = (more: Record<string, string>) =>
          scene.run('fix', { workspace, inputs: { 'setup-command': 'ls node_modules', ...more } });
        expect((await run({})).outputs.outcome).toBe('noop');
        scene.push({ 'newer.txt': '' });
        const online = await run({ 'allow-hosts': 'registry.npmjs.org' });
        expect(online.outputs.outcome).toBe('incomplete');
        expect(errors(online)).toContain('No such file or directory');
      } finally {
        rmSync(workspace, { recursive: true });
      }
    },
  );

  scenario('is not run for a review, which runs nothing of the change', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(findings([])));
    const result = await scene.run('review', { inputs: { 'setup-command': 'exit 1' } });
    expect(result.outputs.outcome).toBe('pass');
    expect(setupsOf(result)).toEqual([]);
  });
});

describe('a setup command that fails', () => {
  scenario(
    'ends the run with its name, its exit code and its last words, before the model is asked anything',
    async (stage) => {
      const scene = await stage.scene();
      const result = await scene.run('fix', { inputs: { 'setup-command': 'echo SETUP-WORDS; exit 7' } });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toContain(
        'The setup-command `echo SETUP-WORDS; exit 7` failed with exit code 7. It has no network, because the input allow-hosts is empty. Its last words: SETUP-WORDS',
      );
      expect(setupsOf(result)).toMatchObject([{ exitCode: 7 }]);
      expect(stage.model.requests).toEqual([]);
    },
  );

  scenario('for want of a host says which it asked for, and where to name it', async (stage) => {
    const scene = await stage.scene({ base: needy });
    const result = await scene.run('fix', {
      inputs: {
        'setup-command':
          'curl -sS https://registry.npmjs.org/dep; curl -sS https://github.com/; curl -sS https://github.com:22/; exit 4',
        'allow-hosts': 'static.crates.io',
      },
    });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toContain(
      'It asked for registry.npmjs.org and github.com, which are not in allow-hosts: add them there if it may reach them. It asked for github.com:22, but only https at port 443 is let through.',
    );
    expect(setupsOf(result)[0]!.hosts).toEqual([
      { host: 'registry.npmjs.org', came: 'not-allowed', times: 1, bytes: 0 },
      { host: 'github.com', came: 'not-allowed', times: 1, bytes: 0 },
      { host: 'github.com:22', came: 'not-443', times: 1, bytes: 0 },
    ]);
  });

  scenario('by taking too long ends the run as one whose time is up', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('fix', {
      inputs: { 'setup-command': 'echo SLOW; sleep 9999', 'timeout-minutes': '0.5' },
    });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'budget']);
    expect(errors(result)).toContain('did not end within the limit timeout-minutes');
  });
});

scenario('a host that was refused is told in the log though the command ended well', async (stage) => {
  const scene = await stage.scene({ head: { 'new.txt': '' } });
  const result = await scene.run('fix', {
    inputs: { 'setup-command': 'curl -sS https://telemetry.example.com/; true' },
  });
  expect(result.outputs.outcome).toBe('noop');
  expect(result.log).toContain('It asked for telemetry.example.com, which is not in allow-hosts');
});

scenario('the setup command has no credential in reach, and no way to what holds one', async (stage) => {
  const outside = mkdtempSync(join(tmpdir(), 'countersign-secrets-'));
  const canary = 'CANARY-5e7a9';
  try {
    for (const path of ['temp/secret', 'home/.npmrc', 'home/.netrc', 'workspace/.env'])
      write(join(outside, path), `${canary}\n`);
    const scene = await stage.scene({ head: { 'new.txt': '' } });
    const looks = [
      'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr "\\0" "\\n"',
      `find ${outside} /home /root /tmp /run /var /github -type f 2>/dev/null | xargs -r grep -ha C.NARY-5e7a9`,
      'ls -A ~; cat ~/.npmrc ~/.netrc; git config --list; git remote -v; ls /room',
      `for url in ${stage.github.apiUrl}/user ${stage.model.url}/v1/messages https://169.254.169.254/ http://169.254.169.254/; do curl -sS -m 3 $url; curl -sS -m 3 --noproxy "*" $url; done`,
      'curl -sS -m 3 --unix-socket /room/gateway -X POST -d "{}" http://gateway/v1/messages',
      'ls -la /var/run/docker.sock; sudo -n id',
    ];
    const result = await scene.run('fix', {
      inputs: {
        'setup-command': `(${looks.join('; ')}) > seen.txt 2>&1; true`,
        'test-command': 'cat seen.txt; node --test',
      },
      env: { HOME: join(outside, 'home'), MY_SECRET: canary, NPM_TOKEN: canary },
      temp: join(outside, 'temp'),
      workspace: join(outside, 'workspace'),
      artifacts: true,
    });
    expect(result.outputs.outcome).toBe('noop');
    const seen = documents(result, 'facts').find(({ probe }) => probe === 'tests')!.body;
    expect(seen).toContain('HOME=/room/home');
    expect(seen).not.toMatch(/INPUT_|GITHUB_|ACTIONS_|RUNNER_|_TOKEN|_KEY|SECRET/);
    expect(seen).not.toContain(canary);
    expect(seen).toContain('Only CONNECT to port 443 is served here.');
    expect(seen.match(/curl: \(\d+\)/g)).toHaveLength(7);
    expect(stage.model.requests).toEqual([]);
  } finally {
    rmSync(outside, { recursive: true, force: true });
  }
});

scenario('without a sandbox, a warning says that allow-hosts can not be kept', async (stage) => {
  const scene = await stage.scene({ head: bug });
  stage.model.add(session(...repair));
  const result = await scene.run('fix', {
    inputs: { sandbox: 'off', 'setup-command': 'true', 'allow-hosts': 'registry.npmjs.org' },
  });
  expect(result.outputs.outcome).toBe('fixed');
  expect(result.annotations.warning.map(({ message }) => message).join('\n')).toContain(
    'allow-hosts can not be kept',
  );
  expect(setupsOf(result)).toMatchObject([{ watched: false, hosts: [] }]);
});

function write(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

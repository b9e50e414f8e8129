import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Git } from '../../src/core/git.ts';
import type { Room } from '../../src/core/room.ts';
import { openGit } from '../../src/git/git.ts';
import { collectPatch } from '../../src/git/patch.ts';
import type { ToolPlaces } from '../../src/room/host-info.ts';
import { prepareSandbox } from '../../src/room/install.ts';
import { roomsIn } from '../../src/room/room.ts';
import type { SetupArtifacts } from '../../src/room/setup-artifacts.ts';
import { runSetup, type SetupCommandResult, type SetupOptions } from '../../src/run/setup-command.ts';
import { certificate, type Registry, startRegistry } from '../stand-ins/registry.ts';

const host = 'registry.example.com';
const canary = 'CANARY-77aa';

let base: string;
let git: Git;
let head: string;
let other: string;
let tarball: Buffer;
let registry: Registry;
let openRoom: ReturnType<typeof roomsIn>;
let places: ToolPlaces;
let artifacts: SetupArtifacts | undefined;
const opened: Room[] = [];

const clean = { PATH: process.env.PATH!, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const run = (cwd: string, program: string, ...args: string[]): string =>
  execFileSync(program, args, {
    cwd,
    env: clean,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();

function write(root: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

function commit(source: string, files: Record<string, string>): string {
  write(source, files);
  run(source, 'git', 'add', '-A');
  run(source, 'git', '-c', 'user.name=A', '-c', 'user.email=a@example.com', 'commit', '-qm', 'a change');
  return run(source, 'git', 'rev-parse', 'HEAD');
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'setup-'));
  write(base, { secret: canary });
  // A package whose install script leaves a trace, as a registry serves it.
  const manifest = {
    name: 'dep',
    version: '1.0.0',
    main: 'index.js',
    scripts: { postinstall: 'env > trace; cat /proc/*/environ >> trace' },
  };
  write(join(base, 'tar'), {
    'package/package.json': JSON.stringify(manifest),
    'package/index.js': 'module.exports = 42;\n',
  });
  run(base, 'tar', '-czf', 'dep.tgz', '-C', 'tar', 'package');
  tarball = readFileSync(join(base, 'dep.tgz'));
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const resolved = `https://${host}/dep/-/dep-1.0.0.tgz`;
  const source = join(base, 'source');
  execFileSync('git', ['init', '-q', '-b', 'main', source]);
  head = commit(source, {
    'package.json': JSON.stringify({ name: 'app', version: '1.0.0', dependencies: { dep: '1.0.0' } }),
    'package-lock.json': JSON.stringify({
      name: 'app',
      version: '1.0.0',
      lockfileVersion: 3,
      packages: {
        '': { name: 'app', version: '1.0.0', dependencies: { dep: '1.0.0' } },
        'node_modules/dep': { version: '1.0.0', resolved, integrity, hasInstallScript: true },
      },
    }),
    'ca.pem': certificate,
    '.gitignore': 'node_modules\n',
    'sub/file.txt': 'one\n',
    'test.js': "console.log(require('dep'));\n",
  });
  other = commit(source, { 'made.txt': 'of the commit\n', 'sub/file.txt': 'two\n' });
  git = await openGit(join(base, 'git'));
  await git(['fetch', '-q', source, 'main']);
});

beforeEach(async () => {
  registry = await startRegistry({ '/dep/-/dep-1.0.0.tgz': tarball });
  artifacts = undefined;
  let n = 0;
  const say = () => {};
  const { signal } = new AbortController();
  const host = { platform: process.platform, path: process.env.PATH!, isRoot: process.getuid?.() === 0 };
  places = { path: process.env.PATH!, home: process.env.HOME!, hidden: [base] };
  openRoom = roomsIn({
    root: join(base, 'rooms'),
    sandbox: await prepareSandbox('require', { ...host, mayInstall: false, signal, say, warn: say }),
    host: places,
    git,
    workspace: join(base, 'workspace'),
    programs: [
      { from: process.execPath, at: '/countersign/node' },
      { from: join(import.meta.dirname, '../../dist/relay.js'), at: '/countersign/relay.cjs' },
    ],
    id: () => `room${n++}`,
    signal,
  });
});

afterEach(async () => {
  for (const room of opened.splice(0)) await room.close();
  await registry.close();
  rmSync(join(base, 'rooms'), { recursive: true, force: true });
  rmSync(join(base, 'workspace'), { recursive: true, force: true });
});

afterAll(() => rmSync(base, { recursive: true }));

async function setUp(command: string, more: Partial<SetupOptions> = {}): Promise<SetupCommandResult> {
  const setup = await runSetup({
    command,
    commit: head,
    workingDirectory: '.',
    seconds: 900,
    hosts: [host],
    relay: ['/countersign/node', '/countersign/relay.cjs'],
    openRoom,
    rooms: join(base, 'rooms'),
    git,
    sockets: base,
    signal: new AbortController().signal,
    network: {
      // An address on the internet, which is believed to have been dialled.
      resolve: async () => [{ address: '203.0.112.1', family: 4 }],
      dial: () => registry.dial(),
    },
    ...more,
  });
  artifacts = setup.artifacts;
  return setup;
}

/** What a command prints in a room that is opened afterwards. */
async function later(script: string, request: { commit?: string; writable?: boolean } = {}): Promise<string> {
  const room = await openRoom({ commit: head, writable: true, history: true, ...request }, artifacts);
  opened.push(room);
  return (await room.run({ argv: ['/bin/sh', '-c', script], timeoutSeconds: 900 })).output;
}

const trust = 'export NODE_EXTRA_CA_CERTS=$PWD/ca.pem npm_config_cafile=$PWD/ca.pem';

describe('by the proxy', () => {
  test('npm ci installs a package, and runs its script, which sees no credential', async () => {
    process.env.SETUP_TEST_SECRET = canary;
    const { result, asked } = await setUp(`${trust}; npm ci --no-audit && cat node_modules/dep/trace`);
    delete process.env.SETUP_TEST_SECRET;
    expect(result).toMatchObject({ exitCode: 0, timedOut: false });
    expect(asked).toMatchObject([{ host, came: 'reached' }]);
    expect(result.output).toContain('HOME=/room/home');
    expect(result.output).not.toContain(canary);
    expect(result.output).not.toMatch(/GITHUB_|ACTIONS_|RUNNER_|INPUT_|TOKEN|SECRET/);
    expect(await later('node test.js')).toBe('42\n');
  });

  test('git clones and curl fetches', async () => {
    const site = join(base, 'site.git');
    run(base, 'git', 'clone', '-q', '--bare', join(base, 'source'), site);
    run(site, 'git', 'update-server-info');
    const names = readdirSync(site, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const paths = names.map((entry) => join(entry.parentPath, entry.name));
    await registry.close();
    registry = await startRegistry({
      ...Object.fromEntries(paths.map((path) => [path.slice(base.length), readFileSync(path)])),
      '/file': 'FILE\n',
    });
    const { result } = await setUp(
      `curl -sS --cacert ca.pem https://${host}/file && git -c http.sslCAInfo=$PWD/ca.pem clone -q https://${host}/site.git cloned && cat cloned/made.txt`,
    );
    expect(result.output).toBe('FILE\nof the commit\n');
  });

  test('a host that is not named is refused to each of them, and remembered', async () => {
    const { result, asked } = await setUp(
      `curl -sS https://one.example.com/; git clone https://two.example.com/r.git; npm view dep --registry=https://three.example.com --fetch-retries=0; /countersign/node -e "fetch('https://four.example.com').catch((e) => console.log(e.cause.message))"; curl -sS http://five.example.com/; false`,
    );
    expect(result.exitCode).toBe(1);
    expect(asked.map(({ host, came }) => `${host} ${came}`)).toEqual([
      'one.example.com not-allowed',
      'two.example.com not-allowed',
      'three.example.com not-allowed',
      'four.example.com not-allowed',
      'five.example.com not-443',
    ]);
    expect(registry.requests).toEqual([]);
  });

  test('there is no other way out: no address, no name, no socket of the machine', async () => {
    const { result } = await setUp(
      [
        'unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy',
        `curl -sS -m 3 https://${host}/; curl -sS -m 3 http://1.1.1.1/; curl -sS -m 3 http://127.0.0.1:${registry.port}/`,
        'getent hosts example.com; cat /etc/resolv.conf; ls /run /var/run/docker.sock; ls /room; cat /proc/net/unix | grep -c rooms',
      ].join('\n'),
    );
    expect(result.output).toMatch(/Could not resolve host: registry\.example\.com/);
    expect(result.output.match(/curl: \((6|7)\)/g)).toHaveLength(3);
    expect(result.output).not.toContain(canary);
    expect(registry.requests).toEqual([]);
  });
});

describe('what it leaves', () => {
  test('is shown to later rooms, which can not change it, and is no change of theirs', async () => {
    const { artifacts } = await setUp(
      'mkdir -p node_modules/dep sub/build && echo 1 > node_modules/dep/a && echo 2 > sub/build/b && echo 3 > made.txt && echo 4 > file.txt',
    );
    expect([...artifacts!.paths].sort()).toEqual(['file.txt', 'made.txt', 'node_modules', 'sub/build']);
    expect(await later('cat node_modules/dep/a sub/build/b made.txt')).toBe('1\n2\n3\n');
    const changing = 'echo x > made.txt; echo x > node_modules/dep/a; rm sub/build/b; mkdir node_modules/new';
    const output = await later(`${changing}; git status --short`);
    expect(
      output
        .trimEnd()
        .split('\n')
        .map((line) => /Read-only file system$/.test(line)),
    ).toEqual(Array(4).fill(true));
    expect(await collectPatch(git, opened[1]!, head, 30)).toBeUndefined();
  });

  test('changes no file of the commit, and goes where a later commit has nothing', async () => {
    await setUp(
      'echo changed > sub/file.txt; echo mine > made.txt; mkdir .git/x; echo y > .git/config; true',
    );
    expect(await later('cat sub/file.txt made.txt')).toBe('one\nmine\n');
    expect(await later('cat sub/file.txt made.txt; ls .git/x', { commit: other })).toMatch(
      /^two\nof the commit\nls: /,
    );
  });

  test('is read, in a room that can write nothing, as anywhere', async () => {
    await setUp('mkdir node_modules && echo 1 > node_modules/a');
    expect(await later('cat node_modules/a; ls', { writable: false })).toContain('1\n');
  });

  test('leads nowhere: a link, in place of a folder or as one, is not followed out here', async () => {
    await setUp(
      [
        `ln -s ${base} node_modules; ln -s ${base}/secret link.txt; mkfifo fifo`,
        `rm -r sub; ln -s ${base} sub`,
        `mkdir folder; ln -s ${base}/secret folder/link; ln -s / folder/root`,
        'mkdir -p ~/.cargo; ln -s /etc ~/.cargo/registry; ln -s / ~/.local',
        'mkdir "with space" "a*b"; printf x > "line\nend"; mkdir -m 0 closed',
      ].join('\n'),
    );
    expect([...artifacts!.paths].sort()).toEqual(['a*b', 'closed', 'folder', 'with space']);
    const output = await later(
      'ls -A; ls -A ~ ~/.cargo; cat node_modules/* link.txt sub/secret folder/link folder/root/secret; git status --short',
    );
    expect(output).not.toContain(canary);
    expect(output).not.toMatch(/^ ?[MAD?]{1,2} /m);
    expect(output).toContain('cat: folder/link: No such file or directory');
  });

  test('may have been made a link between two rooms: it is looked at anew', async () => {
    await setUp('mkdir folder; echo 1 > folder/a');
    expect(await later('cat folder/a')).toBe('1\n');
    rmSync(join(artifacts!.work, 'folder'), { recursive: true });
    execFileSync('ln', ['-s', base, join(artifacts!.work, 'folder')]);
    expect(await later('ls folder/secret')).toContain('No such file');
  });

  test('of the stores of package managers in its home is shown as well', async () => {
    await setUp(
      'mkdir -p ~/.cargo/registry ~/go/pkg/mod; echo crate > ~/.cargo/registry/c; echo KEPT > ~/other',
    );
    expect(
      await later('cat ~/.cargo/registry/c; echo x > ~/.cargo/registry/c; ls ~; env | grep -E "CARGO|GO"'),
    ).toMatch(
      /^crate\n.*Read-only file system\ngo\n(?=[\s\S]*CARGO_NET_OFFLINE=true)(?=[\s\S]*GOMODCACHE=\/room\/home\/go\/pkg\/mod)/,
    );
  });

  test('can not be more than can be shown', async () => {
    const { result, artifacts, fault } = await setUp('for i in $(seq 600); do mkdir d$i; done');
    expect([result.exitCode, artifacts]).toEqual([0, undefined]);
    expect(fault?.message).toContain('more than 500');
    expect(existsSync(join(base, 'rooms/room0'))).toBe(false);
  });

  test('is nothing when it fails, and its room is gone', async () => {
    const { result, artifacts } = await setUp('mkdir node_modules; echo WORDS; exit 3');
    expect(result).toMatchObject({ exitCode: 3, output: 'WORDS\n' });
    expect(artifacts).toBeUndefined();
    expect(readdirSync(join(base, 'rooms'))).toEqual([]);
  });
});

test('what it starts in the background is gone when it ends', async () => {
  const marker = `left-${process.pid}`;
  await setUp(`cp /bin/sleep /tmp/${marker}; setsid nohup /tmp/${marker} 300 >/dev/null 2>&1 &`);
  const isThere = (): boolean => execFileSync('ps', ['ax', '-o', 'args']).toString().includes(marker);
  // What has been killed can be seen a moment longer, until the kernel has put it away.
  for (let i = 0; i < 200 && isThere(); i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isThere()).toBe(false);
});

test('it ends at its time limit', async () => {
  const { result } = await setUp('sleep 60', { seconds: 1 });
  expect(result.timedOut).toBe(true);
});

test('without hosts it begins with what is installed in the workspace, and with hosts without', async () => {
  write(join(base, 'workspace'), { 'node_modules/dep/index.js': 'module.exports = 7;\n' });
  const workspace = join(base, 'workspace');
  const offline = await setUp('node test.js; echo made > made.txt', { hosts: [], workspace });
  expect(offline.result.output).toBe('7\n');
  expect(offline.artifacts!.paths).toEqual(['made.txt']);
  expect(await later('node test.js; cat made.txt')).toBe('7\nmade\n');
  const online = await setUp('ls node_modules', { workspace });
  expect(online.result.output).toContain('No such file');
});

test('the crates of the machine are in every room, but not in the way of a command that fetches its own', async () => {
  const home = mkdtempSync(join(tmpdir(), 'home-'));
  write(home, { '.cargo/registry/crate': 'MACHINE\n' });
  places.home = home;
  try {
    const look = 'cat ~/.cargo/registry/crate';
    expect(await later(look)).toBe('MACHINE\n');
    const offline = await setUp(`${look}; echo x > ~/.cargo/registry/new; true`, { hosts: [] });
    expect(offline.result.output).toMatch(/^MACHINE\n.*Read-only file system\n$/);
    expect(await later(look)).toBe('MACHINE\n');
    await setUp('mkdir -p ~/.cargo/registry; echo FETCHED > ~/.cargo/registry/crate');
    expect(await later(look)).toBe('FETCHED\n');
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('without a sandbox it runs all the same, and nothing is said of hosts', async () => {
  openRoom = roomsIn({
    root: join(base, 'rooms'),
    sandbox: 'none',
    host: { path: process.env.PATH!, home: process.env.HOME!, hidden: [] },
    git,
    programs: [],
    id: () => `plain${opened.length}${artifacts ? 1 : 0}`,
    signal: new AbortController().signal,
  });
  const { result, asked } = await setUp('mkdir node_modules; echo 1 > node_modules/a; echo 2 > b', {
    relay: undefined,
  });
  expect([result.exitCode, asked]).toEqual([0, []]);
  expect(await later('cat node_modules/a b; git status --short')).toBe('1\n2\n');
});

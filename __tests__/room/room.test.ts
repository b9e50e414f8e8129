import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Git } from '../../src/core/git.ts';
import type { Room, RoomRequest } from '../../src/core/room.ts';
import { openGit } from '../../src/git/git.ts';
import { collectPatch } from '../../src/git/patch.ts';
import { prepareSandbox } from '../../src/room/install.ts';
import { roomsIn, wipeLeftovers } from '../../src/room/room.ts';

let base: string;
let git: Git;
let commit: string;
let workspace: string;
const rooms: Room[] = [];
const canary = 'CANARY-5b1f';

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'rooms-'));
  workspace = join(base, 'workspace');
  mkdirSync(join(workspace, 'node_modules/dep'), { recursive: true });
  writeFileSync(join(workspace, 'node_modules/dep/index.js'), 'module.exports = 42;');
  writeFileSync(join(base, 'secret'), canary);
  const source = join(base, 'source');
  const run = (...args: string[]) =>
    execFileSync('git', ['-C', source, ...args], { env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' } });
  execFileSync('git', ['init', '-q', '-b', 'main', source]);
  writeFileSync(join(source, 'package.json'), '{}');
  writeFileSync(join(source, 'file.txt'), 'one\n');
  run('-c', 'user.name=A', '-c', 'user.email=a@example.com', 'add', '.');
  run('-c', 'user.name=A', '-c', 'user.email=a@example.com', 'commit', '-qm', 'first');
  git = await openGit(join(base, 'git'));
  await git(['fetch', '-q', source, 'main']);
  commit = (await git(['rev-parse', 'FETCH_HEAD'])).toString().trim();
});

afterEach(async () => {
  for (const room of rooms.splice(0)) await room.close();
  expect(existsSync(join(base, 'rooms')) ? readdirSync(join(base, 'rooms')) : []).toEqual([]);
});

afterAll(() => rmSync(base, { recursive: true }));

const machine = () => ({ path: process.env.PATH!, home: process.env.HOME!, hidden: [base] });

async function open(request: Partial<RoomRequest> = {}): Promise<Room> {
  const say = () => {};
  const sandbox = await prepareSandbox('require', {
    platform: process.platform,
    path: process.env.PATH!,
    isRoot: process.getuid?.() === 0,
    mayInstall: false,
    signal: new AbortController().signal,
    say,
    warn: say,
  });
  let n = 0;
  const openRoom = roomsIn({
    root: join(base, 'rooms'),
    sandbox,
    host: machine(),
    git,
    workspace,
    programs: [{ from: process.execPath, at: '/countersign/node' }],
    id: () => `room${rooms.length}${n++}`,
    signal: new AbortController().signal,
  });
  const room = await openRoom({ commit, writable: true, history: true, ...request });
  rooms.push(room);
  return room;
}

const sh = async (room: Room, script: string, timeoutSeconds = 900) =>
  room.run({ argv: ['/bin/sh', '-c', script], timeoutSeconds });

test('a room shows the tree at its commit, the installed dependencies, and nothing of the machine beside tools', async () => {
  const room = await open();
  const { output } = await sh(
    room,
    'cat file.txt; /countersign/node -p "require(\'dep\')"; ls /; ls -A /root /home 2>/dev/null; cat /etc/passwd; ls /work 2>&1',
  );
  expect(output).toContain('one\n42\n');
  expect(output).toContain('room:x:1000');
  expect(output).not.toContain('root:x:0');
  const seen = await sh(
    room,
    `cat ${base}/secret ${base}/rooms/*/etc/passwd ${workspace}/package.json; ls ${base}; grep -r ${canary} /proc/*/environ /tmp /run /etc 2>/dev/null`,
  );
  expect(seen.output).not.toContain(canary);
});

test('the environment of a room and of process 1 in it holds only what is listed', async () => {
  process.env.ROOM_TEST_SECRET = canary;
  const room = await open();
  const { output } = await sh(room, 'env; tr "\\0" "\\n" < /proc/1/environ');
  delete process.env.ROOM_TEST_SECRET;
  expect(output).not.toContain(canary);
  const names = output.split('\n').map((line) => line.split('=')[0]);
  expect(names).not.toContain('ROOM_TEST_SECRET');
  expect(names).toContain('HOME');
});

test('there is no network in a room, not even the loopback of the machine', async () => {
  const server = createServer((socket) => socket.end('reached'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const room = await open();
  const { output } = await sh(
    room,
    `/countersign/node -e "require('net').connect(${port}, '127.0.0.1').on('data', (d) => console.log(String(d))).on('error', (e) => console.log(e.code))"; ls /sys/class/net 2>&1`,
  );
  server.close();
  expect(output).not.toContain('reached');
  expect(output).toContain('ECONNREFUSED');
});

test('the history can be read but not changed, and a dependency neither', async () => {
  const room = await open();
  const { output } = await sh(
    room,
    'git log --format=%s; git status --short; echo x > .git/config; echo y > .git/hooks; git commit -qm x --allow-empty; echo z > node_modules/dep/index.js',
  );
  expect(output).toContain('first\n');
  expect(output).toMatch(/config: Read-only file system/);
  expect(output).toMatch(/index\.js: Read-only file system/);
  expect(await collectPatch(git, room, commit, 30)).toBeUndefined();
});

test("a reviewer's room has no history and a tree that can't be written", async () => {
  const room = await open({ writable: false, history: false });
  const { output } = await sh(room, 'ls -A; echo x > file.txt; mkdir new');
  expect(output).not.toContain('.git');
  expect(output).toMatch(/file\.txt: Read-only file system/);
});

test('at the time limit everything in the room is killed, daemons too', async () => {
  const room = await open();
  const marker = `sleep-${process.pid}`;
  const result = await sh(
    room,
    `cp /bin/sleep /tmp/${marker}; setsid /tmp/${marker} 300 & nohup /tmp/${marker} 300 & wait`,
    1,
  );
  expect(result.timedOut).toBe(true);
  const isThere = (): boolean => execFileSync('ps', ['ax', '-o', 'args']).toString().includes(marker);
  // What has been killed can be seen a moment longer, until the kernel has put it away.
  for (let i = 0; i < 200 && isThere(); i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isThere()).toBe(false);
});

test('of endless output only the end is kept', async () => {
  const room = await open();
  const { output } = await room.run({
    argv: ['/bin/sh', '-c', 'seq 1 200000; echo last'],
    timeoutSeconds: 900,
    keepBytes: 1000,
  });
  expect(output.length).toBeLessThan(1100);
  expect(output).toMatch(/^\[earlier output left out\]/);
  expect(output.trimEnd()).toMatch(/last$/);
});

test('an outbox gives regular files only: no links, no FIFOs, nothing too large', async () => {
  const room = await open();
  const { outbox } = room.inside;
  await sh(
    room,
    `cd ${outbox}; echo hello > fine; ln -s ${base}/secret link; ln -s /etc/passwd passwd; mkfifo fifo; mkdir directory; head -c 5000 /dev/zero > large`,
  );
  expect((await room.take('fine'))?.toString()).toBe('hello\n');
  for (const name of ['link', 'passwd', 'fifo', 'directory', 'absent'])
    expect(await room.take(name)).toBeUndefined();
  expect(await room.take('large', 4096)).toBeUndefined();
  await expect(room.take('../secret')).rejects.toThrow('not a name');
});

test('a room is wiped though its folders were made unreadable', async () => {
  const room = await open();
  await sh(room, 'mkdir -p a/b/c && touch a/b/c/d && chmod 000 a/b a');
  await room.close();
  expect(readdirSync(join(base, 'rooms'))).toEqual([]);
});

test('a room is wiped though it is nested deeper than any path can name', async () => {
  const room = await open();
  const name = 'd'.repeat(200);
  await sh(
    room,
    `i=0; while [ $i -lt 40 ]; do mkdir ${name} && cd ${name} || exit 1; i=$((i+1)); done; touch file`,
  );
  await room.close();
  expect(readdirSync(join(base, 'rooms'))).toEqual([]);
});

test('what a killed run has left is wiped by a later one, and nothing else', async () => {
  const home = join(base, 'countersign');
  const dead = spawnSync('true').pid;
  const kept = [`run-${process.pid}`, 'run-1', 'run-0', 'run-99999999999', `run-${dead}x`, 'ledgers'];
  for (const name of [`run-${dead}`, ...kept]) mkdirSync(join(home, name, 'rooms'), { recursive: true });
  symlinkSync(workspace, join(home, `run-${dead}`, 'link'));
  await wipeLeftovers(home);
  expect(readdirSync(home).sort()).toEqual(kept.sort());
  expect(existsSync(join(workspace, 'node_modules/dep'))).toBe(true);
  await wipeLeftovers(join(base, 'absent'));
});

test('closing a room never throws, and closing it again neither', async () => {
  const room = await open();
  await sh(room, 'mkdir -p a/b && chmod 000 a');
  await room.close();
  await room.close();
});

test('a change is taken over exactly: modes, binary files, odd names, deletions', async () => {
  const room = await open();
  const script = [
    'rm package.json',
    'printf "\\000\\001\\377" > binary.bin',
    'mkdir "with space" && echo a > "with space/ümläut \\"quoted\\".txt"',
    'printf "a\\nb" > no-newline && : > empty',
    'echo "#!/bin/sh" > run.sh && chmod +x run.sh',
    'ln -s /etc/passwd link',
    'printf "latin1 \\351\\n" > latin1.txt',
  ].join('\n');
  await sh(room, script);
  const patch = await collectPatch(git, room, commit, 30);
  expect(patch?.encoding).toBe('base64');
  expect(
    Object.fromEntries(patch!.files.map((file) => [file.path, `${file.status} ${file.newMode}`])),
  ).toEqual({
    'binary.bin': 'A 100644',
    empty: 'A 100644',
    'latin1.txt': 'A 100644',
    link: 'A 120000',
    'no-newline': 'A 100644',
    'package.json': 'D 000000',
    'run.sh': 'A 100755',
    'with space/ümläut "quoted".txt': 'A 100644',
  });
  expect(await git(['cat-file', 'blob', `${patch!.tree}:binary.bin`])).toEqual(Buffer.from([0, 1, 255]));
});

test('attributes, drivers and nested repositories in the tree run nothing on the machine', async () => {
  const room = await open();
  const proof = join(base, 'pwned');
  const evil = `touch ${proof}`;
  const script = [
    `echo "* filter=evil diff=evil merge=evil" > .gitattributes`,
    `mkdir sub && git init -q sub && cd sub && git config core.fsmonitor "${evil}" && git config filter.evil.clean "${evil}" && echo x > x && git -c user.name=a -c user.email=a@b add . && git -c user.name=a -c user.email=a@b commit -qm x && cd ..`,
    `mkdir -p .config/git && git config --file "$HOME/.gitconfig" core.fsmonitor "${evil}"`,
    'echo two > file.txt',
  ].join('\n');
  await sh(room, script);
  const patch = await collectPatch(git, room, commit, 30);
  expect(existsSync(proof)).toBe(false);
  expect(patch!.files.map(({ path, newMode }) => `${newMode} ${path}`)).toEqual([
    '100644 .gitattributes',
    '100644 file.txt',
    '160000 sub',
  ]);
});

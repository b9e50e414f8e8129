import { spawnSync } from 'node:child_process';
import { constants, existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Git } from '../core/git.ts';
import { instructionsFile } from '../core/job.ts';
import { Fault } from '../core/outcome.ts';
import type { OpenRoom, Room, RoomCommand, RoomRequest } from '../core/room.ts';
import { contains, type Mount, roomEnvironment, toolsOf } from './environment.ts';
import type { ToolPlaces } from './host-info.ts';
import { runProcess } from './process.ts';
import { type Sandbox, sandboxed } from './sandbox.ts';
import { type SetupArtifacts, sharedArtifacts, sharedStores } from './setup-artifacts.ts';
import { checkOut, dependenciesOf, placeShared, type SharedPath } from './work-tree.ts';

interface Rooms {
  /** Where rooms are made; each gets a directory of its own in it. */
  root: string;
  sandbox: Sandbox;
  host: ToolPlaces;
  git: Git;
  /** A checkout whose installed dependencies rooms may use, if there is one. */
  workspace?: string;
  /** What of ours runs inside: Node and the sessions' bundles. */
  programs: readonly Mount[];
  id: () => string;
  signal: AbortSignal;
}

/** More than any document, below what would fill the trusted process. */
const largestOutboxFile = 32 * 1024 * 1024;

/**
 * Opens rooms one after another or side by side; each is the caller's to close. What the setup command has left
 * goes before what is in the workspace.
 */
export function roomsIn(
  rooms: Rooms,
): (request: RoomRequest, artifacts?: SetupArtifacts) => ReturnType<OpenRoom> {
  return async (request, artifacts) => {
    const id = rooms.id();
    const directory = join(rooms.root, id);
    try {
      return await createRoom(rooms, request, artifacts, id, directory);
    } catch (error) {
      await wipe(directory);
      rooms.signal.throwIfAborted();
      throw isFull(error) ? full(rooms.root, error) : error;
    }
  };
}

async function createRoom(
  rooms: Rooms,
  request: RoomRequest,
  artifacts: SetupArtifacts | undefined,
  id: string,
  directory: string,
): Promise<Room> {
  const { git, sandbox, host, signal, programs } = rooms;
  const outside = outsideOf(rooms.root, id);
  const isOnline = request.setup?.online === true;
  await mkdir(rooms.root, { recursive: true });
  await mkdir(directory, { mode: 0o700 });
  await mkdir(outside.home);
  await mkdir(outside.outbox);
  const shared = isOnline ? [] : await sharedWith(rooms, request.commit, artifacts);
  await checkOut(git, request.commit, outside.work, request.history, signal);
  await placeShared(outside.work, shared, sandbox === 'none');
  const stores = artifacts ? sharedStores(artifacts) : [];
  await placeShared(outside.home, stores, sandbox === 'none');
  const socket = request.session?.gateway ?? request.setup?.proxy ?? '';
  const inside =
    sandbox === 'none'
      ? { ...outside, gateway: socket }
      : { work: '/room/work', home: '/room/home', outbox: '/room/outbox', gateway: '/room/gateway' };
  if (request.session) await writeInstructions(outside.home, request.session.instructions);
  const tools = toolsOf(host);
  const at = (place: string, each: readonly SharedPath[]) =>
    each.map(({ from, path }) => ({ from, at: join(place, path), writable: false }));
  const identity = sandbox === 'none' ? [] : await identityFiles(directory);
  const binds = [
    { from: outside.work, at: inside.work, writable: request.writable },
    ...at(inside.work, shared),
    { from: outside.home, at: inside.home, writable: true },
    // The machine's stores that belong below a home would be covered by it; where all is to be fetched they
    // would be in the way.
    ...tools.mounts
      .filter((mount) => !isOnline && contains(inside.home, mount.at))
      .map((mount) => ({ ...mount, writable: false })),
    ...at(inside.home, stores),
    { from: outside.outbox, at: inside.outbox, writable: true },
    ...(request.history
      ? [{ from: join(outside.work, '.git'), at: join(inside.work, '.git'), writable: false }]
      : []),
    // The clone borrows its objects from there; there is nothing else in it.
    ...(request.history
      ? objectStores(git).map((store) => ({ from: store, at: store, writable: false }))
      : []),
    ...(socket ? [{ from: socket, at: inside.gateway, writable: true }] : []),
    ...programs.map((program) => ({ ...program, writable: false })),
    ...identity,
  ];

  const run = (command: RoomCommand) => {
    const { argv, env, cwd = '.', ...rest } = command;
    const environment = {
      ...roomEnvironment(
        tools.path,
        inside.home,
        sandbox === 'none' ? outside.home : '/tmp',
        host,
        isOnline ? 'online' : stores.map(({ path }) => path),
      ),
      ...env,
    };
    const options = { signal, ...rest };
    if (sandbox === 'none') return runProcess(argv, environment, { ...options, cwd: join(inside.work, cwd) });
    const view = { binds, environment, cwd: join(inside.work, cwd) };
    return runProcess(
      sandboxed(sandbox, tools, view, argv),
      {},
      {
        ...options,
        cwd: '/',
        ...(sandbox.filter && { fd3Input: sandbox.filter }),
      },
    );
  };

  return {
    id,
    inside,
    run,
    take: (name, maxBytes = largestOutboxFile) => take(outside.outbox, name, maxBytes),
    // What the room was for counts more; whatever is left is wiped with the run, and again afterwards.
    close: () => wipe(directory).catch(() => {}),
  };
}

/** Where a room's directories are, which only what is trusted may know. */
export function outsideOf(root: string, id: string): { work: string; home: string; outbox: string } {
  const directory = join(root, id);
  return { work: join(directory, 'work'), home: join(directory, 'home'), outbox: join(directory, 'outbox') };
}

/** What a room on `commit` is shown of what is installed: by the setup command, and in the workspace. */
async function sharedWith(
  { git, workspace, signal }: Pick<Rooms, 'git' | 'workspace' | 'signal'>,
  commit: string,
  artifacts: SetupArtifacts | undefined,
): Promise<SharedPath[]> {
  const made = artifacts ? await sharedArtifacts(artifacts, git, commit, signal) : [];
  const folders = workspace ? await dependenciesOf(git, commit, workspace, signal) : [];
  const isTaken = (folder: string): boolean =>
    made.some(({ path }) => contains(path, folder) || contains(folder, path));
  return [
    ...made,
    ...folders
      .filter((folder) => !isTaken(folder))
      .map((folder) => ({ from: join(workspace!, folder), path: folder })),
  ];
}

async function writeInstructions(home: string, instructions: string): Promise<void> {
  const file = join(home, instructionsFile);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, instructions);
}

/** Where the clean repository's objects are: its own, and those it borrows in turn. */
function objectStores(git: Git): string[] {
  const own = join(git.dir, 'objects');
  const borrowed = join(own, 'info/alternates');
  return existsSync(borrowed) ? [own, ...readFileSync(borrowed, 'utf8').split('\n').filter(Boolean)] : [own];
}

/** Programs ask who they are and who localhost is; the machine's own files would tell more than that. */
async function identityFiles(directory: string): Promise<(Mount & { writable: boolean })[]> {
  const files = {
    passwd: 'room:x:1000:1000::/room/home:/bin/bash\nnobody:x:65534:65534::/nonexistent:/bin/false\n',
    group: 'room:x:1000:\nnogroup:x:65534:\n',
    hosts: '127.0.0.1 localhost room\n::1 localhost\n',
  };
  await mkdir(join(directory, 'etc'));
  return Promise.all(
    Object.entries(files).map(async ([name, content]) => {
      const from = join(directory, 'etc', name);
      await writeFile(from, content);
      return { from, at: `/etc/${name}`, writable: false };
    }),
  );
}

async function take(outbox: string, name: string, maxBytes: number): Promise<Buffer | undefined> {
  if (!/^[\w-][\w.-]*$/.test(name))
    throw new Error(`not a name of a file in an outbox: ${JSON.stringify(name)}`);
  // O_NOFOLLOW: a link would make us read a file of the machine. O_NONBLOCK: a FIFO would make us wait.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(join(outbox, name), flags).catch(() => undefined);
  if (!file) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > maxBytes) return undefined;
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Deletes a room's directory, also one whose folders were made unreadable, or nested deeper than a path can
 * name: rm goes down by one folder at a time.
 * @throws Error when something is left
 */
export async function wipe(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    const options = { env: { PATH: '/usr/bin:/bin' } };
    // Neither follows links below what it is given.
    spawnSync('chmod', ['-R', 'u+rwX', '--', directory], options);
    spawnSync('rm', ['-rf', '--', directory], options);
    if (existsSync(directory)) throw new Error(`${directory} can't be deleted`);
  }
}

/**
 * Wipes what runs have left in `home` that ended without wiping it, such as by a SIGKILL: every `run-<pid>`
 * whose process is gone. What can't be wiped stays, and is in nobody's way.
 */
export async function wipeLeftovers(home: string): Promise<void> {
  const names = await readdir(home).catch(() => []);
  for (const name of names) {
    const pid = Number(/^run-([1-9]\d*)$/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) await wipe(join(home, name)).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is one, and it is somebody else's. A number that is no pid was never a run's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function isFull(error: unknown): boolean {
  return /ENOSPC|EDQUOT|No space left|Out of diskspace|Disk quota/.test(String(error));
}

function full(root: string, cause: unknown): Fault {
  return new Fault(
    `The disk that holds ${root} is full, so no room could be made; free some space or use a larger runner.`,
    'incomplete',
    { cause },
  );
}

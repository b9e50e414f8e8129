import { execFileSync, spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenRoom, RoomRequest } from '../../src/core/room.ts';

/** The node of the packages, whatever the machine has. */
const bin = join(import.meta.dirname, '../../node_modules/.bin');

/**
 * Rooms without a sandbox: a checked-out directory in which commands really run.
 * @param open counts the rooms that are not closed yet
 */
export function plainRooms(
  gitDir: string,
  options: { packages?: string; path?: string } = {},
): { openRoom: OpenRoom; open: Set<string>; requests: RoomRequest[] } {
  const open = new Set<string>();
  const requests: RoomRequest[] = [];
  const openRoom: OpenRoom = async (request) => {
    const root = mkdtempSync(join(tmpdir(), 'countersign-room-'));
    const [work, home, outbox] = ['work', 'home', 'outbox'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    for (const directory of [work, home, outbox]) mkdirSync(directory);
    const archive = execFileSync('git', ['--git-dir', gitDir, 'archive', request.commit], {
      maxBuffer: 1e9,
    });
    execFileSync('tar', ['-x', '-C', work], { input: archive });
    if (options.packages) symlinkSync(options.packages, join(work, 'node_modules'));
    open.add(root);
    requests.push(request);
    return {
      id: root,
      inside: { work, home, outbox, gateway: join(root, 'gateway.sock') },
      run: ({ argv, env, cwd, timeoutSeconds, keepBytes = 65536 }) =>
        new Promise((resolve, reject) => {
          const start = Date.now();
          const child = spawn(argv[0], argv.slice(1), {
            cwd: join(work, cwd ?? '.'),
            env: { PATH: options.path ?? `${bin}:${process.env.PATH}`, HOME: home, ...env },
            detached: true,
            stdio: ['ignore', 'pipe', 'pipe'],
          });
          let output = '';
          let timedOut = false;
          const timer = setTimeout(() => {
            timedOut = true;
            process.kill(-child.pid!, 'SIGKILL');
          }, timeoutSeconds * 1000);
          const take = (chunk: Buffer): void => {
            output = (output + chunk).slice(-keepBytes);
          };
          child.stdout.on('data', take);
          child.stderr.on('data', take);
          child.on('error', reject);
          child.on('close', (exitCode) => {
            clearTimeout(timer);
            resolve({ exitCode, timedOut, seconds: (Date.now() - start) / 1000, output });
          });
        }),
      take: async (name, maxBytes = 1e6) => {
        const path = join(outbox, name);
        if (!existsSync(path) || !lstatSync(path).isFile()) return undefined;
        return readFileSync(path).subarray(0, maxBytes);
      },
      close: async () => {
        rmSync(root, { recursive: true, force: true });
        open.delete(root);
      },
    };
  };
  return { openRoom, open, requests };
}

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { runProcess } from '../../src/room/process.ts';
import { patience } from '../stand-ins/patience.ts';

/** The pipes of processes that are open in this one. */
function openPipes(): string[] {
  const descriptors = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // It was the one that the list was read by.
      return [];
    }
  });
  return descriptors.filter((path) => path.includes('countersign-pipe-'));
}

test.each([
  ['whose arguments are too long for the machine', "['/bin/echo', 'x'.repeat(256 * 1024)]", 'E2BIG'],
  ['that is not there', "['/nonexistent/program']", 'ENOENT'],
] as const)('a program %s leaves nothing open that would keep the run from ending', async (_, argv, code) => {
  const run = `
    import { runProcess } from ${JSON.stringify(new URL('../../src/room/process.ts', import.meta.url))};
    await runProcess(${argv}, {}, { cwd: '/', timeoutSeconds: 99_999 }).catch((error) => console.log(error.code));
  `;
  // A process of its own, because whether it ends by itself is what is asked.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', run], {
    timeout: patience,
  });
  expect(stdout).toBe(`${code}\n`);
});

test('a program is not started when the run is stopped just before', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'process-'));
  const stop = new AbortController();
  const running = runProcess(
    ['/bin/touch', join(directory, 'started')],
    {},
    { cwd: '/', timeoutSeconds: 600, signal: stop.signal },
  );
  stop.abort(new Error('stopped'));
  await expect(running).rejects.toThrow('stopped');
  expect(existsSync(join(directory, 'started'))).toBe(false);
  expect(openPipes()).toEqual([]);
  rmSync(directory, { recursive: true });
});

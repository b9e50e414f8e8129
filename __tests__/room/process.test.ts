import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { runProcess } from '../../src/room/process.ts';

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
  ['whose arguments are too long for the machine', ['/bin/echo', 'x'.repeat(256 * 1024)], 'E2BIG'],
  ['that is not there', ['/nonexistent/program'], 'ENOENT'],
] as const)('a program %s leaves nothing open that would keep the run from ending', async (_, argv, code) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  await expect(runProcess(argv, {}, { cwd: '/', timeoutSeconds: 600 })).rejects.toMatchObject({ code });
  expect(openPipes()).toEqual([]);
  expect(timers()).toBe(before);
});

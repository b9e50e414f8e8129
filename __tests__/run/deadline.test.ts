import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { readConfig } from '../../src/core/config.ts';
import type { Platform } from '../../src/core/platform.ts';
import { run } from '../../src/run/run.ts';

test('timeout-minutes, and a minute more, end a run that waits for the platform', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  const directory = mkdtempSync(join(tmpdir(), 'deadline-'));
  const never = Promise.withResolvers<never>();
  const fetching = Promise.withResolvers<void>();
  const platform = (signal: AbortSignal): Platform => ({
    name: 'github',
    effects: [],
    ask: async () => ({ subject: {} as never }),
    fetch: () => {
      signal.addEventListener('abort', () => never.reject(signal.reason));
      fetching.resolve();
      return never.promise;
    },
    perform: () => never.promise,
  });
  try {
    const running = run({
      config: readConfig({ 'timeout-minutes': '2', 'anthropic-api-key': 'key' }).config,
      scratch: join(directory, 'scratch'),
      ledgers: join(directory, 'ledgers'),
      dist: directory,
      platform,
      deps: {
        now: () => new Date(),
        id: () => 'room',
        host: {
          platform: 'linux',
          path: '/usr/bin:/bin',
          home: '/',
          hidden: [],
          isRoot: false,
          mayInstall: false,
        },
        signal: new AbortController().signal,
        say: () => {},
        warn: () => {},
        identityToken: async () => '',
      },
    });
    const ended = expect(running).rejects.toMatchObject({
      outcome: 'budget',
      message: expect.stringContaining('longer than timeout-minutes (2) and a minute'),
    });
    await fetching.promise;
    jest.advanceTimersByTime(3 * 60_000);
    await ended;
  } finally {
    jest.useRealTimers();
    rmSync(directory, { recursive: true });
  }
});

import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { type Machine, trustedPath } from '../room/environment.ts';
import { findGitOn } from '../room/git.ts';
import type { World } from './run.ts';

/** The real clock, randomness and machine. */
export function realWorld(
  options: Pick<World, 'signal' | 'say' | 'warn' | 'identityToken'> & Pick<Machine, 'hidden'>,
): World {
  const { hidden, ...rest } = options;
  const path = trustedPath(process.env.PATH ?? '', hidden);
  findGitOn(path);
  const toolCache = process.env.RUNNER_TOOL_CACHE;
  return {
    ...rest,
    now: () => new Date(),
    // Short, because the path of a unix socket may have only 107 bytes.
    id: () => randomBytes(6).toString('hex'),
    isRoot: process.getuid?.() === 0,
    mayInstall: Boolean(process.env.CI),
    machine: {
      path,
      home: homedir(),
      hidden,
      ...(toolCache && { toolCache }),
    },
  };
}

/**
 * A signal that is given when someone asks the process to stop. GitHub allows 7.5 s from the first signal to
 * the last: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation.
 */
export function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => stop.abort(new Error(`The run was cancelled (${name}).`)));
  }
  return stop.signal;
}

/**
 * Text for a log that others read commands from: on one line, without control characters, and with nothing
 * that a runner takes for a command.
 */
export function harmless(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replaceAll('##[', '##\u2009[')
    .replace(/^\s*::/, ' : :')
    .slice(0, 1000);
}

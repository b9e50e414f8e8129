import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { findGitOn } from '../git/git.ts';
import { type Machine, trustedPath } from '../room/environment.ts';
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

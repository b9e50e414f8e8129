import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { findGitOn } from '../git/git.ts';
import { trustedPath } from '../room/environment.ts';
import type { HostInfo } from '../room/host-info.ts';

/** What a run is given from outside: everything that isn't the same twice comes from here. */
export interface Deps {
  now: () => Date;
  id: () => string;
  host: HostInfo;
  signal: AbortSignal;
  say: (progress: string) => void;
  warn: (text: string) => void;
  /** The workflow's OIDC token for an audience. */
  identityToken: (audience: string) => Promise<string>;
}

/** The real clock, randomness and machine. */
export function realDeps(
  options: Pick<Deps, 'signal' | 'say' | 'warn' | 'identityToken'> & Pick<HostInfo, 'hidden'>,
): Deps {
  const { hidden, ...rest } = options;
  const path = trustedPath(process.env.PATH ?? '', hidden);
  findGitOn(path);
  const toolCache = process.env.RUNNER_TOOL_CACHE;
  return {
    ...rest,
    now: () => new Date(),
    // Short, because the path of a unix socket may have only 107 bytes.
    id: () => randomBytes(6).toString('hex'),
    host: {
      platform: process.platform,
      path,
      home: homedir(),
      hidden,
      ...(toolCache && { toolCache }),
      isRoot: process.getuid?.() === 0,
      mayInstall: Boolean(process.env.CI),
    },
  };
}

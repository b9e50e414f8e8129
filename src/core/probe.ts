import type { Config, RepositoryConfig } from './config.ts';
import type { Draft } from './document.ts';
import type { Git } from './git.ts';
import type { Ledger } from './ledger.ts';
import type { OpenRoom } from './room.ts';

/** All that a probe may look at and use. */
export interface ProbeContext {
  ledger: Ledger;
  config: Readonly<Config>;
  repository: RepositoryConfig;
  git: Git;
  openRoom: OpenRoom;
  /** What is left of the time limit. */
  seconds: number;
  signal: AbortSignal;
  /** Tells a person what is going on, in a few words. */
  say: (progress: string) => void;
}

/**
 * A deterministic analysis. It gives one document with `outcome` set; the run fills in stage and attempt.
 * A fault of the machine is thrown, a fault of what is judged is an outcome.
 */
export type Probe = (context: ProbeContext) => Promise<Draft>;

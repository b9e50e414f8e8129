import type { Config } from '../core/config.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Platform } from '../core/platform.ts';
import type { Deps } from './deps.ts';

/** What one run is told, and what it is given to work with. */
export interface RunOptions {
  config: Readonly<Config>;
  /** The platform, all of whose waiting the signal ends: stopped by a person, or the time is up. */
  platform: (signal: AbortSignal) => Platform;
  deps: Deps;
  /** For rooms and the clean repository; wiped at the end. */
  scratch: string;
  /** For ledgers, one directory a task; kept. */
  ledgers: string;
  /** A checkout whose installed dependencies rooms may use. */
  workspace?: string;
  /** The folder of the bundles. */
  dist: string;
  /** Starts anew where an earlier run of the same task has come to its verdict, keeping that run's ledger aside. */
  again?: boolean;
  /** Brings the ledger of an earlier job (`phase: apply`) into the store's directory. */
  bringLedger?: (taskId: string, directory: string) => Promise<void>;
  /** Told of the ledger each time it has been saved, for a run that ends in a fault. */
  onSaved?: (ledger: Ledger, directory: string) => void;
}

/** What a run came to; without a ledger when there was nothing to do. */
export type RunResult =
  | { outcome: Outcome; ledger: Ledger; directory: string }
  | { outcome: 'noop'; nothing: string };

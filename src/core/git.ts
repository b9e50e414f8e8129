/**
 * Git on the run's own clean bare repository: no configuration but ours, no hooks, and never in a directory
 * that an agent can write.
 */
export interface Git {
  /** The bare repository. */
  readonly dir: string;
  /**
   * Standard output of one git command, as bytes.
   * @throws Error with git's last words when it exits with anything but 0, prints more than `maxBytes`
   * (default 256 MiB), or is aborted
   */
  (args: readonly string[], options?: GitOptions): Promise<Buffer>;
}

export interface GitOptions {
  input?: string | Buffer;
  env?: Readonly<Record<string, string>>;
  maxBytes?: number;
  signal?: AbortSignal;
}

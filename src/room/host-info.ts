/** What is known of the machine that a run is on. */
export interface HostInfo {
  platform: NodeJS.Platform;
  /** Where its tools are found. */
  path: string;
  home: string;
  /** Where a runner keeps the tools that set-up actions install. */
  toolCache?: string;
  /**
   * Directories that hold secrets or other people's work, in which nothing may be taken for a tool: the runner's
   * temp folder and the workspace.
   */
  hidden: readonly string[];
  isRoot: boolean;
  /** Whether what is missing may be installed unasked: on a runner, not on somebody's laptop. */
  mayInstall: boolean;
}

/** What tells which of the machine's tools a room sees. */
export type ToolPlaces = Pick<HostInfo, 'path' | 'home' | 'toolCache' | 'hidden'>;

/** What a room is opened for; each room is fresh and is wiped when it closes. */
export interface RoomRequest {
  /** The commit that is checked out as the work tree. */
  commit: string;
  /** Whether what runs inside may change the work tree. */
  writable: boolean;
  /** Whether `.git` (read-only, without remotes) is there; a reviewer's room has none: messages are words. */
  history: boolean;
  /** What a session's room has beside: the socket to the model, and the CLAUDE.md in its home. */
  session?: { gateway: string; instructions: string };
  /**
   * What the setup command's room has instead: the socket to the proxy, and whether any host may be reached by
   * it. Then the room begins without anything installed, so that all can be.
   */
  setup?: { proxy: string; online: boolean };
}

export interface Room {
  readonly id: string;
  /** Directories as seen from inside; `gateway` is the one way out, if there is one. */
  readonly inside: { work: string; home: string; outbox: string; gateway: string };
  /** Runs a program inside; nothing is spliced into a shell unless `argv` itself names one. */
  run(command: RoomCommand): Promise<RoomResult>;
  /**
   * A file that something inside has left in the outbox, or undefined. Links and anything but regular files
   * don't count, and no more than `maxBytes` are read.
   */
  take(name: string, maxBytes?: number): Promise<Buffer | undefined>;
  /** Kills all that still runs inside and deletes the directory; safe to call twice. */
  close(): Promise<void>;
}

export interface RoomCommand {
  argv: readonly [string, ...string[]];
  /** Added to the room's own few variables. */
  env?: Readonly<Record<string, string>>;
  input?: string;
  /** Relative to the work tree. */
  cwd?: string;
  /** The whole process group is killed when they are over. */
  timeoutSeconds: number;
  /** How much of the end of the output is kept; more is read and forgotten. */
  keepBytes?: number;
  signal?: AbortSignal;
  /** Each line of output as it comes; hostile text. */
  onLine?: (line: string) => void;
}

export interface RoomResult {
  /** null when a signal ended it. */
  exitCode: number | null;
  timedOut: boolean;
  seconds: number;
  /** Standard output and error as they came, the last `keepBytes` of them. */
  output: string;
}

export type OpenRoom = (request: RoomRequest) => Promise<Room>;

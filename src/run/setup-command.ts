import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { RequestedHost } from '../core/document.ts';
import type { Git } from '../core/git.ts';
import { Fault } from '../core/outcome.ts';
import type { OpenRoom, RoomResult } from '../core/room.ts';
import { openProxy, type ProxyOptions } from '../egress/proxy.ts';
import { outsideOf } from '../room/room.ts';
import { findSetupArtifacts, type SetupArtifacts } from '../room/setup-artifacts.ts';
import { dependenciesOf } from '../room/work-tree.ts';

export interface SetupOptions {
  command: string;
  /** The task's head: what a model wrote afterwards never runs with a network. */
  commit: string;
  /** Relative to the work tree. */
  workingDirectory: string;
  seconds: number;
  hosts: readonly string[];
  /** How a program is run with a proxy on its loopback; undefined without a sandbox, where none is asked. */
  relay: readonly [string, ...string[]] | undefined;
  openRoom: OpenRoom;
  /** Where `openRoom` makes its rooms. */
  rooms: string;
  workspace?: string;
  git: Git;
  /** A directory for the socket; its path must be short. */
  sockets: string;
  signal: AbortSignal;
  network?: Pick<ProxyOptions, 'resolve' | 'dial'>;
}

/** What came of the setup command. */
export interface SetupCommandResult {
  result: Pick<RoomResult, 'exitCode' | 'timedOut' | 'seconds' | 'output'>;
  asked: readonly RequestedHost[];
  /** What it has left for later rooms, when it ended well. */
  artifacts?: SetupArtifacts;
  /** Why that can't be shown to them, if it can't. */
  fault?: Fault;
}

/** Enough for the end that is shown. */
const keepBytes = 128 * 1024;

/** bash where it is, as build machines do. */
const shell = 'if command -v bash >/dev/null; then exec bash -c "$0"; else exec sh -c "$0"; fi';

/**
 * Runs the setup command in a room of its own, whose only way out is the proxy to the allowed hosts. The room
 * stays until the run ends when the command ended well, because later rooms show what it holds; all that ran in
 * it is gone by then.
 */
export async function runSetup(options: SetupOptions): Promise<SetupCommandResult> {
  const { command, commit, hosts, relay, git, workspace, signal } = options;
  const socket = join(options.sockets, `${randomBytes(4).toString('hex')}.sock`);
  const proxy = await openProxy({ ...options.network, socket, hosts });
  try {
    const online = hosts.length > 0;
    const room = await options.openRoom({
      commit,
      writable: true,
      history: true,
      setup: { proxy: socket, online },
    });
    let artifacts: SetupArtifacts | undefined;
    try {
      const program = ['sh', '-c', shell, command] as const;
      const result = await room.run({
        argv: relay ? [...relay, room.inside.gateway, ...program] : program,
        cwd: options.workingDirectory,
        timeoutSeconds: options.seconds,
        keepBytes,
        signal,
      });
      if (result.exitCode === 0 && !result.timedOut) {
        const shared = online || !workspace ? [] : await dependenciesOf(git, commit, workspace, signal);
        const { work, home } = outsideOf(options.rooms, room.id);
        try {
          const place = { work, ...(online && { home }) };
          artifacts = await findSetupArtifacts(git, commit, place, shared);
        } catch (fault) {
          if (fault instanceof Fault) return { result, asked: proxy.asked, fault };
          throw fault;
        }
      }
      return { result, asked: proxy.asked, ...(artifacts && { artifacts }) };
    } finally {
      if (!artifacts) await room.close();
    }
  } finally {
    await proxy.close();
  }
}

import { readConfig, readRepositoryConfig } from '../../src/core/config.ts';
import type { Draft } from '../../src/core/document.ts';
import type { Git } from '../../src/core/git.ts';
import { append, type Ledger } from '../../src/core/ledger.ts';
import type { ProbeContext } from '../../src/core/probe.ts';
import { plainRooms } from './plain-room.ts';

const at = new Date('2026-01-01T00:00:00Z');

export interface Scene {
  head: string;
  mergeBase?: string;
  inputs?: Record<string, string>;
  /** The repository's own configuration, as YAML. */
  configuration?: string;
  seconds?: number;
  packages?: string;
  path?: string;
  class?: 'generator' | 'reviewer';
}

export type TestContext = ProbeContext & ReturnType<typeof plainRooms>;

/** A context for probes on a repository, with a ledger that holds the task alone. */
export function makeContext(git: Git, setting: Scene): TestContext {
  const rooms = plainRooms(git.dir, setting);
  const base = setting.mergeBase ?? setting.head;
  const task: Draft<'task'> = {
    kind: 'task',
    by: 'event',
    id: '0'.repeat(20),
    agent: 'fix',
    class: setting.class ?? 'generator',
    repository: 'o/r',
    subject: 'pull/1',
    event: 'pull_request',
    base,
    head: setting.head,
    mergeBase: base,
    baseRef: 'main',
    headRef: 'topic',
    headRepository: 'o/r',
  };
  return {
    ledger: append([], task, at),
    config: readConfig(setting.inputs ?? {}).config,
    repository: readRepositoryConfig(setting.configuration, 'countersign.yml'),
    git,
    seconds: setting.seconds ?? 900,
    signal: new AbortController().signal,
    say: () => {},
    ...rooms,
  };
}

/** The context with more documents in its ledger. */
export function withDrafts<C extends ProbeContext>(context: C, ...drafts: Draft[]): C {
  const ledger = drafts.reduce<Ledger>((before, draft) => append(before, draft, at), context.ledger);
  return { ...context, ledger };
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type Document, decode } from '../../src/core/document.ts';
import { type Ledger, verify } from '../../src/core/ledger.ts';
import {
  type GitHub,
  type Pull,
  type Repository,
  startGitHub,
  type TokenOptions,
} from '../stand-ins/github/index.ts';
import { type Files, git, type Laptop, prepare, readAt } from '../stand-ins/laptop.ts';
import { type Model, type ModelOptions, type ModelRequest, startModel } from '../stand-ins/model/index.ts';
import {
  type PayloadName,
  type PayloadOverrides,
  payload,
  type RunOptions,
  type RunResult,
  runAction,
} from '../stand-ins/runner.ts';
import { bug, project } from '../stand-ins/sums.ts';

/** The words of the person who opens the pull request; a reviewer has no use for them. */
export const person = {
  title: 'Subtract PERSON-TITLE',
  body: 'As told in PERSON-BODY',
  commit: 'Break it PERSON-COMMIT',
};

export const everything = {
  contents: 'write',
  pull_requests: 'write',
  issues: 'write',
  checks: 'write',
} as const satisfies TokenOptions['permissions'];

/** One pull request and what is needed to run the action on it. */
export interface Scene {
  repository: Repository;
  fork: Repository | undefined;
  pull: Pull;
  laptop: Laptop;
  base: string;
  head: string;
  token: string;
  /** Commits to the head branch and pushes. */
  push(files: Files, message?: string): string;
  /** What stands on the head branch now: a file's text, or undefined. */
  read(path: string, ref?: string): string | undefined;
  tip(): string;
  run(agent: string, more?: RunMore): Promise<RunResult>;
}

export type RunMore = Partial<Omit<RunOptions, 'github' | 'event'>> & {
  event?: RunOptions['event'];
  /** Overrides of the event's payload. */
  payload?: PayloadOverrides;
  eventName?: PayloadName;
  github?: Partial<RunOptions['github']>;
  /** With the artifact service, and the server's other name that goes with it. */
  artifacts?: boolean | { runtimeToken: string };
};

export interface SceneOptions {
  base?: Files;
  head?: Files;
  permissions?: TokenOptions['permissions'];
  tokenOptions?: TokenOptions;
  forkOf?: boolean;
  collaborators?: Record<string, 'admin' | 'maintain' | 'write' | 'triage' | 'read'>;
  message?: string;
}

const apiKey = 'sk-ant-api03-CANARY-of-the-model-key';

/** A GitHub and a model of a test's own. */
export interface SceneRun {
  github: GitHub;
  model: Model;
  apiKey: string;
  /** How runs test, unless they are told: by the one line that the bug is in, which takes no test runner. */
  testCommand: string;
  scene(options?: SceneOptions): Promise<Scene>;
  /** For a test that wants the model to be otherwise. */
  useModel(options: ModelOptions): Promise<void>;
  /** What the checks at the end leave out, because it is the test's point. */
  allow: { modelViolations?: RegExp; summary?: boolean; rooms?: boolean };
}

/**
 * A test by its promise. At its end, what holds for every run is asserted: no request that the real services
 * would refuse, no script left over, no room left, no secret let out, a summary in a few lines. Tests of one
 * group run side by side, because a run mostly waits: GitHub wants a second between two writes.
 */
export function scenario(name: string, act: (stage: SceneRun) => Promise<void>): void {
  test.concurrent(name, async () => {
    const results: RunResult[] = [];
    const laptops: Laptop[] = [];
    const tokens: string[] = [];
    const stage = {
      github: await startGitHub(),
      model: await startModel({ apiKey }),
      apiKey,
      testCommand: 'grep "a + b" sum.js',
      allow: {},
      useModel: async (options) => {
        await stage.model.close();
        stage.model = await startModel({ apiKey, ...options });
      },
      scene: (options) => makeScene(stage, options ?? {}, results, laptops, tokens),
    } as SceneRun;
    try {
      await act(stage);
      expectOrder(stage, results, tokens);
    } finally {
      await stage.model.close();
      await stage.github.close();
      for (const result of results) result.cleanup();
      for (const laptop of laptops) laptop.remove();
    }
  });
}

function expectOrder({ github, model, allow }: SceneRun, results: RunResult[], tokens: string[]): void {
  expect(github.violations).toEqual([]);
  expect(model.violations.filter((line) => !allow.modelViolations?.test(line))).toEqual([]);
  expect(model.unused()).toEqual([]);
  for (const result of results) {
    expect(result.leaks).toEqual([]);
    expect(result.leftRunning).toBe(false);
    if (!allow.rooms) expect(roomsIn(result)).toEqual([]);
    if (!allow.summary) expectSummary(result.summary);
  }
  expectNoSecretInTheModel(model, tokens);
  expectNoSecretOnGitHub(github);
}

async function makeScene(
  stage: SceneRun,
  options: SceneOptions,
  results: RunResult[],
  laptops: Laptop[],
  tokens: string[],
): Promise<Scene> {
  const { github } = stage;
  const name = `widgets-${laptops.length + 1}`;
  const made = prepare(options.base ?? project, options.head ?? bug, options.message ?? person.commit);
  const { laptop, base, head } = made;
  laptops.push(laptop);
  const repository = await github.createRepository(`acme/${name}`, {
    ...(options.collaborators && { collaborators: options.collaborators }),
  });
  made.pushBase(repository);
  const fork = options.forkOf
    ? await github.createRepository(`octocat/${name}`, { forkOf: repository.fullName })
    : undefined;
  const where = fork ?? repository;
  made.pushHead(where);
  const pull = await github.openPull(repository, {
    title: person.title,
    body: person.body,
    author: 'octocat',
    head: fork ? { repository: fork, branch: 'changes' } : 'changes',
  });
  const token = github.createToken({
    permissions: options.permissions ?? everything,
    repositories: [repository.fullName],
    ...options.tokenOptions,
  });
  tokens.push(token);
  const self: Scene = {
    repository,
    fork,
    pull,
    laptop,
    base,
    head,
    token,
    push: (files, message) => {
      self.head = laptop.commit(files, message);
      laptop.push(where, 'changes');
      return self.head;
    },
    tip: () => git(where.path, ['rev-parse', 'refs/heads/changes']),
    read: (path, ref = 'refs/heads/changes') => readAt(where, ref, path),
    run: async (agent, more = {}) => {
      const result = await runAction(runOptions(stage, self, agent, more));
      results.push(result);
      return result;
    },
  };
  return self;
}

function runOptions(
  { github, model, testCommand }: SceneRun,
  scene: Scene,
  agent: string,
  more: RunMore,
): RunOptions {
  const {
    inputs,
    payload: overrides,
    eventName = 'pull_request',
    event,
    github: services,
    artifacts,
    ...rest
  } = more;
  const { repository, fork, pull, base, head, token } = scene;
  const runtimeToken =
    typeof artifacts === 'object'
      ? artifacts.runtimeToken
      : artifacts
        ? github.createRuntimeToken()
        : undefined;
  return {
    inputs: {
      agent,
      'anthropic-api-key': apiKey,
      'anthropic-base-url': model.url,
      'test-command': testCommand,
      ...inputs,
    },
    event: event ?? {
      name: eventName,
      payload: payload(eventName, {
        repository: repository.fullName,
        number: pull.number,
        title: person.title,
        body: person.body,
        head: { ref: 'changes', sha: head },
        base: { ref: 'main', sha: base },
        ...(fork && { fork: fork.fullName }),
        apiUrl: github.apiUrl,
        serverUrl: github.serverUrl,
        ...overrides,
      }),
    },
    token,
    github: {
      apiUrl: github.apiUrl,
      serverUrl: artifacts ? github.dotcomServerUrl : github.serverUrl,
      graphqlUrl: github.graphqlUrl,
      ...(runtimeToken && { resultsUrl: github.resultsUrl, runtimeToken }),
      ...services,
    },
    repository: repository.fullName,
    sha: head,
    ref: `refs/pull/${pull.number}/merge`,
    secrets: [apiKey],
    canaries: [apiKey, token, ...(runtimeToken ? [runtimeToken] : [])],
    ...rest,
  };
}

/** Rooms and clean repositories that a run left behind. */
export function roomsIn(result: RunResult): string[] {
  return result.tempEntries.filter((path) => /^countersign\/run-|countersign-artifact-/.test(path));
}

function expectSummary(summary: string): void {
  expect(summary).toMatch(/^### Countersign\n\n\*\*/);
  expect(summary.split('\n').filter((line) => line !== '').length).toBeLessThan(20);
}

function expectNoSecretInTheModel(model: Model, tokens: readonly string[]): void {
  for (const { raw, headers } of model.requests) {
    expect(raw).not.toContain(apiKey);
    for (const token of tokens) expect(raw + JSON.stringify(headers)).not.toContain(token);
  }
}

function expectNoSecretOnGitHub(github: GitHub): void {
  const sent = github.requests.map(({ body }) =>
    Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body),
  );
  expect(sent.filter((text) => text?.includes(apiKey))).toEqual([]);
}

/** The documents of a run, decoded and held against their chain. */
export function ledgerOf(result: RunResult): Ledger {
  const directory = result.outputs.ledger!;
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.md'))
    .sort();
  return verify(names.map((name) => decode(readFileSync(join(directory, name), 'utf8'))));
}

/** The documents of one kind in a run's ledger. */
export function documents<K extends Document['kind']>(
  result: RunResult,
  kind: K,
): Extract<Document, { kind: K }>[] {
  return ledgerOf(result).filter((document) => document.kind === kind) as Extract<Document, { kind: K }>[];
}

/** All that a request shows the model. */
export const shown = ({ raw }: ModelRequest): string => raw;

/** What stands in the error annotations of a run, each on a line. */
export const errors = (result: RunResult): string =>
  result.annotations.error.map(({ message }) => message).join('\n');

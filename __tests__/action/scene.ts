import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect } from '@jest/globals';
import { type Document, decode } from '../../src/core/document.ts';
import { type Ledger, verify } from '../../src/core/ledger.ts';
import { type GitHub, type Pull, type Repository, startGitHub, type TokenOptions } from '../stand-ins/github/index.ts';
import {
  type Conversation,
  type Model,
  type ModelOptions,
  type ModelRequest,
  type Reply,
  startModel,
  type Turn,
} from '../stand-ins/model/index.ts';
import {
  type PayloadName,
  type PayloadOverrides,
  payload,
  type RunOptions,
  type RunResult,
  runAction,
} from '../stand-ins/runner.ts';

/** A text, bytes, an executable, or nothing for a file that goes. */
export type Files = Record<string, string | Buffer | { executable: string } | null>;

const identity = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Octo Cat',
  GIT_AUTHOR_EMAIL: 'octocat@example.com',
  GIT_COMMITTER_NAME: 'Octo Cat',
  GIT_COMMITTER_EMAIL: 'octocat@example.com',
};

/** Runs git as a person on a laptop would. */
export function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'core.quotePath=false', ...args], {
    cwd,
    env: identity,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trimEnd();
}

/** A work tree to commit and push from, of one repository. */
export class Laptop {
  readonly directory = mkdtempSync(join(tmpdir(), 'countersign-laptop-'));
  constructor() {
    git(this.directory, 'init', '-q', '-b', 'main');
  }
  /** Commits on the branch that is checked out. */
  commit(files: Files, message = 'A change'): string {
    for (const [path, content] of Object.entries(files)) write(join(this.directory, path), content);
    git(this.directory, 'add', '-A', '-f');
    git(this.directory, 'commit', '-q', '--allow-empty', '-m', message);
    return git(this.directory, 'rev-parse', 'HEAD');
  }
  push(repository: Repository, branch: string): void {
    git(this.directory, 'push', '-q', '-f', repository.path, `HEAD:refs/heads/${branch}`);
  }
  branch(name: string, from = 'main'): void {
    git(this.directory, 'checkout', '-q', '-B', name, from);
  }
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function write(path: string, content: Files[string] | undefined): void {
  rmSync(path, { force: true, recursive: true });
  if (content === null || content === undefined) return;
  mkdirSync(dirname(path), { recursive: true });
  if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(path, content);
  else {
    writeFileSync(path, content.executable);
    chmodSync(path, 0o755);
  }
}

/** A project of three files whose one test is fast. */
export const project: Files = {
  'README.md': '# Sums\n',
  'sum.js': 'exports.sum = (a, b) => a + b;\n',
  'test/sum.test.js': `const { equal } = require('node:assert');
const { test } = require('node:test');
const { sum } = require('../sum.js');
test('adds two numbers', () => {
  equal(sum(1, 2), 3);
});
`,
};

/** The change that breaks it. */
export const bug: Files = { 'sum.js': 'exports.sum = (a, b) => a - b;\n' };

/** The words of the person who opens the pull request; a reviewer has no use for them. */
export const person = { title: 'Subtract PERSON-TITLE', body: 'As told in PERSON-BODY', commit: 'Break it PERSON-COMMIT' };

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

export interface Stage {
  github: GitHub;
  /** A fresh one for each test. */
  model: Model;
  scene(options?: SceneOptions): Promise<Scene>;
  /** For a test that wants the model to be otherwise. */
  useModel(options: ModelOptions): Promise<void>;
  apiKey: string;
  /** Let the checks after this test leave something out, because it is the test's point. */
  allow: { modelViolations?: RegExp; summary?: boolean; rooms?: boolean; leftRunning?: boolean };
}

let scenes = 0;

/**
 * One GitHub for a file of tests and one model for each test. After each test what holds for every run is
 * asserted: no request that the real services would refuse, no script left over, no room left, no secret out.
 */
export async function openStage(): Promise<Stage> {
  const github = await startGitHub();
  const results: RunResult[] = [];
  const laptops: Laptop[] = [];
  const tokens: string[] = [];
  const stage = {
    github,
    apiKey,
    allow: {},
    useModel: async (options: ModelOptions) => {
      await stage.model?.close();
      stage.model = await startModel({ apiKey, ...options });
    },
    scene,
  } as Stage;

  async function scene(options: SceneOptions = {}): Promise<Scene> {
    scenes += 1;
    const name = `widgets-${process.pid}-${scenes}`;
    const laptop = new Laptop();
    laptops.push(laptop);
    const repository = await github.createRepository(`acme/${name}`, {
      ...(options.collaborators && { collaborators: options.collaborators }),
    });
    const base = laptop.commit(options.base ?? project, 'Begin');
    laptop.push(repository, 'main');
    const fork = options.forkOf ? await github.createRepository(`octocat/${name}`, { forkOf: repository.fullName }) : undefined;
    laptop.branch('changes');
    const head = laptop.commit(options.head ?? bug, options.message ?? person.commit);
    laptop.push(fork ?? repository, 'changes');
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
    const where = fork ?? repository;
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
      tip: () => git(where.path, 'rev-parse', 'refs/heads/changes'),
      read: (path, ref = 'refs/heads/changes') => {
        try {
          return `${git(where.path, 'show', `${ref}:${path}`)}\n`;
        } catch {
          return undefined;
        }
      },
      run: (agent, more) => run(self, agent, more),
    };
    return self;
  }

  async function run(self: Scene, agent: string, more: RunMore = {}): Promise<RunResult> {
    const { inputs, payload: overrides, eventName = 'pull_request', event, github: services, artifacts, ...rest } = more;
    const { repository, fork, pull, base } = self;
    const runtimeToken =
      typeof artifacts === 'object' ? artifacts.runtimeToken : artifacts ? github.createRuntimeToken() : undefined;
    const result = await runAction({
      inputs: {
        agent,
        'anthropic-api-key': apiKey,
        'anthropic-base-url': stage.model.url,
        'test-command': 'node --test',
        ...inputs,
      },
      event: event ?? {
        name: eventName,
        payload: payload(eventName, {
          repository: repository.fullName,
          number: pull.number,
          ...person,
          head: { ref: 'changes', sha: self.head },
          base: { ref: 'main', sha: base },
          ...(fork && { fork: fork.fullName }),
          apiUrl: github.apiUrl,
          serverUrl: github.serverUrl,
          ...overrides,
        }),
      },
      token: self.token,
      github: {
        apiUrl: github.apiUrl,
        serverUrl: artifacts ? github.dotcomServerUrl : github.serverUrl,
        graphqlUrl: github.graphqlUrl,
        ...(runtimeToken && { resultsUrl: github.resultsUrl, runtimeToken }),
        ...services,
      },
      repository: repository.fullName,
      sha: self.head,
      ref: `refs/pull/${pull.number}/merge`,
      secrets: [apiKey],
      canaries: [apiKey, self.token, ...(runtimeToken ? [runtimeToken] : [])],
      ...(process.env.COUNTERSIGN_ACTION && { actionDir: process.env.COUNTERSIGN_ACTION }),
      ...(process.env.DBG && { onSpawn: (child) => child.on('exit', () => console.log(child.pid, execFileSync('sh', ['-c', `ps -eo pid,ppid,pgid,stat,args | grep " ${child.pid} " | cut -c1-200`], { encoding: 'utf8' }))) }),
      ...rest,
    });
    results.push(result);
    return result;
  }

  beforeEach(async () => {
    stage.allow = {};
    await stage.useModel({});
  });

  afterEach(async () => {
    const ran = results.splice(0);
    const { allow, model } = stage;
    try {
      expect(github.violations).toEqual([]);
      expect(model.violations.filter((line) => !allow.modelViolations?.test(line))).toEqual([]);
      expect(model.unused()).toEqual([]);
      for (const result of ran) {
        expect(result.leaks).toEqual([]);
        expect(allow.rooms || roomsIn(result)).toEqual(allow.rooms || []);
        expect(allow.leftRunning || result.leftRunning).toBe(allow.leftRunning ?? false);
        if (!allow.summary) expectSummary(result.summary);
      }
      expectNoSecretInTheModel(model, tokens);
      expectNoSecretOnGitHub(github);
    } finally {
      github.violations.length = 0;
      await model.close();
      for (const result of ran) result.cleanup();
      for (const laptop of laptops.splice(0)) laptop.remove();
    }
  });

  afterAll(() => github.close());
  return stage;
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
  const sent = github.requests.map(({ body }) => (Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body)));
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
export function documents<K extends Document['kind']>(result: RunResult, kind: K): Extract<Document, { kind: K }>[] {
  return ledgerOf(result).filter((document) => document.kind === kind) as Extract<Document, { kind: K }>[];
}

/** Model turns in a word or two each. */
export const bash = (command: string): Turn => ({ tools: [{ name: 'bash', input: { command } }] });
export const put = (path: string, content: string): Turn => ({
  tools: [{ name: 'write', input: { file_path: path, content } }],
});
export const handIn = (title = 'Add instead of subtracting', summary = 'The sign was wrong.'): Turn => ({
  tools: [{ name: 'submit_patch', input: { title, summary } }],
});
export const findings = (list: object[], summary = 'It changes a sign.'): Turn => ({
  tools: [{ name: 'submit_findings', input: { findings: list, summary } }],
});

/** The turn that repairs the bug, and the one that hands it in. */
export const repair: Reply[] = [put('sum.js', 'exports.sum = (a, b) => a + b;\n'), handIn()];

/** A finding on the line that the bug is in. */
export const finding = (more: object = {}): object => ({
  path: 'sum.js',
  line: 1,
  endLine: 1,
  severity: 'high',
  category: 'correctness',
  rule: 'wrong-sign',
  confidence: 0.9,
  message: 'This subtracts.',
  quote: 'exports.sum = (a, b) => a - b;',
  ...more,
});

/** A conversation by its turns. */
export const session = (...turns: Reply[]): Conversation => ({ turns });

/** All that a request shows the model. */
export const shown = ({ raw }: ModelRequest): string => raw;

/** What stands in the error annotations of a run, each on a line. */
export const errors = (result: RunResult): string => result.annotations.error.map(({ message }) => message).join('\n');

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Document, decode } from '../../src/core/document.ts';
import {
  type GitHub,
  type Pull,
  type Repository,
  startGitHub,
  type TokenOptions,
} from '../stand-ins/github/index.ts';
import {
  type Conversation,
  type Model,
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
import { Canaries } from './traces.ts';

/** A text, bytes, an executable, a link, or nothing for a file that goes. */
export type Files = Record<string, string | Buffer | { executable: string } | { link: string } | null>;

/** A project whose one test is fast, and the change that breaks it. */
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
export const bug: Files = { 'sum.js': 'exports.sum = (a, b) => a - b;\n' };
export const repaired = project['sum.js'] as string;

/** An agent of the repository's own, which may do no more than comment. */
export const quiet = `---
name: quiet
description: Judges and says so in one comment
class: reviewer
triggers: [pull_request]
stages:
  collect: { by: probe diff, needs: [task], makes: facts, then: { pass: critique, noop: noop, fail: incomplete } }
  critique: { by: session, needs: [facts], makes: findings, then: { pass: anchor, fail: incomplete } }
  anchor: { by: probe anchor, needs: [findings], makes: findings, then: { pass: publish, fail: incomplete } }
tools: [read]
effects: [comment]
---
You judge.
`;

/** Model turns in a word or two each. */
export const bash = (...commands: string[]): Turn => ({
  tools: commands.map((command) => ({ name: 'bash', input: { command } })),
});
export const put = (path: string, content: string): Turn => ({
  tools: [{ name: 'write', input: { file_path: path, content } }],
});
export const handIn = (title = 'Add instead of subtracting', summary = 'The sign was wrong.'): Turn => ({
  tools: [{ name: 'submit_patch', input: { title, summary } }],
});
export const findings = (list: object[], summary = 'It changes a sign.'): Turn => ({
  tools: [{ name: 'submit_findings', input: { findings: list, summary } }],
});
export const session = (...turns: Reply[]): Conversation => ({ turns });
export const repair: Reply[] = [put('sum.js', repaired), handIn()];

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
export function git(cwd: string, args: readonly string[], input?: string): string {
  return execFileSync('git', ['-c', 'core.quotePath=false', '-c', 'core.protectNTFS=false', ...args], {
    cwd,
    env: identity,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    input: input ?? '',
  }).trimEnd();
}

/** Writes files below a directory. */
export function lay(directory: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    rmSync(path, { force: true, recursive: true });
    if (content === null) continue;
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(path, content);
    else if ('link' in content) symlinkSync(content.link, path);
    else {
      writeFileSync(path, content.executable);
      chmodSync(path, 0o755);
    }
  }
}

export interface SceneOptions {
  base?: Files;
  head?: Files;
  /** More entries of the head's tree, which no file system would hold: `mode id\tpath`. */
  raw?: readonly string[];
  branch?: string;
  message?: string;
  title?: string;
  body?: string;
  collaborators?: Record<string, 'admin' | 'maintain' | 'write' | 'triage' | 'read'>;
  fork?: boolean;
  permissions?: TokenOptions['permissions'];
}

export type RunMore = Partial<Omit<RunOptions, 'github' | 'event'>> & {
  payload?: PayloadOverrides;
  eventName?: PayloadName;
  github?: Partial<RunOptions['github']>;
  artifacts?: { runtimeToken: string };
};

/** One pull request, its stand-ins, and what was planted for the attacks to find. */
export interface Scene {
  github: GitHub;
  model: Model;
  canaries: Canaries;
  repository: Repository;
  pull: Pull;
  token: string;
  base: string;
  head: string;
  /** Commits to the head branch as its author would, and pushes. */
  push(files: Files, message?: string): string;
  tip(): string;
  /** What stands in a file of the head branch. */
  read(path: string): string | undefined;
  run(agent: string, more?: RunMore): Promise<RunResult>;
  /** All that has left the trusted process by now: requests, logs, outputs, documents. */
  everything(...results: RunResult[]): string;
}

export const everything = {
  contents: 'write',
  pull_requests: 'write',
  issues: 'write',
  checks: 'write',
} as const satisfies TokenOptions['permissions'];

/** Where attacks are tried: makes scenes, and takes them all away in the end. */
export class Lab {
  readonly actionDir: string;
  readonly #undo: (() => unknown)[] = [];

  /** @param actionDir the action under attack: action.yml and dist/ */
  constructor(actionDir: string) {
    this.actionDir = actionDir;
  }

  /** A directory of the lab's own. */
  directory(name: string): string {
    const path = mkdtempSync(join(tmpdir(), `attack-${name}-`));
    this.atEnd(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  atEnd(undo: () => unknown): void {
    this.#undo.push(undo);
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await undo();
  }

  async scene(options: SceneOptions = {}): Promise<Scene> {
    const canaries = new Canaries();
    const key = `sk-ant-api03-${canaries.make('the model key')}`;
    const github = await startGitHub();
    this.atEnd(() => github.close());
    const model = await startModel({ apiKey: key });
    this.atEnd(() => model.close());
    const { branch = 'changes' } = options;
    const laptop = this.directory('laptop');
    git(laptop, ['init', '-q', '-b', 'main']);
    const repository = await github.createRepository('acme/widgets', {
      ...(options.collaborators && { collaborators: options.collaborators }),
    });
    const commit = (files: Files, message: string, raw: readonly string[] = []): string => {
      lay(laptop, files);
      git(laptop, ['add', '-A', '-f']);
      if (raw.length > 0)
        git(laptop, ['update-index', '--index-info'], raw.map((line) => `${line}\n`).join(''));
      git(laptop, ['commit', '-q', '--allow-empty', '-m', message]);
      return git(laptop, ['rev-parse', 'HEAD']);
    };
    const base = commit(options.base ?? project, 'Begin');
    git(laptop, ['push', '-q', repository.path, 'HEAD:refs/heads/main']);
    const where = options.fork
      ? await github.createRepository('octocat/widgets', { forkOf: 'acme/widgets' })
      : repository;
    git(laptop, ['checkout', '-q', '-B', 'changes']);
    const head = commit(options.head ?? bug, options.message ?? 'A change', options.raw);
    git(laptop, ['push', '-q', '-f', where.path, `HEAD:refs/heads/${branch}`]);
    const pull = await github.openPull(repository, {
      title: options.title ?? 'A change',
      body: options.body ?? '',
      author: 'octocat',
      head: options.fork ? { repository: where, branch } : branch,
    });
    const token = github.createToken({
      permissions: options.permissions ?? everything,
      repositories: [repository.fullName],
    });
    canaries.add('the GitHub token', token);
    const results: RunResult[] = [];
    this.atEnd(() => {
      for (const result of results) result.cleanup();
    });
    const self: Scene = {
      github,
      model,
      canaries,
      repository,
      pull,
      token,
      base,
      head,
      push: (files, message = 'Another change') => {
        const sha = commit(files, message);
        git(laptop, ['push', '-q', '-f', where.path, `HEAD:refs/heads/${branch}`]);
        return sha;
      },
      tip: () => git(where.path, ['rev-parse', `refs/heads/${branch}`]),
      read: (path) => {
        try {
          return `${git(where.path, ['show', `refs/heads/${branch}:${path}`])}\n`;
        } catch {
          return undefined;
        }
      },
      run: async (agent, more = {}) => {
        const {
          inputs,
          payload: overrides,
          eventName = 'pull_request',
          github: services,
          artifacts,
          ...rest
        } = more;
        const result = await runAction({
          inputs: {
            agent,
            'anthropic-api-key': key,
            'anthropic-base-url': model.url,
            'test-command': 'node --test',
            ...inputs,
          },
          event: {
            name: eventName,
            payload: payload(eventName, {
              repository: repository.fullName,
              number: pull.number,
              title: options.title ?? 'A change',
              body: options.body ?? '',
              head: { ref: branch, sha: self.head },
              base: { ref: 'main', sha: base },
              ...(options.fork && { fork: where.fullName }),
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
            ...(artifacts && { resultsUrl: github.resultsUrl, ...artifacts }),
            ...services,
          },
          repository: repository.fullName,
          sha: self.head,
          ref: `refs/pull/${pull.number}/merge`,
          actionDir: this.actionDir,
          extraPath: [dirname(process.execPath)],
          ...rest,
        });
        results.push(result);
        return result;
      },
      everything: (...of) =>
        [
          ...model.requests.map(({ raw, path }) => `${path}\n${raw}`),
          ...github.requests.map(({ path, query, body }) =>
            [
              path,
              JSON.stringify(query),
              Buffer.isBuffer(body) ? body.toString('latin1') : JSON.stringify(body),
            ].join('\n'),
          ),
          ...of.flatMap((result) => [
            // A value has to stand in the command that masks it.
            `${result.stdout}\n${result.stderr}\n${result.post.log}`.replaceAll(/^\s*::add-mask::.*$/gm, ''),
            result.summary,
            JSON.stringify([result.outputs, result.env, result.path, result.annotations]),
            ...filesOf(result.outputs.ledger),
          ]),
        ].join('\n'),
    };
    return self;
  }
}

function filesOf(directory: string | undefined): string[] {
  if (!directory) return [];
  return readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
}

/** The documents of a run as they stand there, without a look at their chain. */
export function documents<K extends Document['kind']>(
  result: RunResult,
  kind: K,
): Extract<Document, { kind: K }>[] {
  const directory = result.outputs.ledger;
  if (!directory) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith(`-${kind}.md`))
    .sort()
    .map((name) => decode(readFileSync(join(directory, name), 'utf8')) as Extract<Document, { kind: K }>);
}

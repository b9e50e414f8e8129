import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
import { type Files, git, prepare, readAt } from '../stand-ins/laptop.ts';
import { type Model, startModel } from '../stand-ins/model/index.ts';
import {
  type PayloadName,
  type PayloadOverrides,
  payload,
  type RunOptions,
  type RunResult,
  runAction,
} from '../stand-ins/runner.ts';
import { bug, project } from '../stand-ins/sums.ts';
import { Canaries } from './traces.ts';

/**
 * The file of an agent of the repository's own, which may do no more than comment.
 * @param more lines of its front matter
 */
export const judgeFile = (name: string, instructions: string, more = ''): string => `---
name: ${name}
description: Judges and says so in one comment
class: reviewer
triggers: [pull_request]
stages:
  collect: { by: probe diff, needs: [task], makes: facts, then: { pass: critique, noop: noop, fail: incomplete } }
  critique: { by: session, needs: [facts], makes: findings, then: { pass: anchor, fail: incomplete } }
  anchor: { by: probe anchor, needs: [findings], makes: findings, then: { pass: publish, fail: incomplete } }
tools: [read]
effects: [comment]
${more}---
${instructions}
`;
export const quiet = judgeFile('quiet', 'You judge.');

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
  /** Who opens the pull request. */
  author?: string;
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
    const made = prepare(
      options.base ?? project,
      options.head ?? bug,
      options.message ?? 'A change',
      options.raw,
    );
    const { laptop, base, head } = made;
    this.atEnd(() => laptop.remove());
    const repository = await github.createRepository('acme/widgets', {
      ...(options.collaborators && { collaborators: options.collaborators }),
    });
    made.pushBase(repository);
    const where = options.fork
      ? await github.createRepository('octocat/widgets', { forkOf: 'acme/widgets' })
      : repository;
    made.pushHead(where, branch);
    const pull = await github.openPull(repository, {
      title: options.title ?? 'A change',
      body: options.body ?? '',
      author: options.author ?? 'octocat',
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
        const sha = laptop.commit(files, message);
        laptop.push(where, branch);
        return sha;
      },
      tip: () => git(where.path, ['rev-parse', `refs/heads/${branch}`]),
      read: (path) => readAt(where, `refs/heads/${branch}`, path),
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

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, expect } from '@jest/globals';
import { compiled } from '../stand-ins/compiled.ts';
import { restore, type Saved, save } from '../stand-ins/laptop.ts';
import { type Conversation, type Model, startModel, systemText } from '../stand-ins/model/index.ts';

export const bundle = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

const path = [dirname(process.execPath), process.env.PATH].join(delimiter);

/** The user's git: no configuration of the machine's, but a name. */
const environment = {
  PATH: path,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

/** What git prints in `directory`. */
export function git(directory: string, ...args: string[]): string {
  return execFileSync('git', ['-C', directory, ...args], {
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trimEnd();
}

/** Passes when app.js says that a is 2, and needs nothing but a shell. */
export const testCommand = 'sh check.sh';
const check = 'grep -q "a = 2" app.js || { echo "a is not 2"; exit 1; }\n';

export type Files = Record<string, string | Buffer>;

/** Files in `directory`, committed. */
export function commit(directory: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '-m', 'A commit');
}

const made = new Map<string, Saved>();

/** A repository whose tests fail on `main`, with the branch `feature` checked out, one commit before it. */
export function createRepository(directory: string, feature: Files = {}): string {
  const key = JSON.stringify(feature);
  const saved = made.get(key);
  if (saved) {
    mkdirSync(directory, { recursive: true });
    restore(directory, saved);
  } else {
    makeRepository(directory, feature);
    made.set(key, save(directory));
  }
  return directory;
}

function makeRepository(directory: string, feature: Files): void {
  execFileSync('git', ['init', '--quiet', '--template=', '--initial-branch=main', directory], {
    env: environment,
  });
  commit(directory, { 'app.js': 'export const a = 1;\n', 'check.sh': check });
  git(directory, 'switch', '--quiet', '-c', 'feature');
  commit(directory, { 'app.js': 'export const a = 1;\nexport const b = 1;\n', ...feature });
}

export interface Finding {
  path: string;
  line: number;
  quote: string;
  severity: string;
  message: string;
}

/** A reviewer that hands in these findings. */
export function reviewer(...findings: Finding[]): Conversation {
  return {
    name: 'reviewer',
    when: ({ body }) => systemText(body).includes('You judge a change'),
    turns: [
      {
        tools: [
          {
            name: 'submit_findings',
            input: {
              summary: 'Adds b.',
              findings: findings.map((finding) => ({
                endLine: finding.line,
                category: 'correctness',
                rule: 'wrong',
                confidence: 0.9,
                ...finding,
              })),
            },
          },
        ],
      },
    ],
  };
}

export function wrongB(severity = 'high'): Finding {
  return { path: 'app.js', line: 2, quote: 'export const b = 1;', severity, message: 'b is wrong.' };
}

/** A generator that makes a two of a, which is what the tests want. */
export function fixer(): Conversation {
  return {
    name: 'fixer',
    turns: [
      { tools: [{ name: 'bash', input: { command: "sed -i 's/a = 1/a = 2/' app.js" } }] },
      {
        tools: [
          { name: 'submit_patch', input: { title: 'Make a two', summary: 'The test wants a to be 2.' } },
        ],
      },
    ],
  };
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Start {
  env?: Record<string, string>;
  /** Stops it by this signal, once the promise is kept. */
  stop?: { by: NodeJS.Signals; after: Promise<unknown> };
  /** In a terminal, where both streams are one. */
  isTerminal?: boolean;
  /** The command that starts it. */
  by?: readonly string[];
}

/** A folder, a model and the command line for each test; the model's client must have done nothing wrong. */
export function useScene(): {
  readonly directory: string;
  readonly model: Model;
  countersign: (cwd: string, args: readonly string[], start?: Start) => Promise<Ended>;
} {
  let directory = '';
  let temp = '';
  let model: Model;
  beforeEach(async () => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'laptop-')));
    temp = join(directory, 'tmp');
    mkdirSync(temp);
    model = await startModel();
  });
  afterEach(async () => {
    await model.close();
    expect({ left: readdirSync(temp), violations: model.violations, unused: model.unused() }).toEqual({
      left: [],
      violations: [],
      unused: [],
    });
    rmSync(directory, { recursive: true, force: true });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  return {
    get directory() {
      return directory;
    },
    get model() {
      return model;
    },
    countersign: async (cwd, args, { env = {}, stop, isTerminal = false, by = [] } = {}) => {
      const argv = [...by, process.execPath, bundle, ...args];
      const [program, ...rest] = isTerminal
        ? ['script', '-qec', `stty cols 60; exec ${argv.map(quoted).join(' ')}`, '/dev/null']
        : argv;
      const child = spawn(program!, rest, {
        cwd,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...environment,
          TERM: 'xterm',
          NODE_COMPILE_CACHE: compiled,
          TMPDIR: temp,
          ANTHROPIC_API_KEY: model.apiKey,
          ANTHROPIC_BASE_URL: model.url,
          ...env,
        },
      });
      void stop?.after.then(() => child.kill(stop.by));
      const [stdout, stderr, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close') as Promise<[number | null]>,
      ]);
      return { code, stdout, stderr };
    },
  };
}

/**
 * What comes of the bundle with each of these arguments, by runs one after another in one process: for those that end
 * before they do anything. Nothing of a scene is there but the key.
 */
export async function oneProcess(cases: readonly (readonly string[])[]): Promise<Ended[]> {
  const driver = fileURLToPath(new URL('one-process.cjs', import.meta.url));
  const child = spawn(process.execPath, [driver], {
    cwd: tmpdir(),
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...environment, TERM: 'xterm', ANTHROPIC_API_KEY: 'key' },
  });
  child.stdin.end(JSON.stringify({ bundle, cases }));
  return JSON.parse(await text(child.stdout)) as Ended[];
}

function quoted(argument: string): string {
  return `'${argument.replaceAll("'", "'\\''")}'`;
}

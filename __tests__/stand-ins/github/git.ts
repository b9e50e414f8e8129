import { execFileSync, spawn } from 'node:child_process';

/** No configuration of the machine and nothing of the test's own environment reaches git. */
export const gitEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  LC_ALL: 'C',
  TZ: 'UTC',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
};

export interface GitResult {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Runs git in a bare repository and gives back whatever came of it. */
export function tryGit(
  path: string,
  args: readonly string[],
  input: string | Uint8Array = '',
  environment: NodeJS.ProcessEnv = {},
): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, {
      cwd: path,
      env: { ...gitEnvironment, GIT_DIR: path, ...environment },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code: code ?? 1, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
    // git may end before it has read everything; its exit code says what happened.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Runs git in a bare repository and throws unless it succeeds. */
export async function git(
  path: string,
  args: readonly string[],
  input: string | Uint8Array = '',
  environment: NodeJS.ProcessEnv = {},
): Promise<Buffer> {
  const result = await tryGit(path, args, input, environment);
  if (result.code !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr.trim()}`);
  return result.stdout;
}

/** Like `git`, for commands that answer one line. */
export async function gitLine(path: string, args: readonly string[], input = ''): Promise<string> {
  return (await git(path, args, input)).toString().trim();
}

let found: string | undefined;

/** Where git keeps `git-http-backend`. */
export function gitExecPath(): string {
  found ??= execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim();
  return found;
}

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';

/** The type of an object, or undefined where there is none. */
export async function objectType(path: string, sha: string): Promise<ObjectType | undefined> {
  if (!/^[0-9a-f]{40}$/.test(sha)) return undefined;
  const [, type] = (await gitLine(path, ['cat-file', '--batch-check'], `${sha}\n`)).split(' ');
  return type === 'missing' ? undefined : (type as ObjectType);
}

/** Finds the commit that a branch, a tag, a ref or a (short) SHA means, with no other revision syntax. */
export async function resolveCommit(path: string, ref: string): Promise<string | undefined> {
  if (ref === '' || /[\s~^:?*[\\\x00-\x1f]|\.\.|@\{|^-/.test(ref)) return undefined;
  const candidates = [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/${ref}`];
  if (ref === 'HEAD' || ref.startsWith('refs/')) candidates.unshift(ref);
  if (/^[0-9a-f]{7,40}$/.test(ref)) candidates.unshift(ref);
  const lines = await git(
    path,
    ['cat-file', '--batch-check'],
    candidates.map((name) => `${name}^{commit}\n`).join(''),
  );
  const hit = lines
    .toString()
    .split('\n')
    .find((line) => / commit \d+$/.test(line));
  return hit?.slice(0, 40);
}

export interface CommitInfo {
  sha: string;
  tree: string;
  parents: string[];
  author: Signature;
  committer: Signature;
  message: string;
}

export interface Signature {
  name: string;
  email: string;
  date: string;
}

const format = '%H%n%T%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B';

/** The commits `git log` gives for these arguments. */
export async function log(path: string, args: readonly string[]): Promise<CommitInfo[]> {
  const text = (await git(path, ['log', '-z', `--format=${format}`, ...args])).toString();
  if (text === '') return [];
  return text.replace(/\0$/, '').split('\0').map(readCommit);
}

/** One commit. */
export async function commitInfo(path: string, sha: string): Promise<CommitInfo> {
  const [commit] = await log(path, ['-1', sha]);
  if (!commit) throw new Error(`no commit ${sha}`);
  return commit;
}

function readCommit(record: string): CommitInfo {
  const lines = record.split('\n');
  const part = (index: number) => lines[index] ?? '';
  const date = (seconds: string) => new Date(Number(seconds) * 1000).toISOString().replace('.000', '');
  return {
    sha: part(0),
    tree: part(1),
    parents: part(2).split(' ').filter(Boolean),
    author: { name: part(3), email: part(4), date: date(part(5)) },
    committer: { name: part(6), email: part(7), date: date(part(8)) },
    message: lines.slice(9).join('\n').replace(/\n$/, ''),
  };
}

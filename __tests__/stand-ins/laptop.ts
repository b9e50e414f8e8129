import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Repository } from './github/index.ts';

/** A text, bytes, an executable, a link, or nothing for a file that goes. */
export type Files = Record<string, string | Buffer | { executable: string } | { link: string } | null>;

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

/** A work tree to commit and push from, of one repository. */
export class Laptop {
  readonly directory = mkdtempSync(join(tmpdir(), 'laptop-'));
  constructor() {
    git(this.directory, ['init', '-q', '-b', 'main']);
  }
  /**
   * Commits on the branch that is checked out.
   * @param raw more entries of the tree, which no file system would hold: `mode id\tpath`
   */
  commit(files: Files, message = 'A change', raw: readonly string[] = []): string {
    lay(this.directory, files);
    git(this.directory, ['add', '-A', '-f']);
    if (raw.length > 0)
      git(this.directory, ['update-index', '--index-info'], raw.map((line) => `${line}\n`).join(''));
    git(this.directory, ['commit', '-q', '--allow-empty', '-m', message]);
    return git(this.directory, ['rev-parse', 'HEAD']);
  }
  push(repository: Repository, branch: string): void {
    git(this.directory, ['push', '-q', '-f', repository.path, `HEAD:refs/heads/${branch}`]);
  }
  branch(name: string, from = 'main'): void {
    git(this.directory, ['checkout', '-q', '-B', name, from]);
  }
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The text of a file at the tip of a branch, as it was pushed. */
export function readAt(repository: Repository, ref: string, path: string): string | undefined {
  try {
    return `${git(repository.path, ['show', `${ref}:${path}`])}\n`;
  } catch {
    return undefined;
  }
}

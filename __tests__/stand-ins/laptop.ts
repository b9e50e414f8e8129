import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

const settings = ['core.quotePath=false', 'core.protectNTFS=false', 'maintenance.auto=false'].flatMap(
  (setting) => ['-c', setting],
);

/** Runs git as a person on a laptop would. */
export function git(cwd: string, args: readonly string[], input?: string): string {
  return execFileSync('git', [...settings, ...args], {
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

/** Everything below a directory, to be laid out again elsewhere: by its path, a text with its mode or a link. */
export type Saved = ReadonlyMap<string, { mode: number; content: Buffer } | { link: string } | 'folder'>;

/** Reads a small directory, so that it can be copied without a process. */
export function save(directory: string): Saved {
  const saved = new Map<string, { mode: number; content: Buffer } | { link: string } | 'folder'>();
  const visit = (folder: string): void => {
    for (const name of readdirSync(join(directory, folder))) {
      const path = join(folder, name);
      const from = join(directory, path);
      const stat = lstatSync(from);
      if (stat.isDirectory()) {
        saved.set(path, 'folder');
        visit(path);
      } else if (stat.isSymbolicLink()) saved.set(path, { link: readlinkSync(from) });
      else saved.set(path, { mode: stat.mode, content: readFileSync(from) });
    }
  };
  visit('');
  return saved;
}

/** Lays out what was read. */
export function restore(directory: string, saved: Saved): void {
  for (const [path, entry] of saved) {
    const to = join(directory, path);
    if (entry === 'folder') mkdirSync(to, { recursive: true });
    else if ('link' in entry) symlinkSync(entry.link, to);
    else writeFileSync(to, entry.content, { mode: entry.mode });
  }
}

/** A work tree to commit and push from, of one repository. */
export class Laptop {
  readonly directory = mkdtempSync(join(tmpdir(), 'laptop-'));
  /** @param saved what was saved of another one */
  constructor(saved?: Saved) {
    if (saved) restore(this.directory, saved);
    else git(this.directory, ['init', '-q', '-b', 'main', '--template=']);
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

/** A pull request to be: `main`, and on top of it `changes`, which is checked out. */
export interface Prepared {
  laptop: Laptop;
  base: string;
  head: string;
  /** Pushes both branches, each to where it belongs. */
  pushBase(to: Repository): void;
  pushHead(to: Repository, branch?: string): void;
}

const made = new Map<string, { before: Saved; after: Saved; base: string; head: string }>();

/** Two commits on a laptop of one's own: of the same files they are made once, and copied from then on. */
export function prepare(base: Files, head: Files, message: string, raw: readonly string[] = []): Prepared {
  const key = JSON.stringify([base, head, message, raw]);
  if (!made.has(key)) made.set(key, make(base, head, message, raw));
  const found = made.get(key)!;
  return {
    laptop: new Laptop(found.after),
    base: found.base,
    head: found.head,
    pushBase: (to) => place(to, found.before, 'main', found.base),
    pushHead: (to, branch = 'changes') => place(to, found.after, branch, found.head),
  };
}

function make(base: Files, head: Files, message: string, raw: readonly string[]) {
  const laptop = new Laptop();
  try {
    const first = laptop.commit(base, 'Begin');
    const before = save(laptop.directory);
    laptop.branch('changes');
    const second = laptop.commit(head, message, raw);
    return { before, after: save(laptop.directory), base: first, head: second };
  } finally {
    laptop.remove();
  }
}

/** What a push leaves in a repository: the objects, and the branch. */
function place(repository: Repository, saved: Saved, branch: string, sha: string): void {
  for (const [path, entry] of saved) {
    if (!path.startsWith('.git/objects/')) continue;
    const to = join(repository.path, path.replace('.git/', ''));
    if (entry === 'folder') mkdirSync(to, { recursive: true });
    else if ('content' in entry && !existsSync(to)) writeFileSync(to, entry.content, { mode: entry.mode });
  }
  const ref = join(repository.path, 'refs/heads', branch);
  mkdirSync(dirname(ref), { recursive: true });
  writeFileSync(ref, `${sha}\n`);
}

/** The text of a file at the tip of a branch, as it was pushed. */
export function readAt(repository: Repository, ref: string, path: string): string | undefined {
  try {
    return `${git(repository.path, ['show', `${ref}:${path}`])}\n`;
  } catch {
    return undefined;
  }
}

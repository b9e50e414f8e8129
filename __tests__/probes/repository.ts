import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Git } from '../../src/core/git.ts';
import { type Files, lay } from '../stand-ins/laptop.ts';

const environment = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
};

export interface Repository {
  git: Git;
  commit(files: Files): string;
  tree(commit: string): string;
  remove(): void;
}

/** A bare repository in a directory of its own, and a work tree to commit from. */
export function makeRepository(): Repository {
  const root = mkdtempSync(join(tmpdir(), 'countersign-probes-'));
  const dir = join(root, 'clean.git');
  const work = join(root, 'work');
  mkdirSync(work);
  execFileSync('git', ['init', '-q', '--bare', '--template=', dir], { env: environment });
  const run = (...args: string[]): string =>
    execFileSync('git', ['--git-dir', dir, '--work-tree', work, ...args], {
      cwd: work,
      env: environment,
      encoding: 'utf8',
    }).trim();
  return {
    git: gitIn(dir),
    commit: (files) => {
      lay(work, files);
      run('add', '-A', '-f');
      run('-c', 'maintenance.auto=false', 'commit', '-q', '--allow-empty', '-m', 'c');
      return run('rev-parse', 'HEAD');
    },
    tree: (commit) => run('rev-parse', `${commit}^{tree}`),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function gitIn(dir: string): Git {
  const git = (
    args: readonly string[],
    options: { input?: string | Buffer; env?: Record<string, string>; maxBytes?: number } = {},
  ): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const child = spawn('git', ['--git-dir', dir, ...args], {
        env: { ...environment, ...options.env },
        cwd: dir,
      });
      const out: Buffer[] = [];
      const largest = options.maxBytes ?? 256 * 1024 * 1024;
      let bytes = 0;
      let words = '';
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        out.push(chunk);
        if (bytes > largest) child.kill();
      });
      child.stderr.on('data', (chunk) => {
        words += chunk;
      });
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0 && bytes <= largest) resolve(Buffer.concat(out));
        else reject(new Error(words || `it printed more than ${largest} bytes`));
      });
      child.stdin.on('error', () => {});
      child.stdin.end(options.input ?? '');
    });
  return Object.assign(git, { dir }) as Git;
}

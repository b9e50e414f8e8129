import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gitEnvironment } from '../stand-ins/github/git.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A clone of this project's own repository, with the dependencies that are installed here. */
export interface OwnClone {
  path: string;
  git: (...args: string[]) => string;
  read: (path: string) => string;
  /** Commits one file's new content. */
  commit: (path: string, content: string, message: string) => void;
  remove: () => void;
}

/** Clones what is committed here; the work tree's own changes stay out. */
export function cloneOwn(): OwnClone {
  const directory = mkdtempSync(join(tmpdir(), 'own-'));
  const path = join(directory, 'clone');
  const run = (cwd: string, program: string, args: readonly string[]): string =>
    execFileSync(program, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...gitEnvironment,
        GIT_AUTHOR_NAME: 'Ann',
        GIT_AUTHOR_EMAIL: 'ann@example.com',
        GIT_COMMITTER_NAME: 'Ann',
        GIT_COMMITTER_EMAIL: 'ann@example.com',
      },
    });
  const git = (...args: string[]): string => run(path, 'git', args);
  run(directory, 'git', ['clone', '--quiet', '--template=', root, path]);
  copyDependencies(run.bind(undefined, directory), join(path, 'node_modules'));
  return {
    path,
    git,
    read: (file) => readFileSync(join(path, file), 'utf8'),
    commit(file, content, message) {
      writeFileSync(join(path, file), content);
      git('add', '--', file);
      git('commit', '--quiet', '--message', message);
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A room takes no link for a dependency folder; hard links are folders, and made in no time. */
function copyDependencies(run: (program: string, args: readonly string[]) => string, to: string): void {
  const from = join(root, 'node_modules');
  try {
    run('cp', ['-al', from, to]);
  } catch {
    // Another file system.
    rmSync(to, { recursive: true, force: true });
    run('cp', ['-a', from, to]);
  }
}

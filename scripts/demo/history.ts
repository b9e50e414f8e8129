import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gitEnvironment } from '../../__tests__/stand-ins/github/git.ts';

export interface Commit {
  /** The folder, beside this file, whose files it adds or replaces. */
  folder: string;
  branch: string;
  author: string;
  date: string;
  message: string;
}

export const commits: readonly Commit[] = [
  {
    folder: '1-money',
    branch: 'main',
    author: 'Ada',
    date: '2026-03-02T09:14:00Z',
    message: 'Money in whole cents',
  },
  {
    folder: '2-discounts',
    branch: 'main',
    author: 'Bela',
    date: '2026-03-09T15:40:00Z',
    message: 'Percentages off a price',
  },
  {
    folder: '3-basket',
    branch: 'main',
    author: 'Ada',
    date: '2026-04-13T11:02:00Z',
    message: 'What a basket costs',
  },
  {
    folder: '4-rules',
    branch: 'main',
    author: 'Chidi',
    date: '2026-05-04T08:30:00Z',
    message: 'Write down our conventions',
  },
  {
    folder: 'pull-1',
    branch: 'quantity-discounts',
    author: 'Dana',
    date: '2026-05-18T16:21:00Z',
    message: 'Quantity discounts',
  },
  {
    folder: 'pull-2',
    branch: 'vouchers',
    author: 'Emre',
    date: '2026-05-19T10:05:00Z',
    message: 'Look up vouchers by their code',
  },
];

/** Makes the demo's history and pushes it to the bare repository at `path`. */
export function pushHistory(path: string): void {
  const work = mkdtempSync(join(tmpdir(), 'till-'));
  const git = (args: readonly string[], env: Record<string, string> = {}): void => {
    execFileSync('git', args, { cwd: work, env: { ...gitEnvironment, ...env } });
  };
  try {
    git(['init', '--quiet', '--template=', '--initial-branch=main']);
    let current = 'main';
    for (const { folder, branch, author, date, message } of commits) {
      if (branch !== current) git(['checkout', '--quiet', '-b', branch, 'main']);
      current = branch;
      cpSync(fileURLToPath(new URL(`till/${folder}`, import.meta.url)), work, { recursive: true });
      git(['add', '--all']);
      git(['commit', '--quiet', '--message', message], {
        GIT_AUTHOR_NAME: author,
        GIT_AUTHOR_EMAIL: `${author.toLowerCase()}@example.com`,
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: author,
        GIT_COMMITTER_EMAIL: `${author.toLowerCase()}@example.com`,
        GIT_COMMITTER_DATE: date,
      });
    }
    git(['push', '--quiet', path, '--all']);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

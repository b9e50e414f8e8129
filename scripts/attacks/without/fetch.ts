import { spawnSync } from 'node:child_process';
import * as real from '../../../src/platforms/github/fetch.ts';

/** First as workflows do that write `${{ github.head_ref }}` into a command. */
export const fetchCommits: typeof real.fetchCommits = (remote, git, subject) => {
  const at = { cwd: git.dir, env: { PATH: process.env.PATH } };
  spawnSync('sh', ['-c', `git log -1 ${subject.headRef}`], at);
  spawnSync('git', ['log', '-1', subject.headRef, subject.base], at);
  return real.fetchCommits(remote, git, subject);
};

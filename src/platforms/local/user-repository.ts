import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { GitOptions } from '../../core/git.ts';
import { Fault } from '../../core/outcome.ts';

const exec = promisify(execFile);

export interface UserRepository {
  root: string;
  gitDir: string;
  userGit: (args: readonly string[], options?: GitOptions) => Promise<Buffer>;
  /** The branch that changes are meant for, if it can be told. */
  defaultBase: () => Promise<string | undefined>;
}

/**
 * The repository around `directory`, as its user has it: with the user's own git and configuration.
 * @throws Fault when there is none, or git is missing
 */
export async function openUserRepository(directory: string): Promise<UserRepository> {
  const userGit = async (args: readonly string[]): Promise<Buffer> => {
    const { stdout } = await exec('git', ['-C', directory, ...args], {
      encoding: 'buffer',
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  };
  let paths: string;
  try {
    paths = (
      await userGit(['rev-parse', '--path-format=absolute', '--show-toplevel', '--git-common-dir'])
    ).toString();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Fault(
      missing ? 'git is not installed.' : `${directory} is not in a git checkout; use -C to name one.`,
    );
  }
  const [root, gitDir] = paths.split('\n') as [string, string];
  const exists = (ref: string): Promise<boolean> =>
    userGit(['rev-parse', '--verify', '--quiet', ref]).then(
      () => true,
      () => false,
    );
  return {
    root,
    gitDir,
    userGit,
    defaultBase: async () => {
      for (const ref of ['origin/HEAD', 'main', 'master']) if (await exists(ref)) return ref;
      return undefined;
    },
  };
}

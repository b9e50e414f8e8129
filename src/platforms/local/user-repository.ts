import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Fault } from '../../core/outcome.ts';

const exec = promisify(execFile);

/**
 * Runs git in the user's own repository, with the user's own configuration.
 * @throws Error with git's last line as its message when it exits with anything but 0
 */
export type UserGit = (args: readonly string[], input?: string | Buffer) => Promise<Buffer>;

export interface UserRepository {
  /** The work tree's root directory, and the `.git` that its work trees share. */
  root: string;
  gitDir: string;
  userGit: UserGit;
  /** The branch that changes are meant for, if it can be told. */
  defaultBase: () => Promise<string | undefined>;
  /** How many files of the work tree aren't as the newest commit has them. */
  uncommitted: () => Promise<number>;
}

/**
 * The repository around `directory`, as its user has it: with the user's own git and configuration.
 * @throws Fault when there is none that can be used, or git is missing
 */
export async function openUserRepository(directory: string, signal: AbortSignal): Promise<UserRepository> {
  const userGit = gitIn(directory, signal);
  const line = async (...args: string[]): Promise<string> =>
    (await userGit(['rev-parse', ...args])).toString().replace(/\n$/, '');
  let root: string;
  let gitDir: string;
  let format: string;
  try {
    root = await line('--path-format=absolute', '--show-toplevel');
    [gitDir, format] = await Promise.all([
      line('--path-format=absolute', '--git-common-dir'),
      line('--show-object-format'),
    ]);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Fault('git is not installed, or not on PATH.', 'missing-tool');
    const why = /^not a git repository/.test(message) ? 'it is not in one' : message;
    throw new Fault(`${directory} can't be used as a git checkout: ${why}. Name one with -C.`);
  }
  if (format !== 'sha1')
    throw new Fault(
      `${root} names its objects by ${format.toUpperCase()}; Countersign can only work with SHA-1 so far.`,
    );
  const exists = (ref: string): Promise<boolean> =>
    userGit(['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]).then(
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
    uncommitted: async () => {
      const status = await userGit(['status', '--porcelain', '--ignore-submodules=dirty']);
      return status.toString().split('\n').filter(Boolean).length;
    },
  };
}

function gitIn(directory: string, signal: AbortSignal): UserGit {
  return async (args, input) => {
    try {
      const running = exec('git', ['-C', directory, ...args], {
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
        // Its words are read here; and looking at a repository must not write to it.
        env: { ...process.env, LC_ALL: 'C.UTF-8', GIT_OPTIONAL_LOCKS: '0' },
        signal,
      });
      // git may end without reading all of its input; its exit code tells then.
      running.child.stdin!.on('error', () => {});
      running.child.stdin!.end(input);
      return (await running).stdout;
    } catch (error) {
      const { stderr } = error as { stderr?: Buffer };
      const words = stderr?.toString().match(/^fatal: .*|^error: .*/m)?.[0];
      if (words) (error as Error).message = words.replace(/^\w+: /, '').replace(/\.$/, '');
      throw error;
    }
  };
}

import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../core/outcome.ts';

const exec = promisify(execFile);

/**
 * Runs git in the user's own repository, with the user's own configuration.
 * @throws Error with git's last line as its message when it exits with anything but 0
 */
export type UserGit = (args: readonly string[], input?: string | Buffer) => Promise<Buffer>;

interface UserRepository {
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
 * The work tree that `directory` lies in, as git would find it; undefined where there is none. Known before
 * git is asked, so that no git is started which that work tree holds.
 */
export function workTreeAround(directory: string): string | undefined {
  if (!existsSync(directory)) return undefined;
  for (let at = realpathSync(directory); ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

/**
 * The repository around `directory`, as its user has it: with the user's own git and configuration.
 * @param path where git and what its configuration names are looked for: a PATH without the repository
 * @throws Fault when there is none that can be used, or git is missing
 */
export async function openUserRepository(
  directory: string,
  path: string,
  signal: AbortSignal,
): Promise<UserRepository> {
  const userGit = gitIn(directory, path, signal);
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

/**
 * What the user's git goes by. Not all there is: filters and hooks that the user's configuration names are
 * run on what the change holds, and have no use for the key.
 */
const ofTheUser = /^(HOME|USER|LOGNAME|TMPDIR|XDG_CONFIG_HOME|SUDO_UID|GIT_.*)$/;

function gitIn(directory: string, path: string, signal: AbortSignal): UserGit {
  const own = Object.entries(process.env).filter(([name]) => ofTheUser.test(name));
  // Its words are read here; and looking at a repository must not write to it.
  const env = { ...Object.fromEntries(own), PATH: path, LC_ALL: 'C.UTF-8', GIT_OPTIONAL_LOCKS: '0' };
  return async (args, input) => {
    try {
      const running = exec('git', ['-C', directory, ...args], {
        encoding: 'buffer',
        maxBuffer: 64 * 1024 * 1024,
        env,
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

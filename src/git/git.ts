import { spawn } from 'node:child_process';
import type { Git, GitOptions } from '../core/git.ts';

/**
 * Git's whole environment: no configuration of the machine or the user, no prompt, and nothing of ours, so
 * that no hook, filter, credential helper or `insteadOf` from elsewhere can act.
 */
const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  LANG: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_ATTR_NOSYSTEM: '1',
};

/** Says where git is; called once, before the first command. */
export function findGitOn(path: string): void {
  environment.PATH = path;
}

const safety = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.quotePath=false',
  '-c',
  'gc.auto=0',
];

/**
 * Runs git with an argument array in `cwd`, which no agent may ever have been able to write.
 * @throws Error with git's last words when it exits with anything but 0
 */
export function runGit(cwd: string, args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
  const { input, env, maxBytes = 256 * 1024 * 1024, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...safety, ...args], {
      cwd,
      env: { ...environment, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(signal && { signal, killSignal: 'SIGKILL' }),
    });
    const out: Buffer[] = [];
    let size = 0;
    let errors = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) child.kill('SIGKILL');
      else out.push(chunk);
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      errors = (errors + chunk).slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (code, killed) => {
      if (code === 0 && size <= maxBytes) return resolve(Buffer.concat(out));
      const why =
        size > maxBytes
          ? `it printed more than ${maxBytes} bytes`
          : errors.trim() || `exit ${code ?? killed}`;
      const valued = ['-c', '--git-dir'];
      const name = args.find((arg, at) => !arg.startsWith('-') && !valued.includes(args[at - 1] ?? ''));
      reject(new Error(`git ${name}: ${why}`));
    });
    if (input !== undefined) {
      // git may end without reading all of its input; its exit code tells then.
      child.stdin!.on('error', () => {});
      child.stdin!.end(input);
    }
  });
}

/** The clean bare repository in `dir`, created if it isn't there. */
export async function openGit(dir: string): Promise<Git> {
  await runGit('/', ['init', '--quiet', '--bare', '--template=', dir]);
  const git = (args: readonly string[], options?: GitOptions): Promise<Buffer> =>
    runGit(dir, ['--git-dir', dir, ...args], options);
  return Object.assign(git, { dir });
}

import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gitEnvironment } from '../stand-ins/github/git.ts';

const run = promisify(execFile);

/** A git repository whose last two commits are two published versions of a package. */
export interface Published {
  path: string;
  base: string;
  head: string;
  git: (...args: string[]) => string;
  remove: () => void;
}

/**
 * Fetches two versions of a package with the npm client, as it is configured here.
 * @throws Error with npm's own words when one of them can't be had
 */
export async function publishedVersions(name: string, older: string, newer: string): Promise<Published> {
  const root = mkdtempSync(join(tmpdir(), 'published-'));
  const path = join(root, 'repository');
  mkdirSync(path);
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: path,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 256 * 1024 * 1024,
      env: {
        ...gitEnvironment,
        GIT_AUTHOR_NAME: 'Ann',
        GIT_AUTHOR_EMAIL: 'ann@example.com',
        GIT_COMMITTER_NAME: 'Ann',
        GIT_COMMITTER_EMAIL: 'ann@example.com',
      },
    });
  const [from, to] = await Promise.all(
    [older, newer].map((version) => pack(join(root, version), `${name}@${version}`)),
  );
  git('init', '--quiet', '--template=', '--initial-branch=main');
  const commit = (tarball: string, message: string): string => {
    git('rm', '-r', '--quiet', '--force', '--ignore-unmatch', '.');
    // Old packages have another folder than `package` at their top.
    execFileSync('tar', ['-xzf', tarball, '-C', path, '--strip-components=1', '--no-same-owner']);
    git('add', '--all', '--force');
    git('commit', '--quiet', '--message', message);
    return git('rev-parse', 'HEAD').trim();
  };
  return {
    path,
    base: commit(from!, older),
    head: commit(to!, newer),
    git,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

async function pack(directory: string, spec: string): Promise<string> {
  mkdirSync(directory);
  await run('npm', ['pack', spec, '--silent', '--pack-destination', directory], { cwd: directory });
  const [tarball] = readdirSync(directory).filter((file) => file.endsWith('.tgz'));
  if (!tarball) throw new Error(`npm pack ${spec} left no tarball`);
  return join(directory, tarball);
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * A repository whose branch `change` differs from `main` in `files` files of `lines` changed lines each.
 * @returns its directory
 */
export function makeRepository(directory: string, files: number, lines: number): string {
  const git = (...args: string[]): Buffer =>
    execFileSync('git', [
      '-C',
      directory,
      '-c',
      'user.name=Bench',
      '-c',
      'user.email=bench@example.com',
      '-c',
      'gc.auto=0',
      ...args,
    ]);
  execFileSync('git', ['init', '--quiet', '-b', 'main', directory]);
  const write = (version: string): void => {
    for (let i = 0; i < files; i += 1) {
      const path = join(directory, `src/part${i % 50}/file${i}.js`);
      mkdirSync(dirname(path), { recursive: true });
      const body = Array.from(
        { length: lines },
        (_, line) => `export const value${line} = compute('${version}', ${i}, ${line});`,
      );
      writeFileSync(path, `// file ${i}\n${body.join('\n')}\n`);
    }
  };
  write('older');
  git('add', '.');
  git('commit', '--quiet', '-m', 'Older');
  git('checkout', '--quiet', '-b', 'change');
  write('newer');
  git('commit', '--quiet', '-am', 'Newer');
  return directory;
}

import pLimit from 'p-limit';
import parseDiff from 'parse-diff';
import type { Git } from '../../core/git.ts';
import { parseRawDiff, type RawChange } from '../../core/raw-diff.ts';
import { type Hunk, hunksOf } from '../shared/positions.ts';

/** https://docs.github.com/repositories/creating-and-managing-repositories/repository-limits#diff-limits */
const mostBytes = 500 * 1000;
const mostLines = 20_000;
/** https://docs.github.com/rest/pulls/pulls#list-pull-requests-files */
const mostFiles = 3000;

/**
 * The hunks that GitHub shows of the new side of `paths` in the pull request's diff. No name is ever read
 * out of a diff's text, where hostile ones are quoted and look like something else.
 */
export async function shownHunks(
  git: Git,
  from: string,
  to: string,
  paths: readonly string[],
): Promise<Map<string, Hunk[]>> {
  const raw = await git(['diff-tree', '-r', '-z', '-M', '--raw', from, to]);
  const wanted = new Set(paths);
  const changes = parseRawDiff(raw)
    .slice(0, mostFiles)
    .filter(({ path }) => wanted.has(path));
  const limit = pLimit(8);
  const entries = changes.map((change) =>
    limit(async () => [change.path, await hunksOfOne(git, from, to, change)] as const),
  );
  return new Map(await Promise.all(entries));
}

async function hunksOfOne(git: Git, from: string, to: string, change: RawChange): Promise<Hunk[]> {
  const { path, oldPath } = change;
  const specs = [path, ...(oldPath === undefined ? [] : [oldPath])].map((each) => `:(literal)${each}`);
  const options = ['-r', '-p', '-U3', '-M', '--no-color', '--no-ext-diff', '--no-textconv'];
  let text: string;
  try {
    const output = await git(['diff-tree', ...options, from, to, '--', ...specs], { maxBytes: mostBytes });
    // Only the hunks' headers count, so any encoding of the rest will do.
    text = output.toString('latin1');
  } catch {
    // Longer than GitHub would show.
    return [];
  }
  return text.split('\n').length > mostLines ? [] : hunksOf(parseDiff(text));
}

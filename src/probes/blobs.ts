import type { Git } from '../core/git.ts';

/** Larger files aren't read: no code that a person wrote is that long. */
const maxBlobBytes = 1024 * 1024;
/** What may be in memory at once; the files after it count as too large. */
const maxTotalBytes = 64 * 1024 * 1024;

export interface Blob {
  oid: string;
  size: number;
}

/**
 * The files that stand at `paths` in the tree of `commit`; what isn't there, or is no file, is left out.
 * @throws Error when git fails
 */
export async function findBlobs(
  git: Git,
  commit: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Blob>> {
  const asked = [...new Set(paths)];
  if (asked.length === 0) return new Map();
  const names = await Promise.all(asked.map((path) => nameOf(git, commit, path, signal)));
  const input = names.map((name) => `${name}\n`).join('');
  const answer = await git(['cat-file', '--batch-check'], { input, ...(signal && { signal }) });
  const lines = answer.toString('utf8').split('\n');
  const found = new Map<string, Blob>();
  for (const [index, path] of asked.entries()) {
    const match = /^([0-9a-f]{40,64}) blob (\d+)$/.exec(lines[index] ?? '');
    if (match) found.set(path, { oid: match[1]!, size: Number(match[2]) });
  }
  return found;
}

/**
 * As `findBlobs`, but through symbolic links that stay in the tree. A path that leads out of it is named as
 * `outside`: what a session read there, git can't show.
 * @throws Error when git fails
 */
export async function followBlobs(
  git: Git,
  commit: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, Blob | 'outside'>> {
  const asked = [...new Set(paths)].filter((path) => !path.includes('\n'));
  if (asked.length === 0) return new Map();
  const input = asked.map((path) => `${commit}:${path}\n`).join('');
  const answer = await git(['cat-file', '--batch-check', '--follow-symlinks'], {
    input,
    ...(signal && { signal }),
  });
  const found = new Map<string, Blob | 'outside'>();
  let at = 0;
  for (const path of asked) {
    const end = answer.indexOf(10, at);
    const line = answer.toString('utf8', at, end);
    at = end + 1;
    const blob = /^([0-9a-f]{40,64}) blob (\d+)$/.exec(line);
    if (blob) found.set(path, { oid: blob[1]!, size: Number(blob[2]) });
    // These are followed by a name of that many bytes.
    const other = /^(dangling|symlink|loop|notdir) (\d+)$/.exec(line);
    if (other) at += Number(other[2]) + 1;
    if (other?.[1] === 'symlink') found.set(path, 'outside');
  }
  return found;
}

/** Git reads one object a line: a path with a line end in it would be read as two, so its blob is named instead. */
async function nameOf(git: Git, commit: string, path: string, signal?: AbortSignal): Promise<string> {
  const name = `${commit}:${path}`;
  if (!path.includes('\n')) return name;
  const found = git(['rev-parse', '--verify', '--quiet', '--end-of-options', name], signal ? { signal } : {});
  return found.then(
    (oid) => oid.toString('utf8').trim(),
    () => `${commit}:`,
  );
}

/**
 * The texts of files in the tree of `commit`, by path. Left out is what `findBlobs` doesn't find and what is
 * larger than `maxBlobBytes`, or comes after so much that memory would not hold it.
 * @throws Error when git fails
 */
export async function readBlobs(
  git: Git,
  commit: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const found = await findBlobs(git, commit, paths, signal);
  const small = [...found].filter(([, { size }]) => size <= maxBlobBytes);
  const texts = await readTexts(
    git,
    small.map(([, blob]) => blob),
    signal,
  );
  return new Map(
    small.flatMap(([path, { oid }]) => {
      const text = texts.get(oid);
      return text === undefined ? [] : [[path, text] as const];
    }),
  );
}

/**
 * The texts of blobs by their names, as many from the first as memory holds.
 * @throws Error when git fails
 */
export async function readTexts(
  git: Git,
  blobs: readonly Blob[],
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const wanted = new Set<string>();
  let total = 0;
  for (const { oid, size } of blobs) {
    if (wanted.has(oid) || total + size > maxTotalBytes) continue;
    total += size;
    wanted.add(oid);
  }
  if (wanted.size === 0) return new Map();
  const answer = await git(['cat-file', '--batch'], {
    input: `${[...wanted].join('\n')}\n`,
    maxBytes: total + wanted.size * 200,
    ...(signal && { signal }),
  });
  const texts = new Map<string, string>();
  let at = 0;
  for (const oid of wanted) {
    const end = answer.indexOf(10, at);
    const size = Number(answer.toString('latin1', at, end).split(' ')[2]);
    texts.set(oid, answer.toString('utf8', end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return texts;
}

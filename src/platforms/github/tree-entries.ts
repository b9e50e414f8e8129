import { isUtf8 } from 'node:buffer';
import pLimit from 'p-limit';
import type { ChangedFile } from '../../core/document.ts';
import type { Git } from '../../core/git.ts';

/** One line of what POST git/trees is given: https://docs.github.com/rest/git/trees#create-a-tree */
type TreeEntry = { path: string; mode: FileMode; type: 'blob' } & (
  | { sha: string | null }
  | { content: string }
);

const modes = ['100644', '100755'] as const;
type FileMode = (typeof modes)[number];

/** A larger text is sent on its own, and so is all that no longer fits into one request. */
const longestInline = 64 * 1024;
const longestTogether = 4 * 1024 * 1024;

/** The first file that a commit through the API must not carry: a link or a submodule. */
export function findUnsupportedMode(files: readonly ChangedFile[]): ChangedFile | undefined {
  return files.find((file) => file.status !== 'D' && !isFileMode(file.newMode));
}

function isFileMode(mode: string): mode is FileMode {
  return (modes as readonly string[]).includes(mode);
}

/**
 * The changed files as entries over the base tree, their content taken from git's objects.
 * @param upload stores bytes as a blob and gives its id
 */
export async function treeEntries(
  git: Git,
  files: readonly ChangedFile[],
  upload: (bytes: Buffer) => Promise<string>,
): Promise<TreeEntry[]> {
  let together = 0;
  const limit = pLimit(4);
  const entry = async ({ path, status, newMode, oid }: ChangedFile): Promise<TreeEntry> => {
    // The mode of what goes away doesn't matter, but the API insists on one.
    if (status === 'D') return { path, mode: '100644', type: 'blob', sha: null };
    const mode = isFileMode(newMode) ? newMode : '100644';
    const bytes = await git(['cat-file', 'blob', oid]);
    if (isPlainText(bytes) && together + bytes.length <= longestTogether) {
      together += bytes.length;
      return { path, mode, type: 'blob', content: bytes.toString('utf8') };
    }
    return { path, mode, type: 'blob', sha: await upload(bytes) };
  };
  return Promise.all(files.map((file) => limit(entry, file)));
}

/** Whether the bytes come through JSON and GitHub unchanged. */
function isPlainText(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes.length <= longestInline && isUtf8(bytes) && !bytes.includes(0);
}

import { git, tryGit } from './git.ts';
import type { Side } from './types.ts';

export interface FileChange {
  filename: string;
  previous: string | undefined;
  status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed';
  sha: string;
  additions: number;
  deletions: number;
  /** The hunks, as GitHub shows them; undefined for a binary file and where nothing but name or mode changed. */
  patch: string | undefined;
}

const statuses: Record<string, FileChange['status']> = {
  A: 'added',
  D: 'removed',
  M: 'modified',
  R: 'renamed',
  C: 'copied',
  T: 'changed',
};

const cache = new Map<string, Promise<FileChange[]>>();

/** Where two commits part, or undefined if they share nothing. */
export async function mergeBase(path: string, a: string, b: string): Promise<string | undefined> {
  const { stdout } = await tryGit(path, ['merge-base', a, b]);
  return stdout.toString().trim() || undefined;
}

/** What changed between two commits, file by file; the same two are compared once. */
export function changes(path: string, from: string, to: string): Promise<FileChange[]> {
  const key = `${path} ${from} ${to}`;
  let known = cache.get(key);
  if (!known) {
    known = readChanges(path, from, to);
    cache.set(key, known);
  }
  return known;
}

async function readChanges(path: string, from: string, to: string): Promise<FileChange[]> {
  const options = [
    'diff-tree',
    '-r',
    '-M',
    '--no-ext-diff',
    '--no-textconv',
    '--full-index',
    '--no-commit-id',
  ];
  const [raw, text] = await Promise.all([
    git(path, [...options, '-z', '--raw', '--numstat', from, to]),
    git(path, [...options, '-p', '-U3', from, to]),
  ]);
  // Not by /^/m: a line of a file may hold a carriage return and then anything.
  const sections = text.toString().split(/\n(?=diff --git )/);
  const fields = raw.toString().split('\0');
  const files = readRaw(fields);
  readNumbers(fields, files);
  for (const file of files) {
    // A change of type is told as a removal and an addition.
    const own = sections.splice(0, file.status === 'changed' ? 2 : 1);
    const hunks = own.map((section) => {
      const start = section.indexOf('\n@@ ');
      return start < 0 ? '' : section.slice(start + 1).replace(/\n$/, '');
    });
    file.patch = hunks.filter(Boolean).join('\n') || undefined;
  }
  return files;
}

// ":100644 100644 OLD NEW M" NUL "name" NUL, with two names for a rename.
function readRaw(fields: string[]): FileChange[] {
  const files: FileChange[] = [];
  while (fields[0]?.startsWith(':')) {
    const [, , old = '', sha = '', letters = ''] = fields.shift()!.split(' ');
    const status = statuses[letters[0] ?? ''] ?? 'modified';
    const first = fields.shift() ?? '';
    const moved = status === 'renamed' || status === 'copied';
    files.push({
      filename: moved ? (fields.shift() ?? '') : first,
      previous: moved ? first : undefined,
      status,
      sha: status === 'removed' ? old : sha,
      additions: 0,
      deletions: 0,
      patch: undefined,
    });
  }
  return files;
}

// "1\t2\tname" NUL, and for a rename "1\t2\t" NUL "old" NUL "new" NUL.
function readNumbers(fields: string[], files: FileChange[]): void {
  const byName = new Map(files.map((file) => [file.filename, file]));
  while (fields[0]) {
    const [added = '', deleted = '', ...rest] = fields.shift()!.split('\t');
    let name = rest.join('\t');
    if (name === '') {
      fields.shift();
      name = fields.shift() ?? '';
    }
    const file = byName.get(name);
    if (file) {
      file.additions = Number(added) || 0;
      file.deletions = Number(deleted) || 0;
    }
  }
}

export interface Hunk {
  header: string;
  lines: { text: string; left: number | undefined; right: number | undefined }[];
}

/** The hunks of a patch, with the numbers its lines have on either side. */
export function hunks(patch: string): Hunk[] {
  const found: Hunk[] = [];
  let left = 0;
  let right = 0;
  for (const text of patch.split('\n')) {
    const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
    if (header) {
      left = Number(header[1]);
      right = Number(header[2]);
      found.push({ header: text, lines: [] });
      continue;
    }
    const lines = found.at(-1)?.lines;
    if (text.startsWith('+')) lines?.push({ text, left: undefined, right: right++ });
    else if (text.startsWith('-')) lines?.push({ text, left: left++, right: undefined });
    else if (!text.startsWith('\\')) lines?.push({ text, left: left++, right: right++ });
  }
  return found;
}

/** The hunk that holds a line on a side. */
export function hunkAt(found: readonly Hunk[], line: number, side: Side): Hunk | undefined {
  const key = side === 'LEFT' ? 'left' : 'right';
  return found.find((hunk) => hunk.lines.some((item) => item[key] === line));
}

/** A hunk down to a line, which is what GitHub shows above a review comment. */
export function hunkDownTo(hunk: Hunk, line: number, side: Side): string {
  const key = side === 'LEFT' ? 'left' : 'right';
  const end = hunk.lines.findIndex((item) => item[key] === line);
  return [hunk.header, ...hunk.lines.slice(0, end + 1).map((item) => item.text)].join('\n');
}

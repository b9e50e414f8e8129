import { type RawChange, readRawDiff } from '../core/raw-diff.ts';

/** One file of a difference between two commits. */
export interface Change extends RawChange {
  /** Lines; both 0 for a binary file. */
  additions: number;
  deletions: number;
  binary: boolean;
  /** Git's text for this file, with its headers; a change of type has two. */
  patch: Buffer;
}

/** What `parseChanges` reads, for two commits put behind it. */
export const diffArguments: readonly string[] = [
  '-c',
  'core.quotePath=false',
  'diff',
  '--raw',
  '--numstat',
  '-z',
  '-p',
  '-M',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--full-index',
  '--submodule=short',
];

/** The same without the text of the hunks, for a difference too large to be read. */
export const summaryArguments: readonly string[] = diffArguments.filter((argument) => argument !== '-p');

const header = Buffer.from('diff --git ');
const nextHeader = Buffer.from('\ndiff --git ');

/**
 * The files in the output of `git diff` with `diffArguments`. Names come from the NUL-separated records alone,
 * never from the text of a patch; patches stand in the records' order.
 * @throws Error when the records aren't what git writes
 */
export function parseChanges(output: Buffer): Change[] {
  const raw = readRawDiff(output);
  if (raw.end === 0 && output.length > 0) throw new Error('git diff wrote something that is no record');
  const reader = { output, at: raw.end };
  const changes = raw.changes.map(
    (change): Change => ({ ...change, additions: 0, deletions: 0, binary: false, patch: Buffer.alloc(0) }),
  );
  for (const change of changes) readCounts(reader, change);
  if (output[reader.at] === 0) reader.at += 1;
  const patches = split(output.subarray(reader.at));
  const expected = changes.reduce((sum, { status }) => sum + sections(status), 0);
  if (patches.length !== expected) {
    if (patches.length === 0) return changes;
    throw new Error(`git diff wrote ${patches.length} patches for ${changes.length} changed files`);
  }
  let next = 0;
  for (const change of changes) {
    const own = patches.slice(next, next + sections(change.status));
    change.patch = own.length === 1 ? own[0]! : Buffer.concat(own);
    next += own.length;
  }
  return changes;
}

/** A file that becomes a link, or the other way round, is written as one deleted and one added. */
function sections(status: Change['status']): number {
  return status === 'T' ? 2 : 1;
}

interface Reader {
  output: Buffer;
  at: number;
}

function readField(reader: Reader): string {
  const end = reader.output.indexOf(0, reader.at);
  if (end < 0) throw new Error('git diff ended in the middle of a record');
  const field = reader.output.toString('utf8', reader.at, end);
  reader.at = end + 1;
  return field;
}

function readCounts(reader: Reader, change: Change): void {
  const field = readField(reader);
  const [additions, deletions] = field.split('\t', 2);
  if (field.endsWith('\t')) {
    readField(reader);
    readField(reader);
  }
  change.binary = additions === '-';
  change.additions = change.binary ? 0 : Number(additions);
  change.deletions = change.binary ? 0 : Number(deletions);
}

/** Each line of content has a sign before it, so that only a header can start with `diff --git`. */
function split(text: Buffer): Buffer[] {
  if (!text.subarray(0, header.length).equals(header)) return [];
  const parts: Buffer[] = [];
  for (let start = 0; start < text.length; ) {
    const next = text.indexOf(nextHeader, start);
    const end = next < 0 ? text.length : next + 1;
    parts.push(text.subarray(start, end));
    start = end;
  }
  return parts;
}

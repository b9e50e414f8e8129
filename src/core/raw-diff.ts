/** One record of `git diff --raw`. */
export interface RawChange {
  status: 'A' | 'C' | 'D' | 'M' | 'R' | 'T' | 'U' | 'X';
  path: string;
  /** Where it stood before, for a copy or a rename. */
  oldPath?: string;
  oldMode: string;
  newMode: string;
  oid: string;
}

const colon = 0x3a;
const record = /^:([0-7]{6}) ([0-7]{6}) [0-9a-f]{4,64} ([0-9a-f]{4,64}) (?:([ADMTUX])|([CR])\d{3})$/;

/**
 * The records that `git diff --raw -z` or `git diff-tree -r --raw -z` wrote: modes, names of objects and status,
 * then one path, or two for a copy or a rename, each with a NUL at its end. It is field by field that no name can
 * be taken for anything else.
 * @throws Error when it holds anything that git doesn't write
 */
export function parseRawDiff(output: Buffer): RawChange[] {
  const { changes, end } = readRawDiff(output);
  if (end !== output.length) throw new Error('git diff wrote something that is no record');
  return changes;
}

/** The same at the start of an output that goes on, and where that is. */
export function readRawDiff(output: Buffer): { changes: RawChange[]; end: number } {
  const changes: RawChange[] = [];
  let at = 0;
  const readField = (): string => {
    const end = output.indexOf(0, at);
    if (end < 0) throw new Error('git diff ended in the middle of a record');
    const field = output.toString('utf8', at, end);
    at = end + 1;
    return field;
  };
  const readPath = (): string => {
    const path = readField();
    if (path === '') throw new Error('git diff wrote a record without a path');
    return path;
  };
  while (output[at] === colon) {
    const match = record.exec(readField());
    if (!match) throw new Error('git diff wrote a record that is not one');
    const [, oldMode = '', newMode = '', oid = '', plain, moved] = match;
    const oldPath = moved && readPath();
    changes.push({
      status: (moved ?? plain) as RawChange['status'],
      path: readPath(),
      ...(oldPath && { oldPath }),
      oldMode,
      newMode,
      oid,
    });
  }
  return { changes, end: at };
}

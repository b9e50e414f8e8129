import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../core/outcome.ts';

/** A directory for one run, whose path is short enough for the unix sockets in it: 107 bytes. */
export async function makeScratch(): Promise<string> {
  const short = Buffer.byteLength(tmpdir()) <= 70 ? tmpdir() : '/tmp';
  try {
    return await mkdtemp(join(short, 'countersign-'));
  } catch (error) {
    throw new Fault(
      `The directory for temporary files can't be used: ${(error as Error).message}. Set TMPDIR to another one.`,
    );
  }
}

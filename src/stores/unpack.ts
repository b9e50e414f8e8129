import { unzipSync } from 'fflate';
import { isFileName } from '../core/document.ts';

/** A ledger holds tens of documents; whatever claims more is no ledger. */
const mostFiles = 2000;
const mostBytes = 128 * 1024 * 1024;

/**
 * The documents in a zipped ledger, by name. The archive comes from another job and is as hostile as any
 * file: no other names, no folders, no links, and no more than it may weigh when unpacked.
 * @throws Error with one line when the archive is broken, or too large
 */
export function unpackLedger(archive: Uint8Array): Map<string, Uint8Array> {
  let files = 0;
  let bytes = 0;
  const entries = unzipSync(archive, {
    filter: ({ name, originalSize }) => {
      if (!isFileName(name))
        throw new Error(`it holds ${JSON.stringify(name.slice(0, 100))}, which is no document`);
      files += 1;
      bytes += originalSize;
      if (files > mostFiles || bytes > mostBytes) throw new Error('it is too large for a ledger');
      return true;
    },
  });
  return new Map(Object.entries(entries));
}

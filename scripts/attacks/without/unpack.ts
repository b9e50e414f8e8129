import { unzipSync } from 'fflate';
import type * as real from '../../../src/stores/unpack.ts';

export const unpackLedger: typeof real.unpackLedger = (archive) =>
  new Map(Object.entries(unzipSync(archive)));

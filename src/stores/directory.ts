import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode, fileName, isFileName } from '../core/document.ts';
import { verify } from '../core/ledger.ts';
import type { Store } from '../core/store.ts';

/** The store in `directory`, one file a document; it is made when something is saved. */
export function openStore(directory: string): Store {
  let saved = 0;
  return {
    directory,
    load: async () => {
      const names = (await readdir(directory).catch(() => [])).filter(isFileName).sort();
      const documents = await Promise.all(
        names.map(async (name) => decode(await readFile(join(directory, name), 'utf8'))),
      );
      saved = documents.length;
      return verify(documents);
    },
    save: async (ledger) => {
      await mkdir(directory, { recursive: true });
      for (const document of ledger.slice(saved)) {
        const path = join(directory, fileName(document));
        // A crash leaves the document whole or not at all.
        await writeFile(`${path}.part`, encode(document));
        await rename(`${path}.part`, path);
        saved += 1;
      }
    },
  };
}

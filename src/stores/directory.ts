import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, decode, encode } from '../core/document.ts';
import { type Ledger, verify } from '../core/ledger.ts';

const fileOf = (document: Document): string => `${String(document.seq).padStart(4, '0')}-${document.kind}.md`;

/** A ledger as a directory: one file a document, in the order of their names. */
export interface Store {
  directory: string;
  /**
   * The ledger that is there, empty where there is none.
   * @throws Error with one line when a document is damaged or the chain is broken
   */
  load(): Promise<Ledger>;
  /** Writes what has been added since `load` or the last `save`. */
  save(ledger: Ledger): Promise<void>;
}

/** The store in `directory`, which is made when something is saved. */
export function openStore(directory: string): Store {
  let saved = 0;
  return {
    directory,
    load: async () => {
      const names = (await readdir(directory).catch(() => []))
        .filter((name) => /^\d{4}-[a-z]+\.md$/.test(name))
        .sort();
      const documents = await Promise.all(
        names.map(async (name) => decode(await readFile(join(directory, name), 'utf8'))),
      );
      saved = documents.length;
      return verify(documents);
    },
    save: async (ledger) => {
      await mkdir(directory, { recursive: true });
      for (const document of ledger.slice(saved)) {
        const path = join(directory, fileOf(document));
        // A crash leaves the document whole or not at all.
        await writeFile(`${path}.part`, encode(document));
        await rename(`${path}.part`, path);
        saved += 1;
      }
    },
  };
}

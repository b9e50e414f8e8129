import type { Ledger } from './ledger.ts';

/** Where a ledger lives. */
export interface Store {
  /** What a person is told of the place. */
  directory: string;
  /**
   * The ledger that is there, empty where there is none.
   * @throws Error with one line when a document is damaged or the chain is broken
   */
  load(): Promise<Ledger>;
  /** Writes what has been added since `load` or the last `save`. */
  save(ledger: Ledger): Promise<void>;
}

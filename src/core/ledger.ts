import { check, type Document, type Draft, digestOf, type Kind, origin } from './document.ts';

/** The documents of one task, in order, each carrying the digest of the one before it. */
export type Ledger = readonly Document[];

/** What a session of a class may never add: it would sign its own work, or write what it judges. */
const forbidden: Record<'generator' | 'reviewer', readonly Kind[]> = {
  generator: ['findings', 'verdict', 'approval', 'answer', 'receipt'],
  reviewer: ['patch', 'verdict', 'approval', 'answer', 'receipt'],
};

/**
 * `ledger` with `draft` at its end.
 * @param at the clock's reading, injected so that the same run gives the same ledger
 * @throws Error when the draft does not fit its kind, is no task at the start (or one later), or is of a
 * kind that a session of the task's class may not add
 */
export function append(ledger: Ledger, draft: Draft, at: Date): Ledger {
  const last = ledger.at(-1);
  const placed = {
    ...draft,
    body: draft.body ?? '',
    seq: ledger.length + 1,
    at: at.toISOString(),
    prev: last?.digest ?? origin,
  };
  const document = check({ ...placed, digest: origin });
  const complete = { ...document, digest: digestOf(document) };
  admit(ledger, complete);
  return [...ledger, complete];
}

/**
 * `documents` as a ledger.
 * @throws Error naming the first document that is out of place: any edit, reordering, or removal but from
 * the end breaks a link
 */
export function verify(documents: readonly Document[]): Ledger {
  const ledger: Document[] = [];
  for (const document of documents) {
    const last = ledger.at(-1);
    if (document.seq !== ledger.length + 1)
      throw new Error(`document ${document.seq} stands at place ${ledger.length + 1}`);
    if (document.prev !== (last?.digest ?? origin))
      throw new Error(`document ${document.seq} does not follow the one before it`);
    if (document.digest !== digestOf(document))
      throw new Error(`document ${document.seq} does not carry its own digest`);
    admit(ledger, document);
    ledger.push(document);
  }
  return ledger;
}

function admit(ledger: Ledger, document: Document): void {
  const first = ledger[0];
  if ((first === undefined) !== (document.kind === 'task'))
    throw new Error('a ledger starts with its one task');
  if (first?.kind !== 'task' || !document.by.startsWith('session:')) return;
  if (forbidden[first.class].includes(document.kind)) {
    throw new Error(`a ${first.class}'s session may not add a ${document.kind}`);
  }
}

/** The task that the ledger is about. */
export function taskOf(ledger: Ledger): Document<'task'> {
  const first = ledger[0];
  if (first?.kind !== 'task') throw new Error('a ledger starts with its one task');
  return first;
}

/** Every document of one kind, oldest first. */
export function all<K extends Kind>(ledger: Ledger, kind: K): Document<K>[] {
  return ledger.filter((document): document is Document<K> => document.kind === kind);
}

/** The newest document of one kind. */
export function newest<K extends Kind>(ledger: Ledger, kind: K): Document<K> | undefined {
  return all(ledger, kind).at(-1);
}

type ProbeName = Document<'facts'>['probe'];

/** The newest facts of one probe. */
export function newestFacts<P extends ProbeName>(
  ledger: Ledger,
  probe: P,
): Extract<Document<'facts'>, { probe: P }> | undefined {
  return all(ledger, 'facts')
    .filter((facts): facts is Extract<Document<'facts'>, { probe: P }> => facts.probe === probe)
    .at(-1);
}

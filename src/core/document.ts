import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { providers } from './access.ts';
import { digest } from './digest.ts';
import { effect } from './effect.ts';
import { finding, repositoryPath, severities } from './finding.ts';
import { outcomes, stageOutcomes } from './outcome.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** An object name of git: SHA-1, or SHA-256 in a repository that uses it. */
export const sha = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/);
const text = (max: number) => z.string().max(max);
const count = z.int().nonnegative();

/** Stands as `prev` in the first document of a ledger. */
export const origin = '0'.repeat(64);

const header = {
  seq: z.int().positive(),
  at: z.iso.datetime(),
  /** Who added it: `event`, `run`, `probe:NAME`, `session:ID`, `policy` or `platform:NAME`. */
  by: z.string().regex(/^(event|run|policy|probe:[\w-]+|session:[\w-]+|platform:[\w-]+|person:[\w\-[\]]+)$/),
  stage: z.string().optional(),
  attempt: z.int().positive().optional(),
  /** Set on the one document that ends an attempt of a stage. */
  outcome: z.enum(stageOutcomes).optional(),
  body: z.string(),
  prev: hash,
  digest: hash,
};

/** A test that failed, as the runner names it. */
const failingTest = z.object({
  name: text(1000),
  file: text(4096).optional(),
  message: text(8000).optional(),
});
export type FailingTest = z.infer<typeof failingTest>;

/** How many hidden characters were written out or removed before a session was shown the text. */
const hidden = count.optional();

const testRun = {
  command: text(4000),
  exitCode: z.int().nullable(),
  timedOut: z.boolean(),
  seconds: z.number().nonnegative(),
  /** `report` when the runner wrote the tests by name, `log` when only the exit code and the output are. */
  source: z.enum(['report', 'log']),
  hidden,
  passed: count,
  failing: z.array(failingTest).max(500),
};

const changedFile = z.object({
  path: repositoryPath,
  status: z.enum(['A', 'D', 'M', 'T']),
  oldMode: z.string().regex(/^\d{6}$/),
  newMode: z.string().regex(/^\d{6}$/),
  oid: sha,
});
export type ChangedFile = z.infer<typeof changedFile>;

const tampering = z.object({
  path: repositoryPath,
  what: z.enum(['deleted', 'skipped', 'weakened', 'unproven']),
  detail: text(1000),
});
export type IntegrityFault = z.infer<typeof tampering>;

/** A host that the setup command asked for, and what came of it. */
const requestedHost = z.object({
  host: text(260),
  came: z.enum([
    'reached',
    'not-allowed',
    'not-443',
    'not-public',
    'not-its-name',
    'unreachable',
    'too-much',
  ]),
  times: count,
  bytes: count,
});
export type RequestedHost = z.infer<typeof requestedHost>;

const facts = z.discriminatedUnion('probe', [
  z.object({
    probe: z.literal('setup'),
    command: text(4000),
    exitCode: z.int().nullable(),
    timedOut: z.boolean(),
    seconds: z.number().nonnegative(),
    /** False without a sandbox: nothing then stood between the command and the network, or saw what it did. */
    watched: z.boolean(),
    hosts: z.array(requestedHost).max(100),
  }),
  z.object({ probe: z.literal('tests'), ...testRun }),
  z.object({ probe: z.literal('prove'), ...testRun, tampered: z.array(tampering).max(200) }),
  z.object({
    probe: z.literal('diff'),
    files: count,
    additions: count,
    deletions: count,
    binary: count,
    ignored: count,
    hidden,
    /** Bytes of the diff that the session is shown; the rest it can read in the tree. */
    shownBytes: count,
    totalBytes: count,
  }),
  /** A session that made no document: why is in `reason`, and never a pass. */
  z.object({ probe: z.literal('session'), reason: text(2000) }),
]);

const tokens = z.object({ input: count, output: count, cacheRead: count, cacheWrite: count });
export type Tokens = z.infer<typeof tokens>;

/** One request to the model and what came of it, as the gateway saw it: the report's timeline. */
const turn = z.object({
  at: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  status: z.int(),
  stop: text(40).optional(),
  tokens,
  text: text(4000).optional(),
  tools: z.array(
    z.object({
      name: text(128),
      input: text(2000),
      result: text(2000).optional(),
      error: z.boolean().optional(),
    }),
  ),
});
export type Turn = z.infer<typeof turn>;

/** One thing that a session was shown, by digest: law 7. */
const seen = z.object({ what: text(200), digest: hash, bytes: count });
export type Seen = z.infer<typeof seen>;

const kinds = {
  task: z.object({
    id: z.string().regex(/^[0-9a-f]{20}$/),
    agent: text(100),
    class: z.enum(['generator', 'reviewer']),
    repository: text(300),
    /** `pull/12`, or `local`. */
    subject: text(300),
    event: text(100),
    /** Where the rules come from: the tip of the base branch at the event. */
    base: sha,
    /** What is judged. */
    head: sha,
    /** What the diff starts from. */
    mergeBase: sha,
    baseRef: text(300),
    headRef: text(300),
    pull: z.int().positive().optional(),
    /** `owner/name` the head lives in; another one than `repository` for a fork. */
    headRepository: text(300),
  }),
  plan: z.object({ title: text(200) }),
  facts,
  findings: z.object({
    findings: z.array(finding).max(200),
    /** Set by the anchor probe; before it, the quotes are unproven. */
    anchored: z.boolean(),
    moved: count,
    dropped: count,
    /** Of those dropped, the ones whose quote could not be checked: nobody knows whether they are right. */
    lost: z
      .array(z.object({ severity: z.enum(severities), why: text(1000) }))
      .max(200)
      .optional(),
  }),
  patch: z.object({
    title: text(200),
    summary: text(8000),
    base: sha,
    tree: sha,
    files: z.array(changedFile).max(3000),
    /** The body is a `git diff --binary --full-index`; base64 where it is not UTF-8. */
    encoding: z.enum(['utf8', 'base64']),
  }),
  verdict: z.object({
    verdict: z.enum(outcomes),
    reasons: z.array(text(2000)).max(100),
    risk: z.object({ level: z.enum(['low', 'medium', 'high']), reasons: z.array(text(500)).max(50) }),
    effects: z.array(effect).max(20),
  }),
  question: z.object({ to: text(100) }),
  answer: z.object({ to: hash }),
  approval: z.object({ of: hash }),
  intent: z.object({ effect }),
  receipt: z.object({
    key: text(100),
    /** `already`: an earlier run did it; `stale`: the head has moved; `refused`: the platform or a rule says no. */
    status: z.enum(['done', 'already', 'stale', 'refused', 'failed']),
    reference: text(2000).optional(),
    detail: text(2000).optional(),
  }),
  usage: z.object({
    // An output of the action, which a workflow may put into a command.
    session: z.string().regex(/^[\w-]{1,100}$/),
    engine: text(40),
    model: text(200),
    provider: z.enum(providers).optional(),
    ended: z.enum(['done', 'timeout', 'budget', 'aborted', 'crashed', 'refused', 'max-tokens', 'api-error']),
    detail: text(2000).optional(),
    requests: count,
    tokens,
    costUsd: z.number().nonnegative(),
    seconds: z.number().nonnegative(),
    hidden,
    manifest: z.array(seen).max(2000),
    turns: z.array(turn).max(2000),
  }),
} as const;

export type Kind = keyof typeof kinds;
export const documentKinds = Object.keys(kinds) as Kind[];

type Header = z.infer<z.ZodObject<typeof header>>;
type Front = { [K in Kind]: z.infer<(typeof kinds)[K]> };

/** A document of kind `K`: its front matter, its Markdown body, and its place in the chain. */
export type Document<K extends Kind = Kind> = K extends Kind ? { kind: K } & Front[K] & Header : never;

/** A document before the ledger has given it a place. */
export type Draft<K extends Kind = Kind> = K extends Kind
  ? { kind: K } & Front[K] & Omit<Header, 'seq' | 'at' | 'prev' | 'digest' | 'body'> & { body?: string }
  : never;

const schemas = Object.fromEntries(
  documentKinds.map((kind) => {
    const place = z.object({ kind: z.literal(kind), ...header });
    return [kind, z.intersection(kinds[kind], place)];
  }),
);

/**
 * Strings are plain or quoted as in JSON: the block and folded styles lose some runs of spaces and newlines,
 * and a document that can't be read back would cost the whole ledger.
 */
const yamlOptions = {
  lineWidth: 0,
  aliasDuplicateObjects: false,
  blockQuote: false,
  doubleQuotedAsJSON: true,
} as const;

function render(document: Record<string, unknown>, body: string): string {
  return `---\n${stringify(document, yamlOptions)}---\n${body}`;
}

/** The digest that a document must carry: over its text with everything but the digest itself. */
export function digestOf(document: Omit<Document, 'digest'>): string {
  const { body, digest: _, ...front } = document as Document;
  return digest(render(front, body));
}

/** The one text of a document: YAML front matter between two `---` lines, then the body as it is. */
export function encode(document: Document): string {
  const { body, digest: own, ...front } = document;
  return render({ ...front, digest: own }, body);
}

/** The name of a document's file, wherever a ledger is kept as files: in the order of their names. */
export function fileName({ seq, kind }: Pick<Document, 'seq' | 'kind'>): string {
  return `${String(seq).padStart(4, '0')}-${kind}.md`;
}

/** Whether a file of that name can be a document. */
export function isFileName(name: string): boolean {
  return /^\d{4}-[a-z]+\.md$/.test(name);
}

/**
 * The document in `text`.
 * @throws Error with one line when the text has no front matter, fails its kind's schema, carries a digest
 * that is not its own, or is not byte for byte what `encode` writes, so that no two texts mean one document.
 */
export function decode(text: string): Document {
  const end = text.indexOf('\n---\n', 3);
  if (!text.startsWith('---\n') || end < 0)
    throw new Error('a document starts with front matter between --- lines');
  const front = parseFront(text.slice(4, end + 1));
  const document = check({ ...front, body: text.slice(end + 5) });
  if (document.digest !== digestOf(document))
    throw new Error(`document ${document.seq} does not carry its own digest`);
  if (encode(document) !== text) throw new Error(`document ${document.seq} is not in canonical form`);
  return document;
}

/**
 * `value` as a document of the kind it names.
 * @throws Error naming the kind and the first field that does not fit.
 */
export function check(value: Record<string, unknown>): Document {
  const kind = documentKinds.find((known) => known === value.kind);
  const schema = kind && schemas[kind];
  if (!schema) throw new Error(`unknown kind of document: ${JSON.stringify(value.kind)?.slice(0, 100)}`);
  const result = schema.safeParse(value);
  if (result.success) return result.data as Document;
  const issue = result.error.issues[0]!;
  throw new Error(`${String(value.kind)}: ${issue.path.join('.') || 'front matter'}: ${issue.message}`);
}

function parseFront(source: string): Record<string, unknown> {
  // No anchors: an alias bomb in a hostile document would be expanded before any schema saw it.
  const value: unknown = parse(source, { maxAliasCount: 0 });
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('front matter is not a map');
  return value as Record<string, unknown>;
}

import { createHash } from 'node:crypto';
import { blocksOf } from './read.ts';
import type { Block, Body, Usage } from './types.ts';

// The API looks this many blocks back from a breakpoint for a prefix that it has seen.
const LOOKBACK = 20;

type Part = { block: Block; where: string };
type Segment = { hash: string; tokens: number; ttl?: '5m' | '1h' };

/** About four characters make a token. */
export const tokensOf = (value: unknown): number => Math.ceil((JSON.stringify(value) ?? '').length / 4);

/** A value without any `cache_control` of its own or of the blocks in it. */
export function withoutCacheControl<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutCacheControl) as T;
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== 'cache_control');
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutCacheControl(item)])) as T;
}

/** What is wrong with the request's cache breakpoints, in the API's words. */
export function breakpointProblems(body: Body): string[] {
  const marked = partsOf(body).flatMap(nested).filter(hasMark);
  const problems: string[] = [];
  const count = marked.length + (isSet(body.cache_control) ? 1 : 0);
  if (count > 4) problems.push(`A maximum of 4 blocks with cache_control may be provided. Found ${count}.`);
  let short = false;
  for (const { block, where } of marked) {
    problems.push(...markProblems(block.cache_control, `${where}.cache_control`));
    if (block.type === 'text' && block.text === '') {
      problems.push(`${where}.text: cache_control cannot be set for empty text blocks`);
    }
    if (block.type === 'thinking' || block.type === 'redacted_thinking') {
      problems.push(`${where}.${block.type}.cache_control: Extra inputs are not permitted`);
    }
    const ttl = ttlOf(block.cache_control);
    if (ttl === '1h' && short) problems.push(outOfOrder(`${where}.cache_control.ttl`));
    short ||= ttl === '5m';
  }
  if (isSet(body.cache_control)) {
    problems.push(...markProblems(body.cache_control, 'cache_control'));
    if (ttlOf(body.cache_control) === '1h' && short) problems.push(outOfOrder('cache_control.ttl'));
  }
  return problems;
}

/** Counts tokens as the API would, remembering over requests which prefixes are cached. */
export function startCache(): { count: (body: Body, output: unknown) => Usage } {
  const cached = new Set<string>();
  return {
    count(body, output) {
      const segments = segmentsOf(body);
      const marks = segments.flatMap((segment, at) => (segment.ttl ? [at] : []));
      const last = marks.at(-1) ?? -1;
      const read = Math.max(-1, ...marks.map((mark) => longest(segments, mark, cached)));
      const sum = (from: number, to: number): number =>
        segments.slice(from, to).reduce((total, segment) => total + segment.tokens, 0);
      const hour = marks.findLast((mark) => segments[mark]?.ttl === '1h') ?? -1;
      const ofHour = sum(read + 1, hour + 1);
      const written = sum(read + 1, last + 1);
      for (const mark of marks) cached.add(segments[mark]!.hash);
      return {
        input_tokens: sum(last + 1, segments.length),
        output_tokens: tokensOf(output),
        cache_creation_input_tokens: written,
        cache_read_input_tokens: sum(0, read + 1),
        cache_creation: { ephemeral_5m_input_tokens: written - ofHour, ephemeral_1h_input_tokens: ofHour },
      };
    },
  };
}

function longest(segments: Segment[], mark: number, cached: Set<string>): number {
  for (let at = mark; at >= 0 && at > mark - LOOKBACK; at--) {
    if (cached.has(segments[at]!.hash)) return at;
  }
  return -1;
}

function segmentsOf(body: Body): Segment[] {
  let hash = body.model;
  const segments = partsOf(body).map((part): Segment => {
    const bare = JSON.stringify(withoutCacheControl(part.block));
    hash = createHash('sha256').update(hash).update(part.where.split('.')[0]!).update(bare).digest('hex');
    const mark = nested(part).findLast(hasMark);
    const tokens = Math.ceil(bare.length / 4);
    return mark ? { hash, tokens, ttl: ttlOf(mark.block.cache_control) } : { hash, tokens };
  });
  const end = segments.at(-1);
  if (end && isSet(body.cache_control)) end.ttl ??= ttlOf(body.cache_control);
  return segments;
}

// The API's order of the prefix: tools, then the system prompt, then the messages.
function partsOf(body: Body): Part[] {
  return [
    ...(body.tools ?? []).map((block, at) => ({ block, where: `tools.${at}` })),
    ...blocksOf(body.system).map((block, at) => ({ block, where: `system.${at}` })),
    ...(body.messages ?? []).flatMap((message, at) =>
      blocksOf(message.content).map((block, n) => ({ block, where: `messages.${at}.content.${n}` })),
    ),
  ];
}

function nested(part: Part): Part[] {
  const inner = part.block?.type === 'tool_result' ? part.block.content : undefined;
  if (!Array.isArray(inner)) return [part];
  return [...inner.map((block: Block, n) => ({ block, where: `${part.where}.content.${n}` })), part];
}

const isSet = (mark: unknown): boolean => mark !== undefined && mark !== null;

const hasMark = (part: Part): boolean => isSet(part.block?.cache_control);

const ttlOf = (mark: unknown): '5m' | '1h' => ((mark as { ttl?: string }).ttl === '1h' ? '1h' : '5m');

function markProblems(mark: unknown, where: string): string[] {
  const { type, ttl } = mark as { type?: unknown; ttl?: unknown };
  const problems: string[] = [];
  if (type !== 'ephemeral') problems.push(`${where}.type: Input should be 'ephemeral'`);
  if (ttl !== undefined && ttl !== '5m' && ttl !== '1h') {
    problems.push(`${where}.ttl: Input should be '5m' or '1h'`);
  }
  return problems;
}

const outOfOrder = (where: string): string =>
  `${where}: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. ` +
  'Note that blocks are processed in the following order: `tools`, `system`, `messages`.';

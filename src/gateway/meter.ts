import { noTokens, type Remaining, total } from '../core/budget.ts';
import type { Tokens } from '../core/document.ts';
import type { Reply } from './usage-stream.ts';

/** What a session has used so far. */
export interface Used {
  requests: number;
  tokens: Tokens;
  costUsd: number;
}

export type Limit = 'max-turns' | 'max-tokens' | 'max-cost-usd';

/** What a request may use at most; charged where the API never said what it did use. */
export interface Reservation {
  /** Priced as written to the cache. */
  input: number;
  output: number;
}

/** Fewer than text and code have, so that an input is hardly ever taken for less than it is. */
const bytesPerToken = 3;

/** The shortest reply that is of any use. */
const smallestReply = 16;

/**
 * What a request of `bytes` that asks for `asked` tokens gets, or the limit that it would overrun: what is
 * left in tokens and money has to cover its input and a reply, before anything is sent.
 */
export function reserve(
  bytes: number,
  asked: unknown,
  used: Used,
  limits: Remaining,
  costUsd: (tokens: Tokens) => number,
): Reservation | Limit {
  if (used.requests >= limits.turns) return 'max-turns';
  const input = Math.ceil(bytes / bytesPerToken);
  const byTokens = limits.tokens - total(used.tokens) - input;
  // Which part of an input is written to the cache is not known before; that is the dearest.
  const money = limits.costUsd - used.costUsd - costUsd({ ...noTokens, cacheWrite: input });
  const byMoney = Math.floor(money / costUsd({ ...noTokens, output: 1 }));
  if (byTokens < smallestReply) return 'max-tokens';
  if (byMoney < smallestReply) return 'max-cost-usd';
  const wanted = Number(asked);
  return {
    input,
    output: Math.min(Number.isFinite(wanted) && wanted >= 1 ? Math.floor(wanted) : 1, byTokens, byMoney),
  };
}

/**
 * What a request is charged: the API's own figures where its reply came to an end, and otherwise what was
 * reserved, so that breaking a reply off saves nothing.
 */
export function settle(reply: Reply, status: number, reserved: Reservation): Tokens {
  if (status !== 200 || reply.final) return reply.tokens;
  const known = reply.tokens.input + reply.tokens.cacheRead + reply.tokens.cacheWrite > 0;
  return {
    ...reply.tokens,
    cacheWrite: known ? reply.tokens.cacheWrite : reserved.input,
    output: Math.max(reply.tokens.output, reserved.output),
  };
}

import type { Agent } from './agent.ts';
import type { Tokens } from './document.ts';
import { all, type Ledger } from './ledger.ts';

/** The limits of one task, over all its sessions, re-runs and machines; `turns` alone is per session. */
export interface Limits {
  minutes: number;
  attempts: number;
  turns: number;
  tokens: number;
  costUsd: number;
}

export interface Remaining {
  seconds: number;
  turns: number;
  tokens: number;
  costUsd: number;
}

/** USD per million tokens. */
interface Price {
  input: number;
  output: number;
  cacheRead: number;
  /** Of the five-minute cache, the only one that sessions use. */
  cacheWrite: number;
}

const price = (input: number, output: number, readShare: number): Price => ({
  input,
  output,
  cacheRead: input * readShare,
  cacheWrite: input * 1.25,
});

/**
 * By the longest prefix of the model's name, from https://platform.claude.com/docs/en/about-claude/pricing
 * as of 2026-11. Haiku 5.5 is taken at its dearer band (prompts over 100,000 tokens), so that a limit in
 * money is never overrun by a long prompt.
 */
const prices: Record<string, Price> = {
  'claude-fable-5': price(10, 50, 0.1),
  'claude-fable-5-1': price(10, 50, 0.025),
  'claude-fable-5-2': price(10, 50, 0.1),
  'claude-mythos-5': price(10, 50, 0.1),
  'claude-opus-5-5': price(4, 20, 0.05),
  'claude-opus-5': price(5, 25, 0.1),
  'claude-opus-4-5': price(5, 25, 0.1),
  'claude-opus-4-6': price(5, 25, 0.1),
  'claude-opus-4-7': price(5, 25, 0.1),
  'claude-opus-4-8': price(5, 25, 0.1),
  // The first and 4.1: retired by Anthropic, but still served by Bedrock and Vertex AI.
  'claude-opus-4': price(15, 75, 0.1),
  'claude-sonnet-5-5': price(2, 10, 0.05),
  'claude-sonnet-5': price(2, 10, 0.1),
  'claude-sonnet-4': price(3, 15, 0.1),
  'claude-haiku-5-5': price(0.5, 2.5, 0.1),
  'claude-haiku-4': price(1, 5, 0.1),
};

/** What a model that isn't listed is taken to cost: the dearest there is, so that a limit in money holds. */
const unknown = price(15, 75, 0.1);

/**
 * A model's name at Anthropic by its name at a provider: Bedrock's `us.anthropic.claude-…-v1:0`, alone or at
 * the end of an ARN, and Vertex AI's `claude-…@20251101`. What a profile of one's own stands for can't be seen.
 */
function plainName(model: string): string {
  return model.replace(/^(arn:[^/]*\/)?([a-z-]+\.)?anthropic\./, '').replace('@', '-');
}

/** What `tokens` cost in USD at list price; a model without a price counts as the dearest. */
export function costUsd(model: string, tokens: Tokens): number {
  const plain = plainName(model);
  const name = Object.keys(prices)
    .filter((prefix) => plain === prefix || plain.startsWith(`${prefix}-`))
    .sort((a, b) => b.length - a.length)[0];
  const each = name ? prices[name]! : unknown;
  return (
    (tokens.input * each.input +
      tokens.output * each.output +
      tokens.cacheRead * each.cacheRead +
      tokens.cacheWrite * each.cacheWrite) /
    1e6
  );
}

/** All tokens, however they are billed. */
export function total(tokens: Tokens): number {
  return tokens.input + tokens.output + tokens.cacheRead + tokens.cacheWrite;
}

export const noTokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** The sum of two counts of tokens. */
export function plus(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  };
}

/** What a ledger's sessions and test runs have used up. */
export function spent(ledger: Ledger): {
  tokens: number;
  costUsd: number;
  seconds: number;
  requests: number;
} {
  const usages = all(ledger, 'usage');
  const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
  const tests = all(ledger, 'facts').map((facts) => ('seconds' in facts ? facts.seconds : 0));
  return {
    tokens: sum(usages.map(({ tokens }) => total(tokens))),
    costUsd: sum(usages.map((usage) => usage.costUsd)),
    seconds: sum(usages.map(({ seconds }) => seconds)) + sum(tests),
    requests: sum(usages.map(({ requests }) => requests)),
  };
}

/** `limits` as an agent's own budget narrows them: its file can lower a limit, never raise it. */
export function narrowLimits(limits: Limits, { budget }: Pick<Agent, 'budget'>): Limits {
  return {
    attempts: limits.attempts,
    minutes: Math.min(limits.minutes, budget.minutes ?? limits.minutes),
    turns: Math.min(limits.turns, budget.turns ?? limits.turns),
    tokens: Math.min(limits.tokens, budget.tokens ?? limits.tokens),
    costUsd: Math.min(limits.costUsd, budget.usd ?? limits.costUsd),
  };
}

/** What is left of `limits` after all that the ledger holds; never below zero. */
export function remaining(limits: Limits, ledger: Ledger): Remaining {
  const used = spent(ledger);
  return {
    seconds: Math.max(0, limits.minutes * 60 - used.seconds),
    turns: limits.turns,
    tokens: Math.max(0, limits.tokens - used.tokens),
    costUsd: Math.max(0, limits.costUsd - used.costUsd),
  };
}

/** A limit over all sessions of a task, by the name of its input. */
export type TaskLimit = 'timeout-minutes' | 'max-tokens' | 'max-cost-usd';

/** The name of the first limit that is used up, if one is. */
export function exhausted(left: Remaining): TaskLimit | undefined {
  if (left.seconds <= 0) return 'timeout-minutes';
  if (left.tokens <= 0) return 'max-tokens';
  if (left.costUsd <= 0) return 'max-cost-usd';
  return undefined;
}

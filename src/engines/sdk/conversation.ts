import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { AnthropicError, APIError } from '@anthropic-ai/sdk/error';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import {
  type BetaMessage,
  type BetaMessageParam,
  Messages,
} from '@anthropic-ai/sdk/resources/beta/messages/messages';
import { exits, instructionsFile, type Job, proposalFile } from '../../core/job.ts';
import { resultTools } from '../../core/proposal.ts';
import { fetchThrough } from './socket-fetch.ts';
import type { Toolset } from './toolset.ts';

/** What one reply may have; the gateway lowers it to what the budget leaves. */
const maxTokens = 32_000;

/** How often a session that stops without a result is asked for it. */
const nudges = 1;

/** How often in a session a reply that broke off, or whose tool calls are no JSON, is asked for again. */
const repeats = 2;

/**
 * Runs one session inside its room, to its result or to its end.
 * @returns the exit code that says how it ended; a sentence on standard error says why
 */
export async function runSession(kit: Toolset, job: Job, signal: AbortSignal): Promise<number> {
  const client = clientOf(job);
  const instructions = readFileSync(join(homedir(), instructionsFile), 'utf8');
  let done = false;
  const result = resultTools[kit.class];
  const submit = betaZodTool({
    name: result.name,
    description: result.description,
    inputSchema: result.schema as typeof resultTools.reviewer.schema,
    run: (proposal) => {
      // The first valid one counts.
      if (!done) writeFileSync(join(job.outbox, proposalFile), JSON.stringify(proposal));
      done = true;
      return 'Received.';
    },
  });
  const context = { workdir: job.work, env: process.env };
  const tools = kit.tools
    .map((make) => make(context))
    .filter((tool) => job.tools.some((allowed) => 'name' in tool && allowed === tool.name));

  let messages: BetaMessageParam[] = [{ role: 'user', content: job.prompt }];
  try {
    for (let nudged = 0, repeated = 0; ; ) {
      const runner = client.beta.messages.toolRunner(
        {
          model: job.model,
          max_tokens: maxTokens,
          system: [{ type: 'text', text: instructions, cache_control: { type: 'ephemeral' } }],
          // Moves along with the conversation, so that each turn reads the one before from the cache.
          cache_control: { type: 'ephemeral' },
          messages,
          tools: [...tools, submit],
          stream: true,
          thread: false,
          max_iterations: job.turns,
        },
        { signal },
      );
      let last: BetaMessage | undefined;
      try {
        for await (const stream of runner) {
          last = await stream.finalMessage();
          if (last.stop_reason === 'tool_use') await runner.generateToolResponse();
          if (done) return exits.done;
        }
      } catch (error) {
        if (signal.aborted || isAnswer(error) || repeated >= repeats) throw error;
        // Nothing of such a reply is in the history.
        repeated += 1;
        messages = runner.params.messages;
        continue;
      }
      if (last?.stop_reason === 'refusal') return say(exits.refused, 'The model declined to answer.');
      if (last?.stop_reason === 'max_tokens')
        return say(exits.maxTokens, `The model's reply was cut off at max_tokens.`);
      if (nudged >= nudges || !last)
        return say(exits.noProposal, `The model ended without calling ${result.name}.`);
      nudged += 1;
      const reply = { role: 'assistant' as const, content: last.content };
      const history = runner.params.messages;
      const complete = history.at(-1)?.role === 'assistant' ? history : [...history, reply];
      messages = [...complete, { role: 'user', content: `Call ${result.name} now to hand in your result.` }];
    }
  } catch (error) {
    if (error instanceof APIError) return say(exits.apiError, error.message);
    if (error instanceof AnthropicError)
      return say(exits.noProposal, `The model's replies can't be used: ${error.message.split('\n')[0]}`);
    throw error;
  } finally {
    for (const tool of tools) await tool.close?.();
  }
}

/** Whether the API, or the gateway before it, said no to the request itself: it would say so again. */
function isAnswer(error: unknown): boolean {
  return error instanceof APIError && error.status !== undefined;
}

/**
 * The SDK's client with the one resource that a session uses, put together as its packages for other
 * providers do; the whole of it would double the time that the process needs to start.
 */
function clientOf(job: Job) {
  const client = new BaseAnthropic({
    apiKey: job.token,
    authToken: null,
    baseURL: 'http://gateway',
    fetch: fetchThrough(job.gateway),
    // The gateway asks again where that helps; asking it again would count twice.
    maxRetries: 0,
    // A long thinking reply is not a hung one; the run's own limit ends both.
    timeout: 24 * 3600 * 1000,
  });
  return Object.assign(client, { beta: { messages: new Messages(client) } });
}

function say(code: number, why: string): number {
  process.stderr.write(`${why}\n`);
  return code;
}

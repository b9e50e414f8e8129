import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { firstUserText, systemText } from './read.ts';
import type { Conversation } from './types.ts';

const usage = z
  .strictObject({
    input_tokens: z.int(),
    output_tokens: z.int(),
    cache_creation_input_tokens: z.int(),
    cache_read_input_tokens: z.int(),
  })
  .partial();

const error = z.strictObject({ type: z.string(), message: z.string() }).partial();

const turn = z
  .strictObject({
    thinking: z.string(),
    text: z.string(),
    tools: z.array(
      z.strictObject({
        name: z.string(),
        input: z.record(z.string(), z.unknown()),
        id: z.string().optional(),
        undeclared: z.boolean().optional(),
      }),
    ),
    stop_reason: z.string(),
    usage,
    malformed: z.literal('tool-json'),
    cutAfter: z.int(),
    lost: z.literal(true),
    errorAfter: z.int(),
    error,
    hang: z.union([z.literal(true), z.literal('silent')]),
  })
  .partial();

const fault = z.strictObject({
  status: z.int(),
  headers: z.record(z.string(), z.string()).optional(),
  error: error.optional(),
});

const reply = z.union([fault, turn]);

const script = z.strictObject({
  conversations: z.array(
    z.strictObject({
      name: z.string().optional(),
      match: z.string().optional(),
      times: z.int().optional(),
      historyMayChange: z.boolean().optional(),
      turns: z.array(reply).optional(),
      forever: reply.optional(),
    }),
  ),
});

/**
 * Reads a script of conversations from a YAML or JSON file, as `npm run demo -- --reply FILE` does.
 *
 *     conversations:
 *       - name: reviewer                     # optional, shown in messages
 *         match: You are the reviewer        # a substring of the system prompt or of the first user message;
 *                                            # without it the conversation takes any first request
 *         times: 2                           # how many sessions may use it; 1 by default
 *         turns:                             # one per request
 *           - thinking: Let me look.
 *             text: I read the file first.
 *             tools:
 *               - name: read
 *                 input: { path: src/add.js }
 *           - status: 429                    # an HTTP error; the client's retry takes the next turn
 *             headers: { retry-after: '1' }
 *           - text: Done.
 *             usage: { output_tokens: 12 }   # other counts are computed
 *         forever: { text: Go on. }          # answers everything after the turns
 *
 * A turn may also hold `stop_reason` (`refusal`, `max_tokens`, ...), `malformed: tool-json`, `cutAfter: N`,
 * `errorAfter: N`, `lost: true` or `hang: true`. Unknown keys are errors.
 */
export function fromFile(path: string): Conversation[] {
  const { conversations } = script.parse(parse(readFileSync(path, 'utf8')));
  return conversations.map(
    ({ match, ...rest }) =>
      ({
        ...rest,
        ...(match !== undefined && {
          when: ({ body }) => systemText(body).includes(match) || firstUserText(body).includes(match),
        }),
      }) as Conversation,
  );
}

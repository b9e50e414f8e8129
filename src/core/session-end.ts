import type { Provider } from './access.ts';
import type { Draft } from './document.ts';
import { exits } from './job.ts';
import type { StageOutcome } from './outcome.ts';
import type { RoomResult } from './room.ts';

type Ended = Draft<'usage'>['ended'];

/** How a session ended, and why in a sentence: empty when it handed in its result. */
export interface SessionEnd {
  ended: Ended;
  reason: string;
}

/** What is known of a session when its process has ended. */
export interface SessionTrace {
  /** Undefined when the run was cancelled meanwhile. */
  result: Pick<RoomResult, 'exitCode' | 'timedOut' | 'output'> | undefined;
  /** Whether its result tool has left a proposal. */
  hasProposal: boolean;
  /** The limit that the gateway closed at. */
  closedBy?: string;
  /** The last answer of the API that was no reply. */
  failure?: { status: number; detail: string };
  provider: Provider;
}

/** What a session that the run's stop has ended is told to have ended with. */
export const cancelled: SessionEnd = { ended: 'aborted', reason: 'The run was cancelled.' };

/** How a session ended; what the gateway and the clock say counts before what the session says of itself. */
export function endOf({ result, hasProposal, closedBy, failure, provider }: SessionTrace): SessionEnd {
  if (!result) return cancelled;
  if (hasProposal) return { ended: 'done', reason: '' };
  if (closedBy)
    return { ended: 'budget', reason: `The session reached its limit ${closedBy} and was stopped.` };
  if (result.timedOut)
    return { ended: 'timeout', reason: 'The session reached the limit timeout-minutes and was stopped.' };
  const last = result.output.trim().split('\n').at(-1)?.slice(0, 1000) || 'it said nothing';
  if (failure) return { ended: 'api-error', reason: explain(failure, provider) };
  switch (result.exitCode) {
    case exits.refused:
      return { ended: 'refused', reason: 'The model declined to answer.' };
    case exits.maxTokens:
      return {
        ended: 'max-tokens',
        reason: "The model's reply was cut off at max_tokens, so there is no result.",
      };
    case exits.noProposal:
      return { ended: 'done', reason: last };
    default:
      return {
        ended: 'crashed',
        reason: `The session's process ended with ${result.exitCode ?? 'a signal'}: ${last}`,
      };
  }
}

/**
 * What the end of a session without a proposal means for its stage; undefined where the stage is still to be run,
 * so that a resumed run takes it up again.
 */
export function outcomeOfEnd(ended: Ended): StageOutcome | undefined {
  return outcomes[ended];
}

const outcomes: Record<Ended, StageOutcome | undefined> = {
  done: 'fail',
  refused: 'fail',
  'max-tokens': 'fail',
  budget: 'budget',
  timeout: 'budget',
  aborted: undefined,
  crashed: 'error',
  'api-error': 'error',
};

const credentials: Record<Provider, string> = {
  anthropic: 'the secret behind anthropic-api-key, or the federation rule',
  bedrock: 'the AWS credentials, and that they last as long as the job',
  vertex: 'the Google Cloud credentials',
  foundry: 'the secret behind ANTHROPIC_FOUNDRY_API_KEY, or the federated credential in Microsoft Entra ID',
};

const explanations: Record<number, string> = {
  400: 'The Messages API refused a request',
  403: 'The Messages API does not allow this to the credential',
  404: 'The Messages API does not know this model or path: check the inputs model and anthropic-base-url',
  413: 'The conversation has become too large for the Messages API',
  429: "The Messages API's rate limit is reached, also after waiting and asking again: try later or raise the limit",
  529: 'The Messages API is overloaded, also after waiting and asking again: run this job again later',
};

function explain({ status, detail }: NonNullable<SessionTrace['failure']>, provider: Provider): string {
  if (status === 401)
    return `The Messages API does not accept the credential: check ${credentials[provider]} (HTTP 401, ${detail}).`;
  const fallback =
    status >= 500 || status === 0
      ? "The Messages API can't be reached or fails; run this job again later"
      : 'The Messages API refused a request';
  return `${explanations[status] ?? fallback} (${status === 0 ? detail : `HTTP ${status}, ${detail}`}).`;
}

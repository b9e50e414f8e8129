import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { APIError } from '@anthropic-ai/sdk/error';
import { noRetryAfterSend } from './billing-safe-retry.ts';

/** Sends one request body to the model, with the credential, and gives the answer whatever its status. */
export type SendToModel = (path: string, body: unknown, signal: AbortSignal) => Promise<Response>;

export interface ModelConnection {
  send: SendToModel;
  /** What credentials have been sent so far; none of it may be in a record, should an answer repeat it. */
  secrets: ReadonlySet<string>;
}

/** Gives the platform's OIDC token for an audience. */
export type IdentityToken = (audience: string) => Promise<string>;

/** Beyond the SDK's two: an overloaded API recovers in tens of seconds, and a lost session costs more. */
const retries = 4;

/** What the clients of all providers have in common: how often they ask, and the note they take of secrets. */
export function baseClientOptions(apiKey?: string): {
  secrets: Set<string>;
  options: { maxRetries: number; fetch: typeof fetch };
} {
  const secrets = new Set(apiKey ? [apiKey] : []);
  return {
    secrets,
    options: {
      maxRetries: retries,
      fetch: (input, init) => {
        for (const secret of credentialsIn(new Headers(init?.headers))) secrets.add(secret);
        return fetch(input, init);
      },
    },
  };
}

/** AWS answers a wrong signature with all that was signed, the session's token with it. */
function credentialsIn(headers: Headers): string[] {
  return ['authorization', 'x-api-key', 'x-amz-security-token'].flatMap((name) => {
    const value = headers.get(name)?.replace(/^Bearer /, '');
    // A signature is good for one request only.
    return value && !value.startsWith('AWS4-') ? [value] : [];
  });
}

/** The one path to every provider: their clients take Anthropic's requests and give Anthropic's answers. */
export function viaSdk(client: BaseAnthropic): SendToModel {
  return async (path, body, signal) => {
    try {
      return await client
        .post(path, {
          body,
          signal,
          middleware: [noRetryAfterSend(isStreamed(path, body))],
          __binaryResponse: true,
        })
        .asResponse();
    } catch (error) {
      if (!(error instanceof APIError) || error.status === undefined) throw error;
      return hasDetail(error.error)
        ? Response.json(error.error, { status: error.status })
        : errorResponse(error.status, 'api_error', error.message);
    }
  };
}

/** Counting tokens is free, however often it is done. */
function isStreamed(path: string, body: unknown): boolean {
  return path.includes('/count_tokens') || (body as { stream?: unknown }).stream === true;
}

/** AWS has errors of another form than the Messages API. */
function hasDetail(body: unknown): boolean {
  const { error } = (body ?? {}) as { error?: { message?: unknown } };
  return typeof error?.message === 'string';
}

/** An answer such as the Messages API gives instead of a reply. */
export function errorResponse(status: number, type: string, message: string): Response {
  return Response.json({ type: 'error', error: { type, message } }, { status });
}

/**
 * `send` after a `login` that renews credentials where it has to. Its failure is an answer, because it
 * means that nothing was sent: what is lost after that has to be paid for.
 */
export function withAuth(login: () => Promise<unknown>, send: SendToModel): SendToModel {
  return async (path, body, signal) => {
    try {
      await login();
    } catch (error) {
      return errorResponse(401, 'authentication_error', (error as Error).message);
    }
    return send(path, body, signal);
  };
}

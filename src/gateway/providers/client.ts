import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { APIError } from '@anthropic-ai/sdk/error';
import { oidcFederationProvider } from '@anthropic-ai/sdk/lib/credentials/oidc-federation';
import type { AccessTo } from '../../core/access.ts';
import { Fault } from '../../core/outcome.ts';
import { countedOnce } from './billing-safe-retry.ts';

/** Sends one request body to the model, with the credential, and gives the answer whatever its status. */
export type SendToModel = (path: string, body: unknown, signal: AbortSignal) => Promise<Response>;

export interface ModelConnection {
  send: SendToModel;
  /** What credentials have been sent so far; none of it may be in a record, should an answer repeat it. */
  secrets: ReadonlySet<string>;
}

/** Gives the platform's OIDC token for an audience. */
export type IdentityToken = (audience: string) => Promise<string>;

/** What the workflow's identity token is asked for: https://platform.claude.com/docs/en/manage-claude/wif-providers/github-actions */
const audience = 'https://api.anthropic.com';

/** Beyond the SDK's two: an overloaded API recovers in tens of seconds, and a lost session costs more. */
const retries = 4;

/**
 * The way to the Anthropic API that `access` describes. The SDK does the retries (429, 529, 5xx and connections
 * that never came about, honouring retry-after) and, for a login without a key, exchanges the workflow's identity
 * token and renews what it gets in time.
 * @throws Fault when there is no credential at all; whatever `identityToken` throws
 */
export async function connectModel(
  access: AccessTo<'anthropic'>,
  identityToken: IdentityToken,
): Promise<ModelConnection> {
  const { baseUrl: baseURL, apiKey, federation } = access;
  if (!apiKey && !federation) {
    throw new Fault(
      'There is no credential for the model: set the input anthropic-api-key (from a secret), or anthropic-federation-rule-id and anthropic-organization-id with `permissions: id-token: write`.',
      'incomplete',
    );
  }
  // Asked for here, so that a job that may not have it stops before there is a session.
  let first = apiKey ? undefined : await identityToken(audience);
  const { secrets, options } = settings(apiKey);
  const client = new BaseAnthropic({
    ...options,
    baseURL,
    // Nothing of this process's environment or of a profile on disk may add to what the inputs say.
    authToken: null,
    ...(apiKey
      ? { apiKey }
      : {
          apiKey: null,
          credentials: oidcFederationProvider({
            identityTokenProvider: async () => {
              const token = first ?? (await identityToken(audience));
              first = undefined;
              return token;
            },
            federationRuleId: federation!.ruleId,
            organizationId: federation!.organizationId,
            serviceAccountId: federation!.serviceAccountId,
            workspaceId: federation!.workspaceId,
            baseURL,
            fetch,
          }),
        }),
  });
  return { send: sendThrough(client), secrets };
}

/** What the clients of all providers have in common: how often they ask, and the note they take of secrets. */
export function settings(apiKey?: string): {
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
export function sendThrough(client: BaseAnthropic): SendToModel {
  return async (path, body, signal) => {
    try {
      return await client
        .post(path, {
          body,
          signal,
          middleware: [countedOnce(isStreamed(path, body))],
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
export function afterLogin(login: () => Promise<unknown>, send: SendToModel): SendToModel {
  return async (path, body, signal) => {
    try {
      await login();
    } catch (error) {
      return errorResponse(401, 'authentication_error', (error as Error).message);
    }
    return send(path, body, signal);
  };
}

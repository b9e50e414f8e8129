import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { APIError } from '@anthropic-ai/sdk/error';
import { oidcFederationProvider } from '@anthropic-ai/sdk/lib/credentials/oidc-federation';
import type { ModelAccess } from '../core/config.ts';
import { Fault } from '../core/outcome.ts';
import { countedOnce } from './unanswered.ts';

/** Sends one request body to the model, with the credential, and gives the answer whatever its status. */
export type SendToModel = (path: string, body: unknown, signal: AbortSignal) => Promise<Response>;

/** What the workflow's identity token is asked for: https://platform.claude.com/docs/en/manage-claude/wif-providers/github-actions */
const audience = 'https://api.anthropic.com';

/** Beyond the SDK's two: an overloaded API recovers in tens of seconds, and a lost session costs more. */
const retries = 4;

/**
 * The way to the model that `access` describes. The SDK does the retries (429, 529, 5xx and connections
 * that never came about, honouring retry-after) and, for a login without a key, exchanges the workflow's identity
 * token and renews what it gets in time.
 * @param identityToken gives the platform's OIDC token for an audience
 * @throws Fault when there is no credential at all; whatever `identityToken` throws
 */
export async function connectModel(
  access: ModelAccess,
  identityToken: (audience: string) => Promise<string>,
): Promise<SendToModel> {
  const { baseUrl: baseURL, apiKey, federation } = access;
  if (!apiKey && !federation) {
    throw new Fault(
      'There is no credential for the model: set the input anthropic-api-key (from a secret), or anthropic-federation-rule-id and anthropic-organization-id with `permissions: id-token: write`.',
      'incomplete',
    );
  }
  // Asked for here, so that a job that may not have it stops before there is a session.
  let first = apiKey ? undefined : await identityToken(audience);
  const client = new BaseAnthropic({
    baseURL,
    maxRetries: retries,
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
  return async (path, body, signal) => {
    try {
      return await client
        .post(path, { body, signal, middleware: [countedOnce], __binaryResponse: true })
        .asResponse();
    } catch (error) {
      if (!(error instanceof APIError) || error.status === undefined) throw error;
      return Response.json(
        error.error ?? { type: 'error', error: { type: 'api_error', message: error.message } },
        { status: error.status },
      );
    }
  };
}

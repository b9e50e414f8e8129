import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { oidcFederationProvider } from '@anthropic-ai/sdk/lib/credentials/oidc-federation';
import type { AccessTo } from '../../core/access.ts';
import { Fault } from '../../core/outcome.ts';
import { baseClientOptions, type IdentityToken, type ModelConnection, viaSdk } from './client.ts';

/** What the workflow's identity token is asked for: https://platform.claude.com/docs/en/manage-claude/wif-providers/github-actions */
const audience = 'https://api.anthropic.com';

/**
 * The way to the Anthropic API that `access` describes. The SDK does the retries (429, 529, 5xx and connections
 * that never came about, honouring retry-after) and, for a login without a key, exchanges the workflow's identity
 * token and renews what it gets in time.
 * @throws Fault when there is no credential at all; whatever `identityToken` throws
 */
export async function connectAnthropic(
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
  const { secrets, options } = baseClientOptions(apiKey);
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
  return { send: viaSdk(client), secrets };
}

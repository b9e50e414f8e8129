import { AnthropicFoundry } from '@anthropic-ai/foundry-sdk';
import { TokenCache } from '@anthropic-ai/sdk/lib/credentials/token-cache';
import type { AccessTo, Entra } from '../../core/access.ts';
import { Fault } from '../../core/outcome.ts';
import { baseClientOptions, type IdentityToken, type ModelConnection, viaSdk, withAuth } from './client.ts';

/** https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation-create-trust */
const audience = 'api://AzureADTokenExchange';

/** What Claude in Foundry asks a token for: https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry */
const scope = 'https://ai.azure.com/.default';

/**
 * The way to Microsoft Foundry, with a key, or with the workflow's identity token, which Microsoft Entra ID
 * exchanges for one of an hour or so. The SDK's cache keeps it and, with a fresh identity token, renews it
 * before it expires; a login by azure/login could not, since it keeps the first one.
 * @throws Fault when the exchange is refused; whatever `identityToken` throws
 */
export async function connect(
  access: AccessTo<'foundry'>,
  identityToken: IdentityToken,
): Promise<ModelConnection> {
  const { baseUrl, resource, apiKey, entra } = access;
  const { secrets, options } = baseClientOptions(apiKey);
  const address = {
    ...options,
    // The package takes one of the two; empty, the other isn't looked for in the environment.
    ...(baseUrl ? { baseURL: baseUrl, resource: '' } : { resource: resource! }),
  };
  if (apiKey) return { secrets, send: viaSdk(new AnthropicFoundry({ ...address, apiKey })) };
  const cache = new TokenCache(() => exchange(entra!, identityToken));
  const login = () => cache.getToken();
  await login();
  const client = new AnthropicFoundry({ ...address, azureADTokenProvider: login });
  return { secrets, send: withAuth(login, viaSdk(client)) };
}

/** https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential */
async function exchange({ authority, tenantId, clientId }: Entra, identityToken: IdentityToken) {
  const assertion = await identityToken(audience);
  const response = await fetch(`${authority}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      scope,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  }).catch((error: Error) => {
    throw refused(`it can't be reached: ${error.message}`);
  });
  const answer = (await response.json().catch(() => ({}))) as {
    access_token?: string;
    expires_in?: number;
    error_description?: string;
  };
  const { access_token: token, expires_in: seconds } = answer;
  if (!response.ok || !token || typeof seconds !== 'number')
    throw refused(answer.error_description?.split(/\r?\n/)[0] ?? `HTTP ${response.status}`);
  return { token, expiresAt: Math.floor(Date.now() / 1000) + seconds };
}

function refused(why: string): Fault {
  return new Fault(
    `Microsoft Entra ID does not log the workflow in (${why}): check AZURE_TENANT_ID, AZURE_CLIENT_ID and the federated credential of that application.`,
    'incomplete',
  );
}

import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { type AuthClient, GoogleAuth } from 'google-auth-library';
import type { AccessTo } from '../../core/access.ts';
import { Fault } from '../../core/outcome.ts';
import { baseClientOptions, type ModelConnection, viaSdk, withAuth } from './client.ts';
import { withExplicitCache } from './explicit-cache.ts';

/**
 * The way to Vertex AI with Google's application default credentials: the file that
 * google-github-actions/auth leaves (which exchanges the workflow's identity token), or the machine's own
 * account. Google's library keeps the access token and renews it five minutes before it expires.
 * @throws Fault when there are none, or Google does not accept them
 */
export async function connect(access: AccessTo<'vertex'>): Promise<ModelConnection> {
  const { region, project, baseUrl } = access;
  const { secrets, options } = baseClientOptions();
  let authClient: AuthClient;
  try {
    authClient = await new GoogleAuth({
      scopes: 'https://www.googleapis.com/auth/cloud-platform',
      // Otherwise it asks gcloud, which would be whatever PATH leads to.
      projectId: project,
    }).getClient();
    await authClient.getRequestHeaders();
  } catch (error) {
    throw new Fault(
      `There are no Google Cloud credentials for provider: vertex (${(error as Error).message}): run google-github-actions/auth in a step before, with \`permissions: id-token: write\`.`,
      'incomplete',
      { cause: error },
    );
  }
  const client = new AnthropicVertex({
    ...options,
    authClient,
    region,
    projectId: project,
    ...(baseUrl && { baseURL: baseUrl }),
  });
  const login = () => authClient.getRequestHeaders();
  return { secrets, send: withAuth(login, withExplicitCache(viaSdk(client))) };
}

import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { createCredentialChain, fromEnv, fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { AccessTo } from '../../core/access.ts';
import { Fault } from '../../core/outcome.ts';
import {
  baseClientOptions,
  errorResponse,
  type ModelConnection,
  type SendToModel,
  viaSdk,
  withAuth,
} from './client.ts';
import { withExplicitCache } from './explicit-cache.ts';

/**
 * The way to Amazon Bedrock: each request is signed with the credentials that AWS's own chain finds in the
 * environment (where aws-actions/configure-aws-credentials leaves them), in a profile, or at the machine.
 * The chain keeps what it has found and renews it five minutes before it expires, except what stands in the
 * environment: that lives as long as the login action has asked for.
 * @throws Fault when there are none
 */
export async function connect(access: AccessTo<'bedrock'>): Promise<ModelConnection> {
  const { region, baseUrl, apiKey } = access;
  const { secrets, options } = baseClientOptions(apiKey);
  // The order of Anthropic's package, which would make a new chain, and log in anew, for each request.
  const chain = createCredentialChain(fromEnv(), fromNodeProviderChain());
  const login = async (): Promise<void> => {
    const { secretAccessKey, sessionToken } = await chain();
    secrets.add(secretAccessKey);
    if (sessionToken) secrets.add(sessionToken);
  };
  if (!apiKey) {
    await login().catch((error: Error) => {
      throw new Fault(
        `There are no AWS credentials for provider: bedrock (${error.message}): run aws-actions/configure-aws-credentials in a step before, with \`permissions: id-token: write\`.`,
        'incomplete',
        { cause: error },
      );
    });
  }
  const client = new AnthropicBedrock({
    ...options,
    awsRegion: region,
    ...(baseUrl && { baseURL: baseUrl }),
    ...(apiKey ? { apiKey } : { apiKey: null, providerChainResolver: async () => chain }),
  });
  const send = withExplicitCache(viaSdk(client));
  return { secrets, send: withoutCounting(apiKey ? send : withAuth(login, send)) };
}

/** Anthropic's package has no way to Bedrock's count of tokens: it would ask for a path that isn't there. */
function withoutCounting(send: SendToModel): SendToModel {
  return async (path, body, signal) =>
    path.startsWith('/v1/messages/count_tokens')
      ? errorResponse(404, 'not_found_error', 'Tokens are not counted in advance on Bedrock.')
      : send(path, body, signal);
}

import { bodyOf, type Front, startFront, type Understood, type WireRequest } from './front.ts';

/** The key that lets in, and the application whose identity tokens Microsoft Entra ID exchanges. */
export type AzureLogin = {
  apiKey: string;
  tenantId: string;
  clientId: string;
  verify: (jwt: string) => boolean;
  token: () => string;
  expiresIn?: number;
};

/**
 * Starts a stand-in for Claude in Microsoft Foundry under `/anthropic`, and for Microsoft Entra ID's token
 * endpoint.
 * https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export function startFoundry(
  model: () => { url: string; apiKey: string },
  login: AzureLogin,
): Promise<Front> {
  const tokens = new Set<string>();

  const exchange = ({ raw, headers }: WireRequest): Understood => {
    const form = Object.fromEntries(new URLSearchParams(raw));
    const { client_assertion: assertion = '', ...rest } = form;
    const expected = {
      grant_type: 'client_credentials',
      client_id: login.clientId,
      scope: 'https://ai.azure.com/.default',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    };
    const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded');
    const isRight =
      JSON.stringify(Object.entries(rest).sort()) === JSON.stringify(Object.entries(expected).sort());
    if (!isForm || !isRight || !login.verify(assertion)) {
      const why = 'AADSTS700213: No matching federated identity record found.\r\nTrace ID: 1';
      return { status: 401, answer: { error: 'invalid_client', error_description: why } };
    }
    const token = login.token();
    tokens.add(token);
    return {
      status: 200,
      answer: { token_type: 'Bearer', expires_in: login.expiresIn ?? 3599, access_token: token },
    };
  };

  const understand = (request: WireRequest, violate: (problem: string) => void): Understood => {
    if (request.path === `/${login.tenantId}/oauth2/v2.0/token`) return exchange(request);
    const bearer = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (request.headers['x-api-key'] !== login.apiKey && !tokens.has(bearer)) {
      const message = 'Access denied due to invalid subscription key or wrong API endpoint.';
      return { status: 401, answer: { error: { code: '401', message } } };
    }
    const path = /^\/anthropic(\/v1\/messages(?:\/count_tokens)?)(?:\?beta=true)?$/.exec(request.path)?.[1];
    if (!path || request.method !== 'POST') {
      violate('no such path');
      return { status: 404, answer: { error: { code: '404', message: 'Resource not found' } } };
    }
    if (!request.headers['anthropic-version']) violate('anthropic-version: header is required');
    return { path, body: bodyOf(request, [], violate) };
  };
  return startFront(model, understand);
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange, Federation } from './types.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** The beta an exchange must name. */
export const FEDERATION_BETA = 'oidc-federation-2026-04-01';

/** The beta a request with an access token must name. */
export const OAUTH_BETA = 'oauth-2025-04-20';

/** Answers one jwt-bearer exchange: the access token's response, or an OAuth error. */
export function exchange(
  federation: Federation,
  headers: IncomingHttpHeaders,
  body: Record<string, unknown>,
  token: string,
): Exchange & { answer: Record<string, unknown> } {
  const error = problemOf(federation, headers, body);
  if (error) return { headers, body, status: error.status, answer: error.answer };
  const answer = { access_token: token, token_type: 'Bearer', expires_in: federation.expiresIn ?? 3600 };
  return { headers, body, status: 200, token, answer };
}

function problemOf(federation: Federation, headers: IncomingHttpHeaders, body: Record<string, unknown>) {
  const refuse = (status: number, error: string, error_description: string) => ({
    status,
    answer: { error, error_description },
  });
  const betas = String(headers['anthropic-beta'] ?? '').split(/\s*,\s*/);
  if (!betas.includes(FEDERATION_BETA)) {
    return refuse(400, 'invalid_request', `anthropic-beta must name ${FEDERATION_BETA}`);
  }
  if (body.grant_type !== GRANT)
    return refuse(400, 'unsupported_grant_type', 'grant_type must be jwt-bearer');
  for (const field of ['assertion', 'federation_rule_id', 'organization_id']) {
    if (!body[field]) return refuse(400, 'invalid_request', `${field}: Field required`);
  }
  const wanted = [
    ['federation_rule_id', federation.ruleId],
    ['organization_id', federation.organizationId],
    ['service_account_id', federation.serviceAccountId],
    ['workspace_id', federation.workspaceId],
  ] as const;
  const wrong = wanted.find(([field, value]) => value !== undefined && body[field] !== value);
  if (wrong) return refuse(401, 'invalid_grant', `${wrong[0]} does not match`);
  if (federation.verify && !federation.verify(String(body.assertion))) {
    return refuse(401, 'invalid_grant', 'the assertion was not accepted');
  }
  return undefined;
}

import { randomUUID } from 'node:crypto';
import { tokenOf } from './access.ts';
import type { Answer } from './answers.ts';
import { type Claims, issuer } from './jwt.ts';
import type { RecordedRequest } from './types.ts';

export interface Oidc {
  /** ACTIONS_ID_TOKEN_REQUEST_URL */
  url: string;
  /** ACTIONS_ID_TOKEN_REQUEST_TOKEN */
  token: string;
  /** What a token says besides audience and times; change it to be another workflow. */
  claims: Claims;
  /** The claims of a token that was issued here, or undefined for any other. */
  verify: (jwt: string) => Claims | undefined;
  answer: (record: RecordedRequest) => Answer;
}

/** The service that gives a job its OIDC token. */
export function startOidc(serverUrl: string, now: () => Date): Oidc {
  const tokens = issuer();
  const requestToken = tokens.issue({ jti: randomUUID() });
  const claims: Claims = {
    iss: 'https://token.actions.githubusercontent.com',
    sub: 'repo:acme/widgets:pull_request',
    repository: 'acme/widgets',
    repository_owner: 'acme',
    event_name: 'pull_request',
  };
  return {
    url: `${serverUrl}/oidc?api-version=2.0`,
    token: requestToken,
    claims,
    verify: tokens.verify,
    answer: (record) => {
      if (tokenOf(record.headers.authorization) !== requestToken) {
        return { status: 401, body: { message: 'Bad credentials' } };
      }
      const issued = Math.floor(now().getTime() / 1000);
      const aud = record.query.audience ?? serverUrl;
      const value = tokens.issue({
        ...claims,
        aud,
        iat: issued,
        nbf: issued,
        exp: issued + 300,
        jti: randomUUID(),
      });
      return { status: 200, body: { count: value.length, value } };
    },
  };
}

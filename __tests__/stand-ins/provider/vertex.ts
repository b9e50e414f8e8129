import { bodyOf, type Front, startFront, type Understood, type WireRequest } from './front.ts';

/** Which identity tokens Google's token service takes, and how long its own live, in seconds. */
export type GoogleLogin = {
  verify: (jwt: string) => boolean;
  token: () => string;
  expiresIn?: number;
};

/**
 * Starts a stand-in for Vertex AI's `rawPredict` and `streamRawPredict` under `/v1`, and for Google's token
 * service at `/sts/token`.
 * https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 */
export function startVertex(
  model: () => { url: string; apiKey: string },
  login: GoogleLogin,
  project: string,
  region: string,
): Promise<Front> {
  const tokens = new Set<string>();
  const place = `/v1/projects/${project}/locations/${region}/publishers/anthropic/models/`;

  const exchange = ({ raw }: WireRequest): Understood => {
    const form = new URLSearchParams(raw);
    const isExchange = form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:token-exchange';
    if (!isExchange || !login.verify(form.get('subject_token') ?? ''))
      return { status: 400, answer: { error: 'invalid_grant', error_description: 'Not this subject.' } };
    const token = login.token();
    tokens.add(token);
    return {
      status: 200,
      answer: {
        access_token: token,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        expires_in: login.expiresIn ?? 3600,
      },
    };
  };

  const understand = (request: WireRequest, violate: (problem: string) => void): Understood => {
    if (request.path === '/sts/token') return exchange(request);
    if (!tokens.has(request.headers.authorization?.replace(/^Bearer /, '') ?? ''))
      return failed(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
    const [, id, how] = /^([^:]+):(\w+)$/.exec(request.path.slice(place.length)) ?? [];
    const isHere = request.path.startsWith(place) && ['rawPredict', 'streamRawPredict'].includes(how ?? '');
    if (!isHere || !id || request.method !== 'POST') {
      violate('no such method');
      return failed(404, 'NOT_FOUND', 'Not found.');
    }
    const isCount = id === 'count-tokens';
    const body = bodyOf(request, [...(isCount ? [] : ['model']), 'cache_control'], violate);
    const { anthropic_version: version, ...rest } = body;
    if (!version) violate('anthropic_version: Field required');
    if (isCount) return { path: '/v1/messages/count_tokens', body: rest };
    if (Boolean(rest.stream) !== (how === 'streamRawPredict')) violate(`${how} with stream: ${rest.stream}`);
    return { path: '/v1/messages', body: { ...rest, model: decodeURIComponent(id) } };
  };
  return startFront(model, understand);
}

const failed = (code: number, status: string, message: string): Understood => ({
  status: code,
  answer: { error: { code, message, status } },
});

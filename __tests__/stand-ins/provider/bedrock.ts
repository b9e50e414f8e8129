import { createHash, createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { bodyOf, type Front, startFront, type Understood, type WireRequest } from './front.ts';

export type AwsCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/**
 * Starts a stand-in for Bedrock Runtime's InvokeModel and InvokeModelWithResponseStream. It checks the
 * signature by itself, and like AWS repeats what was signed when it is wrong.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
 */
export function startBedrock(
  model: () => { url: string; apiKey: string },
  credentials: AwsCredentials | { bearer: string },
  region: string,
): Promise<Front> {
  const understand = (request: WireRequest, violate: (problem: string) => void): Understood => {
    const wrong =
      'bearer' in credentials
        ? request.headers.authorization !== `Bearer ${credentials.bearer}` && 'Authentication failed.'
        : signatureProblem(request, credentials, region);
    if (wrong) return { status: 403, answer: { message: wrong } };
    const [, id, how] = /^\/model\/([^/]+)\/(invoke(?:-with-response-stream)?)$/.exec(request.path) ?? [];
    if (!id || request.method !== 'POST') {
      violate('no such operation');
      return { status: 404, answer: { message: 'UnknownOperationException' } };
    }
    const body = bodyOf(request, ['model', 'stream', 'cache_control'], violate);
    const { anthropic_version: version, ...rest } = body;
    if (!version) violate('anthropic_version: Field required');
    const stream = how !== 'invoke';
    return {
      path: '/v1/messages',
      body: { ...rest, model: decodeURIComponent(id), stream },
      stream: eventStream,
      streamType: 'application/vnd.amazon.eventstream',
    };
  };
  return startFront(model, understand, ({ message }) => ({ message }));
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signatureProblem(
  { method, path, headers, raw }: WireRequest,
  credentials: AwsCredentials,
  region: string,
): string | undefined {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/bedrock\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, key, date, signedRegion, names = '', signature] = pattern.exec(headers.authorization ?? '') ?? [];
  if (!signature) return 'Missing Authentication Token';
  if (key !== credentials.accessKeyId || signedRegion !== region)
    return 'The security token included in the request is invalid.';
  const canonical = [
    method,
    path.split('/').map(encodeURIComponent).join('/'),
    '',
    ...names.split(';').map((name) => `${name}:${headers[name]}`),
    '',
    names,
    sha256(raw),
  ].join('\n');
  const at = headers['x-amz-date'] as string;
  const text = ['AWS4-HMAC-SHA256', at, `${date}/${region}/bedrock/aws4_request`, sha256(canonical)].join(
    '\n',
  );
  const secret = [date!, region, 'bedrock', 'aws4_request'].reduce(
    (by: Buffer | string, part) => createHmac('sha256', by).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signed = ['host', 'x-amz-date', ...(credentials.sessionToken ? ['x-amz-security-token'] : [])];
  const isSigned = signed.every((name) => names.split(';').includes(name));
  const isSession = headers['x-amz-security-token'] === credentials.sessionToken;
  if (isSigned && isSession && createHmac('sha256', secret).update(text).digest('hex') === signature)
    return undefined;
  return `The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been\n'${canonical}'`;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function* eventStream(events: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const line of createInterface({ input: Readable.from(events) })) {
    if (!line.startsWith('data:')) continue;
    const bytes = Buffer.from(line.slice(5).trim()).toString('base64');
    yield frame(
      { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
      JSON.stringify({ bytes, p: 'abcdefg' }),
    );
  }
}

/** One message of https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html */
export function frame(headers: Record<string, string>, payload: string): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [
      Buffer.from([name.length]),
      Buffer.from(name),
      // The type of a string, and its length in two bytes.
      Buffer.from([7, value.length >> 8, value.length & 255]),
      Buffer.from(value),
    ]),
  );
  const body = Buffer.from(payload);
  const message = Buffer.alloc(12 + head.length + body.length + 4);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(head.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  message.set(head, 12);
  message.set(body, 12 + head.length);
  message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4);
  return message;
}

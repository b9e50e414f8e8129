import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { tokenOf } from './access.ts';
import type { Answer } from './answers.ts';
import { issuer } from './jwt.ts';
import type { RecordedRequest } from './types.ts';

/** One artifact of a run, as it was uploaded. */
export interface Artifact {
  id: number;
  name: string;
  run: string;
  job: string;
  mimeType: string;
  /** The zip, or the file itself where it was uploaded with skipArchive. */
  bytes: Buffer;
  digest: string;
  createdAt: string;
}

interface Stored extends Artifact {
  key: string;
  blocks: Map<string, Buffer>;
  finalized: boolean;
}

interface Message {
  workflow_run_backend_id?: string;
  workflow_job_run_backend_id?: string;
  name?: string;
  name_filter?: string;
  id_filter?: string;
  mime_type?: string;
  size?: string;
  hash?: string;
}

const twirpPath = '/twirp/github.actions.results.api.v1.ArtifactService/';
const blobPath = '/blobs/artifacts/';

/** Whether a request is for the artifact service or the storage behind it. */
export function isArtifactPath(path: string): boolean {
  return path.startsWith(twirpPath) || path.startsWith(blobPath);
}

/** The service behind ACTIONS_RESULTS_URL, with a storage that answers as Azure's does. */
export function startArtifacts(serverUrl: string, now: () => Date) {
  const stored: Stored[] = [];
  const tokens = issuer();
  const secret = randomBytes(16).toString('hex');

  const no = (status: number, code: string, msg: string): Answer => ({ status, body: { code, msg } });
  const urlOf = (artifact: Stored) =>
    `${serverUrl}${blobPath}${artifact.key}${artifact.mimeType === 'application/zip' ? '.zip' : ''}?sig=${secret}`;

  function create(message: Message): Answer {
    const { name = '', workflow_run_backend_id: run = '', workflow_job_run_backend_id: job = '' } = message;
    if (stored.some((other) => other.run === run && other.name === name)) {
      return no(409, 'already_exists', 'an artifact with this name already exists on the workflow run');
    }
    const artifact: Stored = {
      id: stored.length + 1,
      name,
      run,
      job,
      mimeType: message.mime_type ?? 'application/zip',
      bytes: Buffer.alloc(0),
      digest: '',
      createdAt: now().toISOString(),
      key: randomUUID(),
      blocks: new Map(),
      finalized: false,
    };
    stored.push(artifact);
    return { status: 200, body: { ok: true, signed_upload_url: urlOf(artifact) } };
  }

  const named = (message: Message) =>
    stored.find((each) => each.run === message.workflow_run_backend_id && each.name === message.name);

  function finalize(message: Message): Answer {
    const artifact = named(message);
    if (!artifact) return no(404, 'not_found', 'artifact not found');
    const digest = `sha256:${createHash('sha256').update(artifact.bytes).digest('hex')}`;
    if (Number(message.size) !== artifact.bytes.length)
      return no(400, 'invalid_argument', 'size does not match');
    if (message.hash && message.hash !== digest) return no(400, 'invalid_argument', 'hash does not match');
    artifact.digest = digest;
    artifact.finalized = true;
    return { status: 200, body: { ok: true, artifact_id: String(artifact.id) } };
  }

  function find(message: Message): Answer {
    const found = stored.filter(
      (each) =>
        each.finalized &&
        each.run === message.workflow_run_backend_id &&
        (message.name_filter === undefined || each.name === message.name_filter) &&
        (message.id_filter === undefined || String(each.id) === message.id_filter),
    );
    const artifacts = found.map((each) => ({
      workflow_run_backend_id: each.run,
      workflow_job_run_backend_id: each.job,
      database_id: String(each.id),
      name: each.name,
      size: String(each.bytes.length),
      created_at: each.createdAt,
      digest: each.digest,
    }));
    return { status: 200, body: { artifacts } };
  }

  function sign(message: Message): Answer {
    const artifact = named(message);
    if (!artifact?.finalized) return no(404, 'not_found', 'artifact not found');
    return { status: 200, body: { signed_url: urlOf(artifact) } };
  }

  function remove(message: Message): Answer {
    const artifact = named(message);
    if (!artifact) return no(404, 'not_found', 'artifact not found');
    stored.splice(stored.indexOf(artifact), 1);
    return { status: 200, body: { ok: true, artifact_id: String(artifact.id) } };
  }

  const methods: Record<string, (message: Message) => Answer> = {
    CreateArtifact: create,
    FinalizeArtifact: finalize,
    ListArtifacts: find,
    GetSignedArtifactURL: sign,
    DeleteArtifact: remove,
  };

  function twirp(record: RecordedRequest, bytes: Buffer): Answer {
    const method = record.path.slice(twirpPath.length);
    record.operation = `twirp ${method}`;
    const claims = tokens.verify(tokenOf(record.headers.authorization) ?? '');
    if (!claims) return no(401, 'unauthenticated', 'Bad credentials');
    const message = JSON.parse(bytes.toString()) as Message;
    record.body = message;
    const scope = `Actions.Results:${message.workflow_run_backend_id}:${message.workflow_job_run_backend_id}`;
    // Another job of the run may read what this one made, and nobody may write for another.
    const run = scope.split(':').slice(0, 2).join(':');
    const held = String(claims.scp).split(' ');
    const reads = method === 'ListArtifacts' || method === 'GetSignedArtifactURL';
    if (!held.some((each) => (reads ? each.startsWith(`${run}:`) : each === scope))) {
      return no(403, 'permission_denied', 'the token is for another run');
    }
    return methods[method]?.(message) ?? no(404, 'bad_route', `no handler for ${record.path}`);
  }

  const azure = {
    'x-ms-version': '2025-11-05',
    'x-ms-request-id': randomUUID(),
    'x-ms-request-server-encrypted': 'true',
  };
  const storageError = (status: number, code: string): Answer => ({
    status,
    headers: { ...azure, 'content-type': 'application/xml', 'x-ms-error-code': code },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  });

  function blob(record: RecordedRequest, bytes: Buffer): Answer {
    record.operation = 'blob';
    const key = record.path.slice(blobPath.length).replace(/\.zip$/, '');
    const artifact = stored.find((each) => each.key === key);
    if (record.query.sig !== secret) return storageError(403, 'AuthenticationFailed');
    if (!artifact) return storageError(404, 'BlobNotFound');
    if (record.method === 'GET') {
      const name = artifact.mimeType === 'application/zip' ? `${artifact.name}.zip` : artifact.name;
      const disposition = `attachment; filename="${name}"; filename*=UTF-8''${encodeURIComponent(name)}`;
      const headers = { ...azure, 'content-type': artifact.mimeType, 'content-disposition': disposition };
      return { status: 200, headers, body: artifact.bytes };
    }
    if (record.method !== 'PUT') return storageError(405, 'UnsupportedHttpVerb');
    if (record.query.comp === 'block') {
      artifact.blocks.set(record.query.blockid ?? '', bytes);
    } else if (record.query.comp === 'blocklist') {
      const ids = [...bytes.toString().matchAll(/<(?:Latest|Uncommitted|Committed)>([^<]+)</g)].map(
        ([, id]) => id ?? '',
      );
      if (!ids.every((id) => artifact.blocks.has(id))) return storageError(400, 'InvalidBlockList');
      artifact.bytes = Buffer.concat(ids.map((id) => artifact.blocks.get(id)!));
    } else {
      artifact.bytes = bytes;
    }
    const headers = {
      ...azure,
      etag: '"0x1"',
      'last-modified': now().toUTCString(),
      date: now().toUTCString(),
    };
    return { status: 201, headers };
  }

  return {
    /** ACTIONS_RUNTIME_TOKEN of a job; jobs of one run see one another's artifacts. */
    createRuntimeToken(run: string = randomUUID(), job: string = randomUUID()): string {
      return tokens.issue({ scp: `Actions.ExampleScope Actions.Results:${run}:${job}` });
    },
    artifacts: (): Artifact[] => stored.filter((each) => each.finalized),
    answer: (record: RecordedRequest, bytes: Buffer): Answer =>
      record.path.startsWith(twirpPath) ? twirp(record, bytes) : blob(record, bytes),
  };
}

import { spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { may, sees, tokenOf } from './access.ts';
import { syncNetwork } from './commits.ts';
import { gitEnvironment, gitExecPath } from './git.ts';
import type { Grant, RecordedRequest, Repository, World } from './types.ts';

export interface GitRequest {
  fullName: string;
  rest: string;
  service: string;
}

/** Reads a smart HTTP path, with and without `.git`, both of which GitHub answers. */
export function gitRequest(url: URL): GitRequest | undefined {
  const match = /^\/([^/]+\/[^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(
    url.pathname,
  );
  if (!match) return undefined;
  const [, fullName = '', rest = ''] = match;
  return { fullName, rest, service: rest === 'info/refs' ? (url.searchParams.get('service') ?? '') : rest };
}

interface No {
  status: number;
  text: string;
}

// Absent and forbidden are worded as GitHub words them on the terminal of whoever runs git.
function admit(
  world: World,
  asked: GitRequest,
  authorization: string | undefined,
): No | [Grant | undefined, Repository] {
  const repository = world.repositories.get(asked.fullName.toLowerCase());
  const token = tokenOf(authorization);
  const writes = asked.service === 'git-receive-pack';
  if (token === undefined) {
    if (repository && !repository.private && !writes) return [undefined, repository];
    return { status: 401, text: 'Repository not found.' };
  }
  const grant = world.tokens.get(token);
  if (!grant)
    return { status: 401, text: 'Invalid username or token. Password authentication is not supported.' };
  if (!repository || !sees(grant, repository)) return { status: 404, text: 'Repository not found.' };
  if (!may(grant, repository, 'contents', 'read')) {
    return { status: 403, text: 'Write access to repository not granted.' };
  }
  if (writes && !may(grant, repository, 'contents', 'write')) {
    return { status: 403, text: `Permission to ${repository.fullName}.git denied to ${grant.user.login}.` };
  }
  return [grant, repository];
}

/** Lets git's own CGI program answer. */
export async function answerGit(
  world: World,
  record: RecordedRequest,
  asked: GitRequest,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const admitted = admit(world, asked, request.headers.authorization);
  if (!Array.isArray(admitted)) {
    record.status = admitted.status;
    request.resume();
    const ask = admitted.status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
    response.writeHead(admitted.status, { 'content-type': 'text/plain', ...ask }).end(`${admitted.text}\n`);
    return;
  }
  const [grant, repository] = admitted;
  record.login = grant?.user.login;
  // A test may have pushed by file path: refs/pull/N/head has to show it.
  await syncNetwork(world, repository);
  const noWorkflows = grant && grant.permissions.workflows !== 'write';
  await runBackend(record, request, response, {
    ...gitEnvironment,
    GIT_PROJECT_ROOT: repository.path,
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: `/${asked.rest}`,
    QUERY_STRING: url.search.slice(1),
    REQUEST_METHOD: request.method,
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    CONTENT_LENGTH: request.headers['content-length'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    HTTP_GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
    GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
    REMOTE_USER: grant?.user.login ?? '',
    REMOTE_ADDR: '127.0.0.1',
    ...(noWorkflows ? { STAND_IN_NO_WORKFLOWS: '1' } : {}),
  });
  if (asked.rest === 'git-receive-pack') await syncNetwork(world, repository);
}

function runBackend(
  record: RecordedRequest,
  request: IncomingMessage,
  response: ServerResponse,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(gitExecPath(), 'git-http-backend'), [], { env });
    let head: Buffer | undefined = Buffer.alloc(0);
    child.on('error', reject);
    child.stdin.on('error', () => undefined);
    request.pipe(child.stdin);
    response.on('close', () => child.kill());
    child.stderr.resume();
    child.stdout.on('data', (chunk: Buffer) => {
      if (!head) {
        response.write(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const headers = head.subarray(0, end).toString().split('\r\n');
      const pairs = headers.map((line) => line.split(/:\s*/, 2) as [string, string]);
      const status = pairs.find(([name]) => name.toLowerCase() === 'status')?.[1];
      record.status = status ? Number.parseInt(status, 10) : 200;
      const sent = pairs.filter(([name]) => name.toLowerCase() !== 'status');
      response.writeHead(record.status, Object.fromEntries(sent));
      response.write(head.subarray(end + 4));
      head = undefined;
    });
    child.on('close', () => {
      if (head) {
        record.status = 500;
        response.writeHead(500);
      }
      resolve();
    });
  });
}

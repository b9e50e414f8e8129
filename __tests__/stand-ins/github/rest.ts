import { admit, tokenOf } from './access.ts';
import { type Answer, type Call, isRefusal, type Routes, refuse } from './answers.ts';
import { checkAnswer, checkRequest, type Described, describe, operationIds } from './description.ts';
import { checks } from './routes/checks.ts';
import { gitData } from './routes/git-data.ts';
import { issues } from './routes/issues.ts';
import { others } from './routes/others.ts';
import { pulls } from './routes/pulls.ts';
import { repositories } from './routes/repositories.ts';
import { reviews } from './routes/reviews.ts';
import { syncPulls } from './store.ts';
import type { Grant, RecordedRequest, World } from './types.ts';

const routes: Routes = { ...repositories, ...pulls, ...reviews, ...checks, ...issues, ...gitData, ...others };

/** What is described and not answered, or answered and not described: a test wants both to be empty. */
export function gaps(): string[] {
  const described = operationIds();
  const here = Object.keys(routes);
  return [...described.filter((id) => !here.includes(id)), ...here.filter((id) => !described.includes(id))];
}

/** The grant of a request's token. */
export function grantOfRequest(world: World, authorization: string | undefined): Grant {
  const token = tokenOf(authorization);
  if (token === undefined) throw refuse(401, 'Requires authentication');
  const grant = world.tokens.get(token);
  if (!grant) throw refuse(401, 'Bad credentials');
  return grant;
}

/** Answers one REST request; `path` has lost its `/api/v3`. */
export async function answerRest(
  world: World,
  record: RecordedRequest,
  path: string,
  url: URL,
  bytes: Buffer,
): Promise<Answer> {
  const found = describe(record.method, path);
  const answer = await respond(world, record, found, url, bytes).catch((error: unknown) => {
    if (isRefusal(error)) return error.answer;
    world.violations.push(`${record.method} ${path} broke the stand-in: ${(error as Error).stack}`);
    return refuse(500, 'Server Error').answer;
  });
  if (found && !Buffer.isBuffer(answer.body) && typeof answer.body !== 'string') {
    record.checked = true;
    // What is sent has lost whatever JSON does not know.
    const sent: unknown = answer.body === undefined ? undefined : JSON.parse(JSON.stringify(answer.body));
    for (const problem of checkAnswer(found, answer.status, sent)) {
      world.violations.push(`the stand-in's own answer ${answer.status} to ${found.id}: ${problem}`);
    }
  }
  return answer;
}

async function respond(
  world: World,
  record: RecordedRequest,
  found: Described | undefined,
  url: URL,
  bytes: Buffer,
): Promise<Answer> {
  if (!record.headers['user-agent']) throw refuse(403, 'Request forbidden by administrative rules.');
  const grant = grantOfRequest(world, record.headers.authorization);
  record.login = grant.user.login;
  if (!found) {
    world.violations.push(`${record.method} ${record.path} is not an operation that was asked for`);
    throw refuse(404, 'Not Found');
  }
  record.operation = found.id;
  const route = routes[found.id]!;
  const body = parse(world, record, bytes);
  const { owner, repo } = found.parameters;
  const repository = owner && repo ? admit(world, grant, `${owner}/${repo}`, route.needs) : undefined;
  const bad = checkRequest(found, url.searchParams, body);
  if (bad) {
    world.violations.push(`${record.method} ${record.path} (${found.id}): ${bad.problems.join('; ')}`);
    throw refuse(422, bad.message);
  }
  if (repository) await syncPulls(world, repository);
  return route.handle({
    world,
    method: record.method,
    grant,
    repository: repository as Call['repository'],
    parameters: found.parameters,
    query: record.query,
    body,
    accept: record.headers.accept ?? '',
    url,
  });
}

function parse(world: World, record: RecordedRequest, bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    record.body = JSON.parse(bytes.toString());
    return record.body;
  } catch {
    world.violations.push(`${record.method} ${record.path}: the body is no JSON`);
    throw refuse(400, 'Problems parsing JSON');
  }
}

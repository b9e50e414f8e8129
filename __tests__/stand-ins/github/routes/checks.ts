import { type Answer, type Call, list, notFound, type Routes, refuse } from '../answers.ts';
import { resolveCommit } from '../git.ts';
import { checkRunShape } from '../shapes.ts';
import { stamp } from '../store.ts';
import type { Annotation, App, CheckRun } from '../types.ts';

interface Body {
  name?: string;
  head_sha?: string;
  details_url?: string;
  external_id?: string;
  status?: string;
  started_at?: string;
  conclusion?: string;
  completed_at?: string;
  output?: { title?: string; summary?: string; text?: string; annotations?: Annotation[] };
}

function app(call: Call): App {
  if (!call.grant.app) throw refuse(403, 'You must authenticate via a GitHub App.');
  return call.grant.app;
}

function write(call: Call, run: CheckRun, body: Body): void {
  if (body.status === 'completed' && !body.conclusion && !run.conclusion) {
    throw refuse(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.');
  }
  run.name = body.name ?? run.name;
  run.detailsUrl = body.details_url ?? run.detailsUrl;
  run.externalId = body.external_id ?? run.externalId;
  run.startedAt = body.started_at ?? run.startedAt;
  run.status = body.conclusion ? 'completed' : (body.status ?? run.status);
  run.conclusion = run.status === 'completed' ? (body.conclusion ?? run.conclusion) : null;
  run.completedAt =
    run.status === 'completed' ? (body.completed_at ?? run.completedAt ?? stamp(call.world)) : null;
  run.title = body.output?.title ?? run.title;
  run.summary = body.output?.summary ?? run.summary;
  run.text = body.output?.text ?? run.text;
  run.annotations.push(...(body.output?.annotations ?? []));
}

async function create(call: Call): Promise<Answer> {
  const body = call.body as Body & { name: string; head_sha: string };
  const sha = await resolveCommit(call.repository.path, body.head_sha);
  if (sha !== body.head_sha) throw refuse(422, `No commit found for SHA: ${body.head_sha}`);
  const run: CheckRun = {
    id: call.world.nextId(),
    app: app(call),
    name: body.name,
    headSha: sha,
    status: 'queued',
    conclusion: null,
    detailsUrl: null,
    externalId: null,
    startedAt: stamp(call.world),
    completedAt: null,
    title: null,
    summary: null,
    text: null,
    annotations: [],
  };
  write(call, run, body);
  call.repository.checkRuns.push(run);
  return { status: 201, body: checkRunShape(call.world, call.repository, run) };
}

function runOf(call: Call): CheckRun {
  const run = call.repository.checkRuns.find((each) => each.id === Number(call.parameters.check_run_id));
  if (!run) throw notFound();
  return run;
}

function update(call: Call): Answer {
  const run = runOf(call);
  if (run.app.id !== app(call).id) {
    const words = 'check run can only be modified by the GitHub App that created it.';
    throw refuse(403, `Invalid app_id \`${run.app.id}\` - ${words}`);
  }
  write(call, run, call.body as Body);
  return { status: 200, body: checkRunShape(call.world, call.repository, run) };
}

async function forRef(call: Call): Promise<Answer> {
  const { query, repository } = call;
  const sha = await resolveCommit(repository.path, call.parameters.ref ?? '');
  if (!sha) throw refuse(422, `No commit found for SHA: ${call.parameters.ref}`);
  let runs = repository.checkRuns
    .filter((run) => run.headSha === sha)
    .filter((run) => !query.check_name || run.name === query.check_name)
    .filter((run) => !query.app_id || run.app.id === Number(query.app_id))
    .filter((run) => !query.status || run.status === query.status)
    .reverse();
  if (query.filter !== 'all') {
    const key = (run: CheckRun) => `${run.app.id} ${run.name}`;
    runs = runs.filter((run, index) => runs.findIndex((other) => key(other) === key(run)) === index);
  }
  const page = list(
    call,
    runs.map((run) => checkRunShape(call.world, repository, run)),
  );
  return { ...page, body: { total_count: runs.length, check_runs: page.body } };
}

function annotations(call: Call): Answer {
  const run = runOf(call);
  return list(
    call,
    run.annotations.map((annotation) => ({
      start_column: null,
      end_column: null,
      title: null,
      raw_details: null,
      ...annotation,
      blob_href: `${call.world.serverUrl}/${call.repository.fullName}/blob/${run.headSha}/${annotation.path}`,
    })),
  );
}

export const checks: Routes = {
  'checks/create': { needs: ['checks:write'], handle: create },
  'checks/update': { needs: ['checks:write'], handle: update },
  'checks/get': {
    needs: ['checks:read'],
    handle: (call) => ({ status: 200, body: checkRunShape(call.world, call.repository, runOf(call)) }),
  },
  'checks/list-annotations': { needs: ['checks:read'], handle: annotations },
  'checks/list-for-ref': { needs: ['checks:read'], handle: forRef },
};

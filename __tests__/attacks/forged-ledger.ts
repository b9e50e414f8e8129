import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { check, decode, digestOf, encode, origin } from '../../src/core/document.ts';
import { ledgerArtifact } from '../../src/core/task.ts';
import type { RunResult } from '../stand-ins/runner.ts';
import type { RunMore, Scene } from './lab.ts';

/** A document as its author likes it: nothing of it has to be true, or even fit. */
export type Forged = Record<string, unknown> & { kind: string; body: string; digest?: string | undefined };

/** The documents of a run. */
export function ledgerOf(result: RunResult): Forged[] {
  const directory = result.outputs.ledger;
  if (!directory) throw new Error(`the run left no ledger: ${result.log.slice(-2000)}`);
  return readdirSync(directory)
    .filter((name) => /^\d{4}-[a-z]+\.md$/.test(name))
    .sort()
    .map((name): Forged => decode(readFileSync(join(directory, name), 'utf8')));
}

/** Documents in a chain whose every digest is right: whoever can write one file can write them all. */
export function chained(documents: readonly Forged[]): Forged[] {
  let prev = origin;
  return documents.map((document, at) => {
    const placed = inOrder({ ...document, seq: at + 1, prev, digest: origin });
    prev = digestOf(placed as never);
    return { ...placed, digest: prev };
  });
}

/** With the fields in the one order that is canonical, where they fit at all. */
function inOrder(document: Forged): Forged {
  try {
    return check(document);
  } catch {
    return document;
  }
}

/** Documents as files. */
export const filesOf = (documents: readonly Forged[]): Record<string, string> =>
  Object.fromEntries(
    documents.map((document, at) => [
      `${String(at + 1).padStart(4, '0')}-${document.kind}.md`,
      encode(document as never),
    ]),
  );

/**
 * The second job of a workflow run in which somebody has put files in the place of the ledger.
 * @param digest what the first job hands on
 * @param inputs of the second job, which has no key
 */
export async function applyForged(
  scene: Scene,
  agent: string,
  task: string,
  files: Readonly<Record<string, string>>,
  digest: string,
  inputs: Record<string, string> = { 'anthropic-api-key': '' },
): Promise<RunResult> {
  const run = `run-${Math.random().toString(36).slice(2)}`;
  await upload(scene, run, ledgerArtifact(task), files);
  const more: RunMore = {
    artifacts: { runtimeToken: scene.github.createRuntimeToken(run, 'apply') },
    inputs: { phase: 'apply', 'ledger-digest': digest, ...inputs },
  };
  return scene.run(agent, more);
}

/** As any job of the run can. */
async function upload(
  { github }: Scene,
  run: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const ids = { workflow_run_backend_id: run, workflow_job_run_backend_id: 'other' };
  const authorization = `Bearer ${github.createRuntimeToken(run, 'other')}`;
  const call = async (method: string, message: object): Promise<Record<string, string>> => {
    const url = `${github.resultsUrl}twirp/github.actions.results.api.v1.ArtifactService/${method}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ ...ids, ...message }),
    });
    if (!answer.ok) throw new Error(`${method}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, string>;
  };
  const entries = Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]);
  const bytes = zipSync(Object.fromEntries(entries));
  const { signed_upload_url: url } = await call('CreateArtifact', { name, version: 4 });
  await fetch(url!, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: Buffer.from(bytes) });
  await call('FinalizeArtifact', { name, size: String(bytes.length) });
}

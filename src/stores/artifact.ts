import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileName } from '../core/document.ts';
import { type Ledger, taskOf } from '../core/ledger.ts';
import { Fault } from '../core/outcome.ts';
import { ledgerArtifact } from '../core/task.ts';
import { unpackLedger } from './unpack.ts';

/** Loaded only when something is uploaded or fetched: it brings half of the bundle with it. */
async function client() {
  const { DefaultArtifactClient } = await import('@actions/artifact');
  return new DefaultArtifactClient();
}

/**
 * Keeps files with the workflow run, under one name.
 * @returns where a person finds them, or undefined where the runner has no artifact service
 */
export async function uploadArtifact(
  name: string,
  files: { name: string; content: string | Uint8Array }[],
): Promise<string | undefined> {
  if (!process.env.ACTIONS_RUNTIME_TOKEN) return undefined;
  const directory = await mkdtemp(join(process.env.RUNNER_TEMP ?? tmpdir(), 'countersign-artifact-'));
  try {
    const paths = await Promise.all(
      files.map(async (file) => {
        const path = join(directory, file.name);
        await writeFile(path, file.content);
        return path;
      }),
    );
    const { id } = await (await client()).uploadArtifact(name, paths, directory);
    const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = process.env;
    return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}/artifacts/${id}`;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Keeps the ledger in `directory` for the job that applies it.
 * @returns whether the runner has an artifact service to keep it
 */
export async function uploadLedger(directory: string, ledger: Ledger): Promise<boolean> {
  const files = await Promise.all(
    ledger.map(async (document) => {
      const name = fileName(document);
      return { name, content: await readFile(join(directory, name)) };
    }),
  );
  return (await uploadArtifact(ledgerArtifact(taskOf(ledger).id), files)) !== undefined;
}

/**
 * Brings the ledger that a job with `phase: propose` left in this workflow run into `directory`.
 * @throws Fault when there is none, or it isn't one
 */
export async function fetchLedger(taskId: string, directory: string): Promise<void> {
  const name = ledgerArtifact(taskId);
  const download = await mkdtemp(join(process.env.RUNNER_TEMP ?? tmpdir(), 'countersign-artifact-'));
  try {
    const artifacts = await client();
    const { artifact } = await artifacts.getArtifact(name);
    await artifacts.downloadArtifact(artifact.id, { path: download, skipDecompress: true });
    const [archive] = await readdir(download);
    const documents = unpackLedger(await readFile(join(download, archive!)));
    await mkdir(directory, { recursive: true });
    for (const [file, content] of documents) await writeFile(join(directory, file), content);
  } catch (error) {
    throw new Fault(
      `There is no ledger to apply (artifact ${name}: ${(error as Error).message}): the job with \`phase: propose\` has to run before, in the same workflow run.`,
      'incomplete',
      { cause: error },
    );
  } finally {
    await rm(download, { recursive: true, force: true });
  }
}

import '../room/no-inspector.ts';
import '../room/close-inherited.ts';
import '../core/zod-jitless.ts';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as core from '@actions/core';
import { type Config, readConfig } from '../core/config.ts';
import type { Ledger } from '../core/ledger.ts';
import { exitCode, Fault, type Outcome } from '../core/outcome.ts';
import { sanitizeLog } from '../core/sanitize.ts';
import { createGitHub } from '../platforms/github/index.ts';
import { wipeLeftovers } from '../room/room.ts';
import { realDeps } from '../run/deps.ts';
import { run } from '../run/run.ts';
import { exitWith, untilStopped } from '../run/stop-signal.ts';
import { fetchLedger, uploadArtifact, uploadLedger } from '../stores/artifact.ts';
import { commentFile } from '../views/handoff-comment.ts';
import { views } from '../views/index.ts';
import { outputsOf } from '../views/outputs.ts';
import { report } from '../views/report.ts';
import { closingLine, earlySummary, jobSummary } from '../views/summary.ts';

const say = (text: string): void => core.info(`countersign: ${sanitizeLog(text)}`);

const temp = process.env.RUNNER_TEMP ?? '/tmp';
const home = join(temp, 'countersign');

/** The newest state of the run's ledger, once there is one. */
let saved: { ledger: Ledger; directory: string } | undefined;

main().then(exitWith);

async function main(): Promise<0 | 1> {
  const signal = untilStopped();
  try {
    const { config, warnings } = readConfig(inputs(), process.env);
    for (const warning of warnings) core.warning(sanitizeLog(warning));
    if ('apiKey' in config.access) core.setSecret(config.access.apiKey!);
    return await act(config, signal);
  } catch (error) {
    // A cancelled run fails in many places at once; only the cancelling is the cause.
    return await stopShort(signal.aborted ? new Fault((signal.reason as Error).message) : error);
  }
}

async function act(config: Readonly<Config>, signal: AbortSignal): Promise<0 | 1> {
  const scratch = join(home, `run-${process.pid}`);
  core.saveState('scratch', scratch);
  await wipeLeftovers(home);
  const workspace = process.env.GITHUB_WORKSPACE;
  const hidden = [temp, workspace].filter((directory) => directory !== undefined);
  const { context, fetch } = await runnerContext();
  const { owner, repo } = context.repo;
  const result = await run({
    config,
    scratch,
    ledgers: join(home, 'ledgers'),
    dist: fileURLToPath(new URL('.', import.meta.url)),
    bringLedger: fetchLedger,
    onSaved: (ledger, directory) => {
      saved = { ledger, directory };
    },
    platform: (stop) =>
      createGitHub({
        token: core.getInput('github-token'),
        fetch,
        apiUrl: context.apiUrl,
        serverUrl: context.serverUrl,
        graphqlUrl: context.graphqlUrl,
        eventName: context.eventName,
        payload: context.payload,
        repository: `${owner}/${repo}`,
        actor: context.actor,
        bots: config.allowBots,
        runUrl: `${context.serverUrl}/${owner}/${repo}/actions/runs/${context.runId}`,
        views,
        say,
        uploadArtifact,
        signal: stop,
      }),
    deps: realDeps({
      signal,
      say,
      warn: (text) => core.warning(sanitizeLog(text)),
      identityToken,
      hidden,
    }),
    ...(workspace && { workspace }),
  });
  if ('nothing' in result) {
    core.notice(sanitizeLog(`Nothing to do: ${result.nothing}`));
    core.setOutput('outcome', result.outcome);
    await core.summary.addRaw(earlySummary(result.nothing, result.outcome)).write();
    return 0;
  }
  return await reportResult(config, result.outcome, result.ledger, result.directory);
}

/** Leaves everything that a person or a later step needs, and says in one line how it ended. */
async function reportResult(
  config: Readonly<Config>,
  outcome: Outcome,
  ledger: Ledger,
  directory: string,
): Promise<0 | 1> {
  const code = exitCode(outcome);
  if (config.phase === 'propose' && !(await uploadLedger(directory, ledger)))
    core.warning(
      'This runner has no artifact service (ACTIONS_RUNTIME_TOKEN is not set), so a job with `phase: apply` will not find the ledger: run both jobs where artifacts can be kept.',
    );
  const left = await writeOutputs(outcome, ledger, directory, code === 0 ? '' : commentFile(ledger));
  await core.summary.addRaw(jobSummary(ledger, left, outcome)).write();
  const line = sanitizeLog(closingLine(ledger, outcome));
  if (code === 0) core.info(`countersign: ${line}`);
  else core.error(line);
  return code;
}

/** Writes the report and, where there is a text for a person, the comment; sets every output. */
async function writeOutputs(
  outcome: Outcome,
  ledger: Ledger,
  directory: string,
  text: string,
): Promise<{ report: string; ledger: string }> {
  const files = { report: join(directory, 'report.html'), ledger: directory };
  await writeFile(files.report, report(ledger));
  const comment = text && (await writeComment(text));
  const outputs = outputsOf(ledger, outcome, { ...files, comment });
  for (const [name, value] of Object.entries(outputs)) core.setOutput(name, value);
  return files;
}

/** What `writeOutputs` and `reportResult` do, for a run that a fault has ended: with its ledger where there is one by then. */
async function stopShort(error: unknown): Promise<1> {
  const isFault = error instanceof Fault;
  const message = isFault
    ? error.message
    : `Countersign has a bug or met a fault it doesn't know: ${(error as Error).message}`;
  const outcome = isFault ? error.outcome : 'incomplete';
  core.error(sanitizeLog(message));
  if (!isFault) core.debug(String((error as Error).stack));
  const text = commentFile(saved?.ledger, message);
  let left: Awaited<ReturnType<typeof writeOutputs>> | undefined;
  if (saved) left = await writeOutputs(outcome, saved.ledger, saved.directory, text);
  else {
    core.setOutput('outcome', outcome);
    core.setOutput('comment-file', await writeComment(text));
  }
  await core.summary.addRaw(earlySummary(message, outcome, saved?.ledger, left)).write();
  return 1;
}

async function writeComment(text: string): Promise<string> {
  const path = join(home, 'pr_comment.md');
  await mkdir(home, { recursive: true });
  await writeFile(path, text);
  return path;
}

/** The runner gives an input as INPUT_NAME, in capitals, spaces as underscores, hyphens as they are. */
function inputs(): Record<string, string> {
  const given = Object.entries(process.env).filter(([name]) => name.startsWith('INPUT_'));
  return Object.fromEntries(given.map(([name, value]) => [name.slice(6).toLowerCase(), value ?? '']));
}

/** The job's OIDC token for an audience. */
async function identityToken(audience: string): Promise<string> {
  if (!process.env.ACTIONS_ID_TOKEN_REQUEST_URL) {
    throw new Fault(
      "The job may not ask for the OIDC token that a login without a key needs. Add the line `id-token: write` under `permissions:` of the workflow's job; a pull request from a fork never gets it.",
    );
  }
  return core.getIDToken(audience);
}

/**
 * The job as the runner describes it, and a `fetch` that goes to GitHub's API through the job's proxy, if it has one.
 * Imported only here, because the package reads the environment and the event when it is loaded.
 * @throws Fault when the event or the proxy can't be used
 */
async function runnerContext() {
  try {
    // The package would go on without an event.
    await access(process.env.GITHUB_EVENT_PATH ?? '');
    const { context, defaults } = await import('@actions/github/lib/utils');
    return { context, fetch: defaults.request?.fetch as typeof fetch };
  } catch (error) {
    const { message } = error as Error;
    const isEvent = error instanceof SyntaxError || 'syscall' in (error as Error);
    throw new Fault(
      isEvent
        ? `The event's payload (GITHUB_EVENT_PATH) can't be read: ${message}.`
        : `GitHub's API can't be reached with the job's GITHUB_API_URL and https_proxy: ${message}. Correct them, or name GitHub's host in no_proxy.`,
      'incomplete',
      { cause: error },
    );
  }
}

#!/usr/bin/env node
import '../room/no-inspector.ts';
import '../room/close-inherited.ts';
import '../core/zod-jitless.ts';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ledger } from '../core/ledger.ts';
import { exitCode, Fault } from '../core/outcome.ts';
import { version } from '../core/version.ts';
import { toCliWording } from '../platforms/local/cli-options.ts';
import { type CommandLine, type Invocation, readCommandLine } from '../platforms/local/command-line.ts';
import { createLocal } from '../platforms/local/index.ts';
import { progressLine } from '../platforms/local/progress.ts';
import { makeScratch } from '../platforms/local/scratch.ts';
import { openUserRepository, workTreeAround } from '../platforms/local/user-repository.ts';
import { trustedPath } from '../room/environment.ts';
import { realDeps } from '../run/deps.ts';
import type { RunResult } from '../run/options.ts';
import { run } from '../run/run.ts';
import { exitWith, untilStopped } from '../run/stop-signal.ts';
import { views } from '../views/index.ts';
import { json, jsonResult } from '../views/json.ts';
import { report } from '../views/report.ts';
import { sarif } from '../views/sarif.ts';
import { inert, terminal } from '../views/terminal.ts';

/** Who reads along may stop at any time, as `head` does. */
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

main(readCommandLine(process.argv.slice(2), process.env)).then(exitWith);

async function main(line: CommandLine): Promise<0 | 1 | 2> {
  if ('text' in line) return print(line.text);
  if ('misuse' in line) return misuse(line.misuse);
  const { values } = line;
  const signal = untilStopped();
  const progress = progressLine(process.stderr);
  try {
    const result = await start(line, signal, progress);
    progress.clear();
    if ('nothing' in result) {
      const { outcome, nothing } = result;
      return print(values.json ? `${json({ outcome, reasons: [nothing] })}\n` : `${inert(nothing)}\n`);
    }
    const { ledger, directory, outcome } = result;
    print(
      values.json
        ? `${json(jsonResult(ledger))}\n`
        : `${terminal(ledger, { color: hasColor(), wording: toCliWording })}Ledger: ${directory}\n`,
    );
    await writeFiles(ledger, values);
    return exitCode(outcome);
  } catch (error) {
    progress.clear();
    const cause = signal.aborted ? (signal.reason as Error) : (error as Error);
    const isKnown = cause instanceof Fault || signal.aborted;
    const why = `${isKnown ? '' : 'Countersign has a bug or met a fault it does not know: '}${toCliWording(cause.message)}`;
    const outcome = cause instanceof Fault ? cause.outcome : 'incomplete';
    if (values.json && !(cause instanceof LeftUnwritten)) print(`${json({ outcome, reasons: [why] })}\n`);
    process.stderr.write(`countersign: ${inert(why)}\n`);
    return 1;
  }
}

async function start(
  { config, values }: Invocation,
  signal: AbortSignal,
  { say, warn }: ReturnType<typeof progressLine>,
): Promise<RunResult> {
  const directory = resolve(values.C ?? '.');
  const workTree = workTreeAround(directory);
  const path = trustedPath(process.env.PATH ?? '', workTree ? [workTree] : []);
  const user = await openUserRepository(directory, path, signal);
  const head = values.head ?? 'HEAD';
  const base = values.base ?? (await user.defaultBase()) ?? head;
  const uncommitted = values.head === undefined ? await user.uncommitted() : 0;
  if (uncommitted > 0) {
    const what = uncommitted === 1 ? '1 file has' : `${uncommitted} files have`;
    warn(`Only commits are looked at; ${what} changes that are not committed.`);
  }
  return run({
    config,
    platform: () => createLocal({ ...user, base, head, views }),
    deps: realDeps({
      signal,
      say,
      warn,
      hidden: [user.root],
      identityToken: () =>
        Promise.reject(new Fault('Set ANTHROPIC_FOUNDRY_API_KEY; there is no OIDC token here.')),
    }),
    scratch: await makeScratch(),
    ledgers: join(user.gitDir, 'countersign'),
    workspace: user.root,
    again: true,
    dist: fileURLToPath(new URL('.', import.meta.url)),
  });
}

function hasColor(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** The verdict has been printed by then. */
class LeftUnwritten extends Fault {}

async function writeFiles(ledger: Ledger, values: Invocation['values']): Promise<void> {
  const write = async (option: 'sarif' | 'report', content: () => string): Promise<void> => {
    const path = values[option];
    if (!path) return;
    try {
      await mkdir(dirname(resolve(path)), { recursive: true });
      await writeFile(path, content());
    } catch (error) {
      throw new LeftUnwritten(`--${option} can't be written: ${(error as Error).message}`);
    }
  };
  await write('sarif', () => `${JSON.stringify(sarif(ledger, version), null, 2)}\n`);
  await write('report', () => report(ledger));
}

function print(out: string): 0 {
  process.stdout.write(out);
  return 0;
}

function misuse(why: string): 2 {
  const line = inert(toCliWording(why)).replace(/\.?$/, '.').replaceAll('\n', ' ');
  process.stderr.write(`countersign: ${line} Try: countersign --help\n`);
  return 2;
}

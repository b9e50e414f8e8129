#!/usr/bin/env node
import '../room/no-inspector.ts';
import '../room/close-inherited.ts';
import '../core/zod-jitless.ts';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readConfig } from '../core/config.ts';
import type { Ledger } from '../core/ledger.ts';
import { exitCode, Fault } from '../core/outcome.ts';
import { version } from '../core/version.ts';
import { asTyped, inputOf, optionName } from '../platforms/local/cli-options.ts';
import { createLocal } from '../platforms/local/index.ts';
import { progressLine } from '../platforms/local/progress.ts';
import { openUserRepository, workTreeAround } from '../platforms/local/user-repository.ts';
import { trustedPath } from '../room/environment.ts';
import { realWorld } from '../run/deps.ts';
import { type RunResult, run } from '../run/run.ts';
import { exitWith, untilStopped } from '../run/stop-signal.ts';
import { views } from '../views/index.ts';
import { json, machine } from '../views/json.ts';
import { report } from '../views/report.ts';
import { sarif } from '../views/sarif.ts';
import { inert, terminal } from '../views/terminal.ts';

const help = `Usage: countersign AGENT [options]

  countersign review --base main            judge the commits since main
  countersign fix --test "npm test"         repair what makes the tests fail

AGENT is review, fix, or the name of an .agent.md in the base's .github/agents/.
Only commits are looked at; changes that aren't committed are left alone.

  --base REF           where rules come from and the change starts (default:
                       the remote's default branch, main, master or --head)
  --head REF           what is judged or repaired (default: HEAD)
  --test COMMAND       how to run the tests (default: detected)
  --setup COMMAND      installs what the tests need; run once, before them
  --allow-hosts NAMES  the hosts that --setup may reach (default: none)
  --fail-on SEVERITY   critical, high (default), medium, low or never
  --provider NAME      anthropic (default), bedrock, vertex or foundry
  --model NAME         the model (default: claude-opus-5-5; bedrock: none)
  --sandbox MODE       require (default), auto or off
  --max-attempts N     --max-turns N     --max-tokens N
  --max-cost-usd N     --timeout-minutes N
  --working-directory DIR   where in the repository the tests are run
  --config FILE        configuration, on the base (.github/countersign.yml)
  -C DIR               the repository (default: this directory)
  --json               print the result as JSON
  --sarif FILE         write the findings as SARIF 2.1.0
  --report FILE        write the report of the sessions as HTML
  --help, --version

The credential is ANTHROPIC_API_KEY; ANTHROPIC_BASE_URL is another way to the
model. Other providers have their own credentials, and where they are is said by
AWS_REGION; CLOUD_ML_REGION and ANTHROPIC_VERTEX_PROJECT_ID; or
ANTHROPIC_FOUNDRY_RESOURCE (with ANTHROPIC_FOUNDRY_API_KEY). A fix becomes a
branch of its own; your work tree and your branches are not touched.

Exit codes: 0 passed, fixed or nothing to do; 1 a failing verdict, or a run that
stopped short; 2 misuse.
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** Who reads along may stop at any time, as `head` does. */
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

main(process.argv.slice(2)).then(exitWith);

async function main(argv: string[]): Promise<0 | 1 | 2> {
  let args: ReturnType<typeof parse>;
  try {
    args = parse(argv);
  } catch (error) {
    // Node's advice after the first sentence is longer than what is wrong.
    return misuse((error as Error).message.split(/\. |\n/)[0]!.replace('-C, --C', '-C'));
  }
  const { values, positionals } = args;
  if (values.help) return print(help);
  if (values.version) return print(`${version}\n`);
  const [agent, ...more] = positionals;
  if (!agent) return misuse('no AGENT is named');
  if (more.length > 0) return misuse(`one AGENT at a time, but there are more: ${positionals.join(' ')}`);
  const empty = (['base', 'head', 'C', 'sarif', 'report'] as const).find((name) => values[name] === '');
  if (empty) return misuse(`${optionName(empty)} is empty`);
  let config: ReturnType<typeof readConfig>['config'];
  try {
    config = configOf(agent, values);
  } catch (error) {
    return misuse((error as Error).message);
  }
  const signal = untilStopped();
  const progress = progressLine(process.stderr);
  try {
    const result = await start(config, values, signal, progress);
    progress.clear();
    if ('nothing' in result) {
      const { outcome, nothing } = result;
      return print(values.json ? `${json({ outcome, reasons: [nothing] })}\n` : `${inert(nothing)}\n`);
    }
    const { ledger, directory, outcome } = result;
    print(
      values.json
        ? `${json(machine(ledger))}\n`
        : `${terminal(ledger, { color: hasColor(), asTyped })}Ledger: ${directory}\n`,
    );
    await leave(ledger, values);
    return exitCode(outcome);
  } catch (error) {
    progress.clear();
    const cause = signal.aborted ? (signal.reason as Error) : (error as Error);
    const isKnown = cause instanceof Fault || signal.aborted;
    const why = `${isKnown ? '' : 'Countersign has a bug or met a fault it does not know: '}${asTyped(cause.message)}`;
    const outcome = cause instanceof Fault ? cause.outcome : 'incomplete';
    if (values.json && !(cause instanceof LeftUnwritten)) print(`${json({ outcome, reasons: [why] })}\n`);
    process.stderr.write(`countersign: ${inert(why)}\n`);
    return 1;
  }
}

type Values = ReturnType<typeof parse>['values'];

async function start(
  config: ReturnType<typeof readConfig>['config'],
  values: Values,
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
    world: realWorld({
      signal,
      say,
      warn,
      hidden: [user.root],
      identityToken: () =>
        Promise.reject(new Fault('Set ANTHROPIC_FOUNDRY_API_KEY; there is no OIDC token here.')),
    }),
    scratch: await scratch(),
    ledgers: join(user.gitDir, 'countersign'),
    workspace: user.root,
    again: true,
    dist: fileURLToPath(new URL('.', import.meta.url)),
  });
}

/** @throws Fault when a value isn't allowed, or there is no key */
function configOf(agent: string, values: Values): ReturnType<typeof readConfig>['config'] {
  const inputs = Object.entries(inputOf).flatMap(([option, input]) => {
    const value = values[option as keyof typeof inputOf];
    return value === undefined ? [] : [[input, value] as const];
  });
  const { ANTHROPIC_API_KEY: key = '', ANTHROPIC_BASE_URL: url = '' } = process.env;
  const isElsewhere = values.provider !== undefined && values.provider !== 'anthropic';
  const { config } = readConfig(
    {
      ...Object.fromEntries(inputs),
      agent,
      // Of no use to another provider, but often set.
      ...(!isElsewhere && { 'anthropic-api-key': key, 'anthropic-base-url': url }),
    },
    process.env,
  );
  if (config.access.provider === 'anthropic' && !config.access.apiKey)
    throw new Fault('ANTHROPIC_API_KEY is not set');
  return config;
}

/** A directory for one run, whose path is short enough for the unix sockets in it: 107 bytes. */
async function scratch(): Promise<string> {
  const short = Buffer.byteLength(tmpdir()) <= 70 ? tmpdir() : '/tmp';
  try {
    return await mkdtemp(join(short, 'countersign-'));
  } catch (error) {
    throw new Fault(
      `The directory for temporary files can't be used: ${(error as Error).message}. Set TMPDIR to another one.`,
    );
  }
}

function hasColor(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

function parse(argv: string[]) {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      base: text,
      head: text,
      C: { ...text, short: 'C' },
      json: flag,
      sarif: text,
      report: text,
      help: { ...flag, short: 'h' },
      version: flag,
      ...(Object.fromEntries(Object.keys(inputOf).map((name) => [name, text])) as Record<
        keyof typeof inputOf,
        typeof text
      >),
    },
  });
}

/** The verdict has been printed by then. */
class LeftUnwritten extends Fault {}

async function leave(ledger: Ledger, values: Values): Promise<void> {
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
  const line = inert(asTyped(why)).replace(/\.?$/, '.').replaceAll('\n', ' ');
  process.stderr.write(`countersign: ${line} Try: countersign --help\n`);
  return 2;
}

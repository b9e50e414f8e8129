#!/usr/bin/env node
import './no-inspector.ts';
import './quick-start.ts';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readConfig } from '../core/config.ts';
import { type Ledger, newest } from '../core/ledger.ts';
import { exitCode, Fault } from '../core/outcome.ts';
import { version } from '../core/version.ts';
import { createLocal } from '../platforms/local/index.ts';
import { openUserRepository } from '../platforms/local/user-repository.ts';
import { views } from '../views/index.ts';
import { json, machine } from '../views/json.ts';
import { report } from '../views/report.ts';
import { sarif } from '../views/sarif.ts';
import { terminal } from '../views/terminal.ts';
import { progressLine } from './progress.ts';
import { run } from './run.ts';
import { realWorld, untilStopped } from './world.ts';

const help = `Usage: countersign AGENT [options]

  countersign review --base main            judge the commits since main
  countersign fix --test "npm test"         repair what makes the tests fail

AGENT is review, fix, or the name of an .agent.md in .github/agents/ on the base.
Only commits are looked at; changes that aren't committed are left alone.

  --base REF           where rules come from and the change starts (default: the
                       remote's default branch, else main or master, else --head)
  --head REF           what is judged or repaired (default: HEAD)
  --test COMMAND       how to run the tests (default: detected)
  --setup COMMAND      run in each room before the tests
  --fail-on SEVERITY   critical, high (default), medium, low or never
  --model NAME         the model (default: claude-opus-5-5)
  --sandbox MODE       require (default), auto or off
  --max-attempts N     --max-turns N     --max-tokens N
  --max-cost-usd N     --timeout-minutes N
  --working-directory DIR   where in the repository the tests are run
  --config FILE        configuration on the base (default: .github/countersign.yml)
  -C DIR               the repository (default: this directory)
  --json               print the result as JSON
  --sarif FILE         write the findings as SARIF 2.1.0
  --report FILE        write the report of the sessions as HTML
  --help, --version

The credential is ANTHROPIC_API_KEY; ANTHROPIC_BASE_URL is another way to the model.
A fix becomes a branch of its own; your work tree and your branches are not touched.

Exit codes: 0 passed, fixed or nothing to do; 1 a failing verdict, or a run that
stopped short; 2 misuse.
`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** Options that stand for an input of the action, and its name there. */
const inputOf = {
  test: 'test-command',
  setup: 'setup-command',
  'fail-on': 'fail-on',
  model: 'model',
  sandbox: 'sandbox',
  'max-attempts': 'max-attempts',
  'max-turns': 'max-turns',
  'max-tokens': 'max-tokens',
  'max-cost-usd': 'max-cost-usd',
  'timeout-minutes': 'timeout-minutes',
  'working-directory': 'working-directory',
  config: 'config',
} as const;

// `countersign ... | head` closes the pipe early; the run and its exit code do not depend on who reads.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

async function main(argv: string[]): Promise<0 | 1 | 2> {
  let args: ReturnType<typeof parse>;
  try {
    args = parse(argv);
  } catch (error) {
    return misuse((error as Error).message.split('\n')[0]!);
  }
  const { values, positionals } = args;
  if (values.help) return print(help);
  if (values.version) return print(`${version}\n`);
  const [agent, ...more] = positionals;
  if (!agent) return misuse('no AGENT is named');
  if (more.length > 0) return misuse(`too many arguments: ${more.join(' ')}`);
  const signal = untilStopped();
  const progress = progressLine(process.stderr);
  try {
    const inputs = Object.entries(inputOf).flatMap(([option, input]) => {
      const value = values[option as keyof typeof inputOf];
      return value === undefined ? [] : [[input, value] as const];
    });
    const { ANTHROPIC_API_KEY: key = '', ANTHROPIC_BASE_URL: url = '' } = process.env;
    let config: ReturnType<typeof readConfig>['config'];
    try {
      ({ config } = readConfig({
        ...Object.fromEntries(inputs),
        agent,
        'anthropic-api-key': key,
        'anthropic-base-url': url,
      }));
    } catch (error) {
      return misuse((error as Error).message);
    }
    const user = await openUserRepository(resolve(values.C ?? '.'));
    const head = values.head ?? 'HEAD';
    const base = values.base ?? (await user.defaultBase()) ?? head;
    const result = await run({
      config,
      platform: createLocal({ ...user, base, head, views }),
      world: realWorld({
        signal,
        say: progress.say,
        warn: progress.warn,
        hidden: [user.root],
        identityToken: () => Promise.reject(new Fault('Set ANTHROPIC_API_KEY; there is no OIDC token here.')),
      }),
      scratch: await mkdtemp(join(tmpdir(), 'countersign-')),
      ledgers: join(user.gitDir, 'countersign'),
      workspace: user.root,
      again: true,
      dist: fileURLToPath(new URL('.', import.meta.url)),
    });
    progress.clear();
    if ('nothing' in result) return print(`${result.nothing}\n`);
    await leave(result.ledger, values);
    const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
    print(values.json ? `${json(machine(result.ledger))}\n` : terminal(result.ledger, { color }));
    if (!values.json) print(wherever(result.ledger, result.directory));
    return exitCode(result.outcome);
  } catch (error) {
    progress.clear();
    const cause = signal.aborted ? (signal.reason as Error) : (error as Error);
    const unknown =
      cause instanceof Fault || signal.aborted
        ? ''
        : 'Countersign has a bug or met a fault it does not know: ';
    process.stderr.write(`countersign: ${unknown}${cause.message}\n`);
    return 1;
  }
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

async function leave(
  ledger: Ledger,
  { sarif: sarifFile, report: reportFile }: { sarif?: string; report?: string },
): Promise<void> {
  const write = async (path: string, content: string): Promise<void> => {
    const file = resolve(path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, content);
  };
  if (sarifFile) await write(sarifFile, `${JSON.stringify(sarif(ledger, version), null, 2)}\n`);
  if (reportFile) await write(reportFile, report(ledger));
}

function wherever(ledger: Ledger, directory: string): string {
  const branch = newest(ledger, 'receipt')?.detail;
  const merge = branch ? `The fix is on the branch ${branch}: git merge ${branch}\n` : '';
  return `${merge}Ledger: ${directory}\n`;
}

function print(out: string): 0 {
  process.stdout.write(out);
  return 0;
}

function misuse(why: string): 2 {
  process.stderr.write(`countersign: ${why}\nTry: countersign --help\n`);
  return 2;
}

import { parseArgs } from 'node:util';
import { readConfig } from '../../core/config.ts';
import { Fault } from '../../core/outcome.ts';
import { version } from '../../core/version.ts';
import { inputOf, optionName } from './cli-options.ts';

/** What the command line asks for: a run, a text to print, or nothing that can be understood. */
export type CommandLine = Invocation | { text: string } | { misuse: string };

/** A run that is asked for. */
export interface Invocation {
  config: ReturnType<typeof readConfig>['config'];
  values: ReturnType<typeof parse>['values'];
}

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

/** Reads the arguments behind the program's name, and the credential's variables in `environment`. */
export function readCommandLine(
  argv: string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine {
  let args: ReturnType<typeof parse>;
  try {
    args = parse(argv);
  } catch (error) {
    // Node's advice after the first sentence is longer than what is wrong.
    return { misuse: (error as Error).message.split(/\. |\n/)[0]!.replace('-C, --C', '-C') };
  }
  const { values, positionals } = args;
  if (values.help) return { text: help };
  if (values.version) return { text: `${version}\n` };
  const [agent, ...more] = positionals;
  if (!agent) return { misuse: 'no AGENT is named' };
  if (more.length > 0) return { misuse: `one AGENT at a time, but there are more: ${positionals.join(' ')}` };
  const empty = (['base', 'head', 'C', 'sarif', 'report'] as const).find((name) => values[name] === '');
  if (empty) return { misuse: `${optionName(empty)} is empty` };
  try {
    return { config: configOf(agent, values, environment), values };
  } catch (error) {
    return { misuse: (error as Error).message };
  }
}

/** @throws Fault when a value isn't allowed, or there is no key */
function configOf(
  agent: string,
  values: Invocation['values'],
  environment: Readonly<Record<string, string | undefined>>,
): Invocation['config'] {
  const inputs = Object.entries(inputOf).flatMap(([option, input]) => {
    const value = values[option as keyof typeof inputOf];
    return value === undefined ? [] : [[input, value] as const];
  });
  const { ANTHROPIC_API_KEY: key = '', ANTHROPIC_BASE_URL: url = '' } = environment;
  const isElsewhere = values.provider !== undefined && values.provider !== 'anthropic';
  const { config } = readConfig(
    {
      ...Object.fromEntries(inputs),
      agent,
      // Of no use to another provider, but often set.
      ...(!isElsewhere && { 'anthropic-api-key': key, 'anthropic-base-url': url }),
    },
    environment,
  );
  if (config.access.provider === 'anthropic' && !config.access.apiKey)
    throw new Fault('ANTHROPIC_API_KEY is not set');
  return config;
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

import { parseArgs } from 'node:util';

export const help = `Usage: npm run demo -- [options]

Without options, three runs of the action on a small repository with a history: it repairs a pull request
that breaks a test, reviews what came of that, and reviews another one that smuggles in an SQL injection.
GitHub and the model are stand-ins on this machine, so neither a key nor a network is needed; the action,
its rooms, git and the tests are real.

  --live           ask the real Messages API with ANTHROPIC_API_KEY instead of the scripted model; each run
                   may cost 1 US dollar at most (ANTHROPIC_BASE_URL is another way to the model)
  --model NAME     the model that --live asks (default: the action's own)
  --sandbox MODE   require, auto or off, as the action's input (default: require with --live, else auto)
  --output DIR     where reports and ledgers are kept (default: demo-output)
  --help

On any git repository, the review of a change by the command line, dist/cli.js:

  --repo PATH      the repository, which must have --base and --head
  --base REF       where rules come from and the change starts
  --head REF       what is judged
  --reply FILE     the model's replies; without it, it reads the largest changed file and finds nothing

A reply FILE is YAML or JSON, one turn for each request:

  conversations:
    - name: reviewer                  # shown in messages
      turns:
        - text: I read the file first.
          tools:
            - { name: read, input: { file_path: src/add.js } }
        - tools:
            - name: submit_findings   # ends the session
              input:
                summary: Adds two numbers.
                findings:
                  - { path: src/add.js, line: 3, endLine: 3, severity: high, category: correctness,
                      rule: wrong-sign, confidence: 0.9, message: It subtracts., quote: return a - b; }

A turn may also be { status: 429 }, an HTTP error. The tools are read, glob, grep and submit_findings.

Exit codes: 0 all came out as expected; 1 it did not, and what differed is said; 2 misuse. With --repo it is
the command line's own.
`;

export interface Repository {
  path: string;
  base: string;
  head: string;
  reply: string | undefined;
}

export interface Options {
  help: boolean;
  /** The key of the real model; undefined where the model is scripted. */
  key: string | undefined;
  baseUrl: string | undefined;
  model: string | undefined;
  sandbox: string;
  output: string;
  repository: Repository | undefined;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const known = {
  live: flag,
  model: text,
  sandbox: text,
  output: text,
  repo: text,
  base: text,
  head: text,
  reply: text,
  help: { ...flag, short: 'h' },
} as const;

/** What is asked for, or in one line why that can't be. */
export function readOptions(argv: string[], env: NodeJS.ProcessEnv): Options | { misuse: string } {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return { misuse: `${(error as Error).message.split(/[\n.]/)[0]}. Try: npm run demo -- --help` };
  }
  const { live = false, repo, base, head, reply, sandbox } = values;
  const misuse = misuseOf(values, env);
  if (misuse && !values.help) return { misuse };
  return {
    help: values.help ?? false,
    key: live ? env.ANTHROPIC_API_KEY : undefined,
    baseUrl: live ? env.ANTHROPIC_BASE_URL || undefined : undefined,
    model: values.model,
    // Scripted replies run nothing but the demo's own tests, and there are machines without bubblewrap.
    sandbox: sandbox ?? (live ? 'require' : 'auto'),
    output: values.output ?? 'demo-output',
    repository: repo === undefined ? undefined : { path: repo, base: base!, head: head!, reply },
  };
}

function parse(argv: string[]) {
  return parseArgs({ args: argv, options: known }).values;
}

function misuseOf(values: ReturnType<typeof parse>, env: NodeJS.ProcessEnv): string | undefined {
  const { live, repo, base, head, reply, sandbox, model } = values;
  if (live && !env.ANTHROPIC_API_KEY)
    return '--live needs a key of the Messages API in ANTHROPIC_API_KEY; without --live the model is scripted.';
  if (model !== undefined && !live) return '--model only means something with --live.';
  if (sandbox !== undefined && !['require', 'auto', 'off'].includes(sandbox))
    return '--sandbox must be require, auto or off.';
  if (repo === undefined) {
    const stray = Object.entries({ base, head, reply }).find(([, value]) => value !== undefined)?.[0];
    return stray && `--${stray} only means something with --repo.`;
  }
  if (base === undefined || head === undefined) return '--repo needs --base and --head as well.';
  if (live && reply !== undefined) return '--live and --reply exclude each other.';
  return undefined;
}

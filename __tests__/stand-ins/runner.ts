import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  type Dirent,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiled } from './compiled.ts';
import { patience } from './patience.ts';
import { type Action, inputVariables, readAction, unexpectedInputs } from './runner/action.ts';
import { type Exit, type Step, startStep } from './runner/child.ts';
import { type Annotation, startCommands } from './runner/commands.ts';
import { environmentOf, type Places } from './runner/environment.ts';
import { collectFiles, createFiles, type Written } from './runner/files.ts';
import { type Masker, startMasker } from './runner/mask.ts';

export type { Annotation } from './runner/commands.ts';
export { type PayloadName, type PayloadOverrides, payload } from './runner/payload.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One run of an action, as a workflow's step would describe it. */
export type RunOptions = {
  /** By their hyphenated names; what is left out gets the default of action.yml. */
  inputs: Record<string, string>;
  event: { name: string; payload: object };
  /** What `${{ github.token }}` stands for. */
  token: string;
  github: {
    apiUrl: string;
    serverUrl: string;
    graphqlUrl?: string;
    resultsUrl?: string;
    runtimeToken?: string;
    oidc?: { url: string; token: string };
  };
  /** `owner/name` */
  repository: string;
  sha: string;
  ref: string;
  /** Taken from the payload of a pull request event when absent. */
  headRef?: string;
  baseRef?: string;
  /** Variables of the job; `undefined` takes one away. */
  env?: Record<string, string | undefined>;
  /** The checkout, and the step's working directory; an empty directory by default. */
  workspace?: string;
  /** Masked in the log from the start, as `secrets.*` are; `token` always is. */
  secrets?: string[];
  /** Looked for in everything that comes out, unmasked; found ones are in `leaks`. */
  canaries?: string[];
  /** Called with every piece of output of `main` and the log so far; may signal the child. */
  signalAfter?: (child: ChildProcess, output: string) => void;
  /** Called once `main` runs, for signals that wait for something other than output. */
  onSpawn?: (child: ChildProcess) => void;
  /** A descriptor that the runner has left open in the process of `main`, as number 40. */
  inherited?: number;
  /** Where action.yml is; this repository by default. */
  actionDir?: string;
  skipPost?: boolean;
  /** Directories before the others in PATH, for stub binaries. */
  extraPath?: string[];
  /** RUNNER_TEMP; a fresh directory by default. */
  temp?: string;
  actor?: string;
  job?: string;
  workflow?: string;
  runId?: number;
  runAttempt?: number;
  /** After this long everything is killed and the promise rejects with the log so far; `patience` by default. */
  timeoutMs?: number;
};

/** What a run left behind. */
export type RunResult = {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** What the runner would show: failure also when a command file could not be read. */
  conclusion: 'success' | 'failure';
  /** As written by the process; only `log` is masked. */
  stdout: string;
  stderr: string;
  /** Both streams as they came, commands interpreted, secrets masked. */
  log: string;
  outputs: Record<string, string>;
  state: Record<string, string>;
  env: Record<string, string>;
  path: string[];
  summary: string;
  annotations: { error: Annotation[]; warning: Annotation[]; notice: Annotation[] };
  /** Every masked value, those of `secrets` and `token` too. */
  masked: string[];
  /** Canaries that stood outside of an add-mask command: in output, command files or annotations. */
  leaks: string[];
  temp: string;
  /** Paths under RUNNER_TEMP after `post`, without the runner's own files. */
  tempEntries: string[];
  home: string;
  homeEntries: string[];
  workspace: string;
  /** Processes of the group of `main` were still there when it ended; they are killed after `post`. */
  leftRunning: boolean;
  post: { exitCode: number | null; signal: NodeJS.Signals | null; log: string; ran: boolean };
  durationMs: number;
  /** Removes everything that the run made outside of directories that were given. */
  cleanup: () => void;
};

type Ran = Exit & Omit<Written, 'raw'> & { log: string; raw: string; annotations: RunResult['annotations'] };

/** Runs an action's `main` and then its `post` the way actions/runner does for a JavaScript action. */
export async function runAction(options: RunOptions): Promise<RunResult> {
  const started = performance.now();
  const actionDir = options.actionDir ?? ROOT;
  const action = readAction(actionDir);
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'runner-'));
  const places = makePlaces(root, actionDir, options);
  const masker = startMasker([options.token, ...(options.secrets ?? [])]);
  const base = { ...environmentOf(options, places), ...inputsOf(action, options, places) };
  const steps: Step[] = [];
  const logs: string[][] = [];
  let late = false;
  const killAll = async (): Promise<void> => {
    await Promise.all(steps.map((step) => step.kill()));
  };
  const run = (script: string, env: Record<string, string>, listen: boolean): Promise<Ran> =>
    runScript({ script, env, places, masker, steps, logs, options: listen ? options : {} });

  const whole = async (): Promise<RunResult> => {
    const main = await run(action.main, base, true);
    if (late) throw new Error('too late');
    const warning = unexpectedInputs(action, options.inputs);
    if (warning) main.annotations.warning.push({ message: warning });
    const conclusion = main.exitCode === 0 && main.errors.length === 0 ? 'success' : 'failure';
    const wanted = action.postIf.trim() !== 'success()' || conclusion === 'success';
    const post =
      action.post && wanted && !options.skipPost
        ? await run(
            action.post,
            { ...base, ...main.env, ...pathWith(base, main.path), ...stateOf(main.state) },
            false,
          )
        : undefined;
    await killAll();
    const texts = [main, post].map((ran) => (ran ? unmasked(ran) : ''));
    return {
      exitCode: main.exitCode,
      signal: main.signal,
      conclusion,
      stdout: main.stdout,
      stderr: main.stderr,
      log: main.log,
      outputs: main.outputs,
      state: main.state,
      env: main.env,
      path: main.path,
      summary: main.summary,
      annotations: merge(main.annotations, post?.annotations),
      masked: masker.secrets,
      leaks: (options.canaries ?? []).filter((canary) => texts.some((text) => text.includes(canary))),
      temp: places.temp,
      tempEntries: entriesOf(places.temp).filter((path) => !isRunners(path)),
      home: places.home,
      homeEntries: entriesOf(places.home),
      workspace: places.workspace,
      leftRunning: main.leftRunning,
      post: {
        exitCode: post?.exitCode ?? null,
        signal: post?.signal ?? null,
        log: post?.log ?? '',
        ran: post !== undefined,
      },
      durationMs: performance.now() - started,
      cleanup: () => rmSync(root, { recursive: true, force: true }),
    };
  };

  const limit = options.timeoutMs ?? patience;
  return withLimit(whole(), limit, async () => {
    late = true;
    await killAll();
    rmSync(root, { recursive: true, force: true, maxRetries: 3 });
    return new Error(`the action did not end within ${limit} ms; its log so far:\n${logs.flat().join('\n')}`);
  });
}

type Script = {
  script: string;
  env: Record<string, string>;
  places: Places;
  masker: Masker;
  steps: Step[];
  logs: string[][];
  options: Pick<RunOptions, 'signalAfter' | 'onSpawn' | 'inherited'>;
};

async function runScript({ script, env, places, masker, steps, logs, options }: Script): Promise<Ran> {
  const files = createFiles(places.temp, randomUUID());
  const commands = startCommands(masker);
  logs.push(commands.lines);
  const step = startStep(
    nodeBinary(),
    resolve(places.actionDir, script),
    {
      cwd: places.workspace,
      env: {
        ...env,
        ...files,
        ...(resolve(places.actionDir) === resolve(ROOT) && { NODE_COMPILE_CACHE: compiled }),
      },
    },
    commands.take,
    (child) => options.signalAfter?.(child, commands.lines.join('\n')),
    options.inherited,
  );
  steps.push(step);
  options.onSpawn?.(step.child);
  const exit = await step.exit;
  const written = collectFiles(files);
  const { annotations, lines } = commands;
  for (const message of written.errors) annotations.error.push({ message: masker.hide(message) });
  return {
    ...exit,
    ...written,
    annotations,
    log: lines.join('\n'),
    summary: masker.hide(written.summary),
    outputs: { ...commands.outputs, ...written.outputs },
    state: { ...commands.state, ...written.state },
  };
}

function makePlaces(root: string, actionDir: string, options: RunOptions): Places {
  const name = options.repository.split('/')[1] ?? 'repository';
  const places = {
    actionDir,
    temp: options.temp ?? join(root, '_temp'),
    home: join(root, 'home'),
    tools: join(root, '_tool'),
    workspace: options.workspace ?? join(root, name, name),
  };
  // Runs that are given one folder side by side have an event each.
  const eventName = options.temp ? `${basename(root)}.json` : 'event.json';
  const eventPath = join(places.temp, '_github_workflow', eventName);
  for (const path of [places.home, places.tools, places.workspace, join(places.temp, '_github_workflow')]) {
    mkdirSync(path, { recursive: true });
  }
  writeFileSync(eventPath, JSON.stringify(options.event.payload, null, 2));
  return { ...places, eventPath };
}

const inputsOf = (action: Action, options: RunOptions, places: Places): Record<string, string> =>
  inputVariables(action, options.inputs, {
    'github.token': options.token,
    'github.repository': options.repository,
    'github.workspace': places.workspace,
    'github.sha': options.sha,
    'github.ref': options.ref,
  });

function nodeBinary(): string {
  const installed = join(ROOT, 'node_modules/.bin/node');
  if (existsSync(installed)) return realpathSync(installed);
  if (process.version.startsWith('v24.')) return process.execPath;
  throw new Error('the runner stand-in needs Node 24: run `npm ci`');
}

const stateOf = (state: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value]));

const pathWith = (env: Record<string, string>, added: string[]): Record<string, string> =>
  added.length > 0 ? { PATH: [...added.toReversed(), env.PATH].join(':') } : {};

const merge = (
  one: RunResult['annotations'],
  other?: RunResult['annotations'],
): RunResult['annotations'] => ({
  error: [...one.error, ...(other?.error ?? [])],
  warning: [...one.warning, ...(other?.warning ?? [])],
  notice: [...one.notice, ...(other?.notice ?? [])],
});

// A value has to stand in the command that masks it.
const unmasked = (ran: Ran): string =>
  [ran.stdout, ran.stderr, ran.raw].join('\n').replaceAll(/^\s*::add-mask::.*$/gm, '');

const isRunners = (path: string): boolean =>
  /^(_github_workflow(\/[\w-]+\.json)?|_runner_file_commands)$/.test(path);

const entriesOf = (directory: string): string[] => walk(directory, '').sort();

/** All that lies below; a run beside this one may delete its folders meanwhile. */
function walk(root: string, folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && folder !== '') return [];
    throw error;
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...walk(root, path)] : [path];
  });
}

async function withLimit<T>(work: Promise<T>, limit: number, onLimit: () => Promise<Error>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => {
      isOver = true;
      void onLimit().then(fail, fail);
    }, limit);
  });
  // What is killed at the limit fails in ways of its own, maybe sooner; the limit is why.
  const told = work.catch((error: unknown) => (isOver ? late : Promise.reject(error)));
  try {
    return await Promise.race([told, late]);
  } finally {
    clearTimeout(timer);
  }
}

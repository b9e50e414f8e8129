/** A test runner that can write the tests by name, and how it is told to from outside. */
export interface Runner {
  name: 'jest' | 'vitest' | 'node' | 'pytest' | 'go' | 'gotestsum';
  /** One `--` for each npm between the command and the runner: each takes one away. */
  npmDashes: number;
}

/** Runners that are told by arguments at the end of the command; the others are told by their environment. */
const byArguments: ReadonlySet<Runner['name']> = new Set(['jest', 'vitest', 'go']);

/** Deeper chains of scripts are no one's. */
const maxDepth = 5;

type Scripts = Readonly<Record<string, string>>;

/** The scripts of package.json that a command runs, by name, in the order they are come upon. */
export function scriptsOf(command: string, scripts: Scripts, depth = 0): string[] {
  if (depth > maxDepth) return [];
  const own = segments(command).flatMap((segment) => {
    const call = scriptCall(wordsOf(segment), scripts);
    if (!call) return [];
    const around = [`pre${call.script}`, call.script, `post${call.script}`];
    return around
      .filter((name) => Object.hasOwn(scripts, name))
      .flatMap((name) => [name, ...scriptsOf(scripts[name]!, scripts, depth + 1)]);
  });
  return [...new Set(own)];
}

/**
 * The runner that a command ends in, through the scripts of package.json.
 * @returns undefined when there is none that can be told to write a report: an unknown one, one that is
 * told already, one whose output something else reads, or two of them
 */
export function runnerOf(command: string, scripts: Scripts, depth = 0): Runner | undefined {
  if (depth > maxDepth) return undefined;
  const all = segments(command);
  const found = all.flatMap((segment, index) => {
    const runner = runnerOfSegment(segment, scripts, depth);
    return runner ? [{ runner, last: index === all.length - 1 }] : [];
  });
  // The second of two would write over the first one's report.
  if (found.length !== 1) return undefined;
  const { runner, last } = found[0]!;
  return byArguments.has(runner.name) && !last ? undefined : runner;
}

function runnerOfSegment(segment: string, scripts: Scripts, depth: number): Runner | undefined {
  const words = wordsOf(segment);
  const call = scriptCall(words, scripts);
  if (call) {
    const inner = runnerOf(scripts[call.script]!, scripts, depth + 1);
    return inner && { ...inner, npmDashes: inner.npmDashes + (call.separates ? 1 : 0) };
  }
  const name = runnerOfWords(words);
  // A background job, or a comment, swallows what is appended.
  if (!name || (byArguments.has(name) && /&\s*$|#/.test(segment))) return undefined;
  return { name, npmDashes: 0 };
}

function runnerOfWords(words: readonly string[]): Runner['name'] | undefined {
  const [program = '', ...rest] = words;
  const told = (...options: string[]): boolean =>
    rest.some((word) => options.some((option) => word === option || word.startsWith(`${option}=`)));
  const base = baseOf(program);
  if (base === 'node' || base === 'tsx') {
    const script = rest.find((word) => /(^|\/)(jest|vitest)(\.m?js)?$/.test(word));
    if (script)
      return told('--json', '--outputFile') ? undefined : script.includes('vitest') ? 'vitest' : 'jest';
    return told('--test') && !told('--test-reporter', '--test-reporter-destination') ? 'node' : undefined;
  }
  if (base === 'jest' || ((base === 'react-scripts' || base === 'craco') && rest[0] === 'test')) {
    return told('--json', '--outputFile') ? undefined : 'jest';
  }
  if (base === 'vitest') return told('--outputFile') ? undefined : 'vitest';
  if (base === 'pytest' || base === 'py.test')
    return told('--junitxml', '--junit-xml') ? undefined : 'pytest';
  if (/^python[\d.]*$/.test(base) && rest[0] === '-m' && rest[1] === 'pytest') {
    return told('--junitxml', '--junit-xml') ? undefined : 'pytest';
  }
  if (base === 'go' && rest[0] === 'test') return told('-json') ? undefined : 'go';
  if (base === 'gotestsum') return told('--junitfile') ? undefined : 'gotestsum';
  return undefined;
}

function segments(command: string): string[] {
  return command.split(/&&|\|\||[;|\n]/).filter((segment) => segment.trim() !== '');
}

/** Programs that only run the rest of their line. */
const launchers: Readonly<Record<string, number>> = {
  npx: 0,
  bunx: 0,
  'cross-env': 0,
  'cross-env-shell': 0,
  env: 0,
  exec: 0,
  time: 0,
  c8: 0,
  nyc: 0,
  'pnpm exec': 1,
  'yarn exec': 1,
  'npm exec': 1,
  'uv run': 1,
  'poetry run': 1,
  'pipenv run': 1,
  'hatch run': 1,
  'pdm run': 1,
};

/** The words of a simple command, without the assignments and launchers before its program. */
function wordsOf(segment: string): string[] {
  const words = segment
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^["']|["']$/g, ''));
  for (;;) {
    const [first = '', second = ''] = words;
    if (/^\w+=/.test(first)) {
      words.shift();
      continue;
    }
    const extra = launchers[`${first} ${second}`] ?? launchers[first];
    if (extra === undefined || words.length === 1) return words;
    words.splice(0, 1 + extra);
    while (words[0]?.startsWith('-')) words.shift();
  }
}

function baseOf(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

/** Options that make a package manager run scripts of other packages than this one. */
const elsewhere = /^(-w|-ws|--workspaces?|-C|--prefix|--filter|-F|-r|--recursive|--cwd)(=|$)/;
const verbs: ReadonlySet<string> = new Set(['run', 'run-script', 'rum', 'urn']);
const shortcuts: Readonly<Record<string, string>> = { t: 'test', tst: 'test', test: 'test', start: 'start' };

/** The script that a call of a package manager runs, and whether it takes a `--` away from what follows. */
function scriptCall(
  words: readonly string[],
  scripts: Scripts,
): { script: string; separates: boolean } | undefined {
  const [program = '', ...rest] = words;
  const manager = baseOf(program);
  const separated = rest.includes('--');
  if (manager === 'node') {
    const script = rest[0] === '--run' ? rest[1] : undefined;
    return script !== undefined && Object.hasOwn(scripts, script)
      ? { script, separates: !separated }
      : undefined;
  }
  if (!['npm', 'pnpm', 'yarn', 'bun'].includes(manager)) return undefined;
  if (rest.some((word) => elsewhere.test(word))) return undefined;
  const [verb, object] = rest.filter((word) => !word.startsWith('-'));
  if (verb === undefined) return undefined;
  const bare = manager === 'npm' ? shortcuts[verb] : manager === 'bun' && verb === 'test' ? undefined : verb;
  const script = verbs.has(verb) ? object : bare;
  if (script === undefined || !Object.hasOwn(scripts, script)) return undefined;
  return { script, separates: manager === 'npm' && !separated };
}

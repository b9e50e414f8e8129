import type { Runner } from './runner.ts';

export interface RunnerInvocation {
  command: string;
  env: Record<string, string>;
  report?: { name: string; format: 'jest' | 'junit' };
}

/** What is so in every test run: as on a build machine, and no colours. */
const always = { CI: 'true', NO_COLOR: '1' } as const;

/**
 * How to run a test command so that it leaves a report in the outbox. Where the runner can be told by its
 * environment, the command stays as its author wrote it.
 * @param outbox the outbox as seen from inside the room
 */
export function invocationOf(command: string, runner: Runner | undefined, outbox: string): RunnerInvocation {
  const junit = { name: 'tests.xml', format: 'junit' } as const;
  const file = `${outbox}/${junit.name}`;
  switch (runner?.name) {
    case 'jest': {
      const report = { name: 'tests.json', format: 'jest' } as const;
      return {
        command: append(command, runner, ['--json', `--outputFile=${outbox}/${report.name}`]),
        env: { ...always },
        report,
      };
    }
    case 'vitest':
      return {
        command: append(command, runner, [
          '--reporter=default',
          '--reporter=junit',
          `--outputFile.junit=${file}`,
        ]),
        env: { ...always },
        report: junit,
      };
    case 'node':
      return { command, env: { ...always, NODE_OPTIONS: nodeOptions(file) }, report: junit };
    case 'pytest':
      // The family xunit1 has the file of each test, which the default one lacks.
      return {
        command,
        env: { ...always, PYTEST_ADDOPTS: `${quote(`--junitxml=${file}`)} -o junit_family=xunit1` },
        report: junit,
      };
    case 'gotestsum':
      return { command, env: { ...always, GOTESTSUM_JUNITFILE: file }, report: junit };
    case 'go': {
      const told = command.replace(/^\s*go\s+test\b/, `gotestsum --junitfile ${quote(file)} --`);
      return told === command
        ? { command, env: { ...always } }
        : { command: told, env: { ...always }, report: junit };
    }
    default:
      return { command, env: { ...always } };
  }
}

function nodeOptions(file: string): string {
  return [
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=junit',
    `--test-reporter-destination=${/[\s"\\]/.test(file) ? JSON.stringify(file) : file}`,
  ].join(' ');
}

function append(command: string, runner: Runner, options: readonly string[]): string {
  const separators = Array.from({ length: runner.npmDashes }, () => '--');
  return [command.trimEnd(), ...separators, ...options.map(quote)].join(' ');
}

/** A word that a POSIX shell reads as it is. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PREFIXES = {
  GITHUB_ENV: 'set_env_',
  GITHUB_PATH: 'add_path_',
  GITHUB_OUTPUT: 'set_output_',
  GITHUB_STATE: 'save_state_',
  GITHUB_STEP_SUMMARY: 'step_summary_',
};

const SUMMARY_LIMIT = 1024 * 1024;

type Name = keyof typeof PREFIXES;

/** The command files of one step, as paths by the name of their variable. */
export type CommandFiles = Record<Name, string>;

/** What a step wrote into its command files; `errors` are what the runner could not make sense of. */
export type Written = {
  outputs: Record<string, string>;
  state: Record<string, string>;
  env: Record<string, string>;
  path: string[];
  summary: string;
  raw: string;
  errors: string[];
};

/** Creates the empty command files of a step. */
export function createFiles(temp: string, suffix: string): CommandFiles {
  const directory = join(temp, '_runner_file_commands');
  mkdirSync(directory, { recursive: true });
  const entries = Object.entries(PREFIXES).map(([name, prefix]) => [name, join(directory, prefix + suffix)]);
  for (const [, path] of entries) writeFileSync(path!, '');
  return Object.fromEntries(entries) as CommandFiles;
}

/** Reads what a step left in its command files, and removes them. */
export function collectFiles(files: CommandFiles): Written {
  const texts = Object.fromEntries(
    Object.entries(files).map(([name, path]) => [name, readIfThere(path)]),
  ) as CommandFiles;
  for (const path of Object.values(files)) rmSync(path, { force: true });
  const errors: string[] = [];
  const pairs = (name: Name, label: string): Record<string, string> => {
    try {
      return parsePairs(texts[name]);
    } catch (error) {
      errors.push(`Unable to process file command '${label}' successfully.`, (error as Error).message);
      return {};
    }
  };
  const env = pairs('GITHUB_ENV', 'env');
  if ('NODE_OPTIONS' in env) {
    errors.push(
      "Unable to process file command 'env' successfully.",
      "Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.",
    );
    delete env.NODE_OPTIONS;
  }
  const size = Buffer.byteLength(texts.GITHUB_STEP_SUMMARY);
  if (size > SUMMARY_LIMIT) {
    errors.push(
      `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.floor(size / 1024)}k.`,
    );
  }
  return {
    outputs: pairs('GITHUB_OUTPUT', 'output'),
    state: pairs('GITHUB_STATE', 'state'),
    env,
    path: texts.GITHUB_PATH.split('\n').filter((line) => line !== ''),
    summary: size > SUMMARY_LIMIT ? '' : texts.GITHUB_STEP_SUMMARY,
    raw: Object.values(texts).join('\n'),
    errors,
  };
}

/** Reads `name=value` and `name<<delimiter` entries as the runner does, and throws what it would report. */
export function parsePairs(text: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line === '') continue;
    const equals = line.indexOf('=');
    const here = line.indexOf('<<');
    if (equals >= 0 && (here < 0 || equals < here)) {
      if (equals === 0) throw new Error(`Invalid format '${line}'. Name must not be empty`);
      pairs[line.slice(0, equals)] = line.slice(equals + 1);
    } else if (here >= 0) {
      const name = line.slice(0, here);
      const delimiter = line.slice(here + 2);
      if (name === '' || delimiter === '') {
        throw new Error(`Invalid format '${line}'. Name must not be empty and delimiter must not be empty`);
      }
      const end = lines.indexOf(delimiter, at + 1);
      if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`);
      pairs[name] = lines.slice(at + 1, end).join('\n');
      at = end;
    } else {
      throw new Error(`Invalid format '${line}'`);
    }
  }
  return pairs;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

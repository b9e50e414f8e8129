import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** What the runner needs of an action.yml. */
export type Action = {
  inputs: Record<string, { default?: unknown; required?: boolean }>;
  main: string;
  post: string | undefined;
  postIf: string;
};

/** Reads the action.yml of a directory. */
export function readAction(directory: string): Action {
  const { inputs, runs } = parse(readFileSync(join(directory, 'action.yml'), 'utf8'));
  if (!/^node\d+$/.test(runs?.using))
    throw new Error(`not a JavaScript action: runs.using is ${runs?.using}`);
  return { inputs: inputs ?? {}, main: runs.main, post: runs.post, postIf: runs['post-if'] ?? 'always()' };
}

/** The `INPUT_*` variables, named and filled as the runner does: every declared input is there, empty at least. */
export function inputVariables(
  action: Action,
  given: Record<string, string>,
  context: Record<string, string>,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, input] of Object.entries(action.inputs)) {
    values[name] = evaluate(String(input.default ?? ''), context);
  }
  Object.assign(values, given);
  const entries = Object.entries(values);
  return Object.fromEntries(
    entries.map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]),
  );
}

/** The warning that the runner prints about inputs the action does not declare. */
export function unexpectedInputs(action: Action, given: Record<string, string>): string | undefined {
  const valid = Object.keys(action.inputs);
  const unknown = Object.keys(given).filter((name) => !valid.includes(name));
  if (unknown.length === 0) return undefined;
  const list = (names: string[]): string => names.map((name) => `'${name}'`).join(', ');
  return `Unexpected input(s) ${list(unknown)}, valid inputs are [${list(valid)}]`;
}

function evaluate(text: string, context: Record<string, string>): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, name: string) => {
    const value = context[name];
    if (value === undefined) throw new Error(`the runner stand-in cannot evaluate \${{ ${name} }}`);
    return value;
  });
}

import type { Masker } from './mask.ts';

/** An annotation that the action left through a workflow command. */
export type Annotation = { message: string; [property: string]: string };

/** What came out of a stream of log lines. */
export type Findings = {
  annotations: { error: Annotation[]; warning: Annotation[]; notice: Annotation[] };
  outputs: Record<string, string>;
  state: Record<string, string>;
  lines: string[];
};

type Command = { name: string; properties: Record<string, string>; data: string };

const COMMANDS = new Set(
  `add-mask add-matcher add-path debug echo endgroup error group notice remove-matcher save-state set-env set-output
  stop-commands warning`.split(/\s+/),
);

/** Takes log lines one by one, obeys the workflow commands in them, and keeps the masked log. */
export function startCommands(masker: Masker): Findings & { take: (line: string) => void } {
  const found: Findings = {
    annotations: { error: [], warning: [], notice: [] },
    outputs: {},
    state: {},
    lines: [],
  };
  let stopped: string | undefined;
  const log = (line: string): void => void found.lines.push(masker.hide(line));
  const take = (line: string): void => {
    const command = parse(line, stopped);
    if (command && stopped === undefined && command.name !== 'stop-commands') {
      log(obey(command, found, masker));
      return;
    }
    if (command && stopped === undefined) stopped = command.data;
    else if (command?.name === stopped) stopped = undefined;
    log(line);
  };
  return { ...found, take };
}

// Gives the line that the log shows in the command's place.
function obey({ name, properties, data }: Command, found: Findings, masker: Masker): string {
  switch (name) {
    case 'error':
    case 'warning':
    case 'notice':
      found.annotations[name].push({ ...masked(properties, masker), message: masker.hide(data) });
      return `##[${name}]${data}`;
    case 'add-mask':
      masker.add(data);
      return '::add-mask::***';
    // Deprecated, and obeyed to this day: whatever reaches the log can set outputs.
    case 'set-output':
      found.outputs[properties.name ?? ''] = data;
      return `::set-output name=${properties.name}::${data}`;
    case 'save-state':
      found.state[properties.name ?? ''] = data;
      return `::save-state name=${properties.name}::${data}`;
    case 'set-env':
    case 'add-path': {
      const message = `The \`${name}\` command is disabled.`;
      found.annotations.error.push({ message });
      return `##[error]${message}`;
    }
    default:
      return `##[${name}]${data}`;
  }
}

const masked = (properties: Record<string, string>, masker: Masker): Record<string, string> =>
  Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, masker.hide(value)]));

// `::name key=value::data` at a line's start, or the older `##[name key=value]data` anywhere in it.
function parse(line: string, stopToken: string | undefined): Command | undefined {
  const known = (info: string): boolean => {
    const name = info.split(' ')[0]!;
    return COMMANDS.has(name) || name === stopToken;
  };
  const modern = /^\s*::(.*?)::(.*)$/s.exec(line);
  if (modern && known(modern[1]!)) return commandOf(modern[1]!, modern[2]!, MODERN);
  const old = /##\[(.*?)\](.*)$/s.exec(line);
  if (old && known(old[1]!)) return commandOf(old[1]!, old[2]!, OLD);
  return undefined;
}

type Syntax = { separator: string; data: string; property: string };

// The characters that are escaped in each place; `%` comes last, as in the runner.
const MODERN: Syntax = { separator: ',', data: '\r\n%', property: '\r\n:,%' };
const OLD: Syntax = { separator: ';', data: ';\r\n]%', property: ';\r\n]%' };

function commandOf(info: string, data: string, syntax: Syntax): Command {
  const space = info.indexOf(' ');
  const name = space < 0 ? info : info.slice(0, space);
  const properties: Record<string, string> = {};
  const pairs = space < 0 ? '' : info.slice(space + 1).trim();
  for (const pair of pairs.split(syntax.separator)) {
    const at = pair.indexOf('=');
    const whole = at > 0 && at < pair.length - 1;
    if (whole) properties[pair.slice(0, at)] = decode(pair.slice(at + 1), syntax.property);
  }
  return { name, properties, data: decode(data, syntax.data) };
}

const decode = (text: string, escaped: string): string =>
  [...escaped].reduce((rest, character) => rest.replaceAll(escapeOf(character), character), text);

const escapeOf = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

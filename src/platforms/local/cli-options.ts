/** Options that stand for an input of the action, and its name there. */
export const inputOf = {
  test: 'test-command',
  setup: 'setup-command',
  'allow-hosts': 'allow-hosts',
  'fail-on': 'fail-on',
  provider: 'provider',
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

const typedNames: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(inputOf).map(([option, input]) => [input, optionName(option)])),
  agent: 'AGENT',
  'anthropic-api-key': 'ANTHROPIC_API_KEY',
  'anthropic-base-url': 'ANTHROPIC_BASE_URL',
};

const all = Object.keys(typedNames).join('|');
/** The others are ordinary words as well. */
const composed = Object.keys(typedNames)
  .filter((name) => name.includes('-'))
  .join('|');
const quoted = new RegExp(`^\`(${all})(?:: (\\w+))?\`$`);
const named = new RegExp(
  `(?:\\bthe )?\\binput (${all})\\b|(?<![\\w./"-])(${composed})(?![\\w/-]|\\.\\w)(?:: (?=\\w))?`,
  'gi',
);

/** A sentence of ours with the inputs of the action in it as options of the command line. */
export function toCliWording(sentence: string): string {
  return sentence
    .split(/(`[^`]*`)/)
    .map((part, i) =>
      i % 2 === 1
        ? part.replace(quoted, (_, name, value) => `\`${typedNames[name]}${value ? ` ${value}` : ''}\``)
        : part.replace(named, (match, a, b) => typedNames[a ?? b]! + (b && match.endsWith(' ') ? ' ' : '')),
    )
    .join('');
}

/** An option as it is typed. */
export function optionName(name: string): string {
  return name === 'C' ? '-C' : `--${name}`;
}

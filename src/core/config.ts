import { parse } from 'yaml';
import * as z from 'zod';
import {
  addressForm,
  addressVariables,
  isAddress,
  type ModelAccess,
  type Provider,
  providers,
  readAccess,
  type Variable,
} from './access.ts';
import type { Limits } from './budget.ts';
import { type FailOn, repositoryPath, severities } from './finding.ts';
import { hostPatterns } from './host.ts';
import { Fault } from './outcome.ts';
import { allowedBots } from './trust.ts';

/** All that a run is told, read once and frozen. */
export interface Config {
  agent: string;
  phase: 'all' | 'propose' | 'apply';
  model: string;
  engine: 'sdk';
  sandbox: 'require' | 'auto' | 'off';
  testCommand?: string;
  setupCommand?: string;
  /** The hosts that the setup command may reach. */
  allowHosts: readonly string[];
  failOn: FailOn;
  limits: Limits;
  configFile: string;
  workingDirectory: string;
  /** Bots that may call an agent, by exact login. */
  allowBots: readonly string[];
  /** What the ledger to apply has to end with; there whenever `phase` is `apply`. */
  ledgerDigest?: string;
  access: ModelAccess;
}

const name = z.string().regex(/^[a-z][a-z0-9-]{0,49}$/, 'a name of lower-case letters, digits and hyphens');
const optional = z
  .string()
  .trim()
  .transform((value) => value || undefined);
// Number('0x10') and Number('1e3') are numbers too, but hardly what somebody meant.
const decimal = (value: unknown): number =>
  /^\d+(\.\d+)?$/.test(String(value)) ? Number(value) : Number.NaN;
const positive = (allowed: string, most = Number.MAX_VALUE, tooMuch = allowed) =>
  z.preprocess(decimal, z.number(allowed).positive(allowed).max(most, tooMuch));
const whole = (allowed: string, most = Number.MAX_SAFE_INTEGER, tooMuch = allowed) =>
  z.preprocess(decimal, z.int(allowed).positive(allowed).max(most, tooMuch));
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `one of ${values.join(', ')}`);
const directory = z
  .string()
  .transform((value) => value.replace(/\/+$/, '') || '.')
  .refine(
    (value) => value === '.' || repositoryPath.safeParse(value.replace(/^\.\//, '')).success,
    'a path inside the repository',
  );

const defaults = {
  agent: 'review',
  phase: 'all',
  provider: 'anthropic',
  model: 'claude-opus-5-5',
  engine: 'sdk',
  sandbox: 'require',
  'fail-on': 'high',
  'timeout-minutes': '10',
  'max-attempts': '3',
  'max-turns': '60',
  'max-tokens': '4000000',
  'max-cost-usd': '5',
  config: '.github/countersign.yml',
  'working-directory': '.',
} as const;

const fields = {
  agent: name,
  phase: oneOf(['all', 'propose', 'apply']),
  provider: oneOf(providers),
  'anthropic-api-key': optional,
  'anthropic-federation-rule-id': optional,
  'anthropic-organization-id': optional,
  'anthropic-service-account-id': optional,
  'anthropic-workspace-id': optional,
  'anthropic-base-url': optional
    .refine((url) => url === undefined || isAddress(url), addressForm)
    .transform((url) => url?.replace(/\/+$/, '')),
  model: z.string().regex(/^[\w.@:/-]{1,200}$/, 'the name of a model'),
  engine: oneOf(['sdk']),
  sandbox: oneOf(['require', 'auto', 'off']),
  'test-command': optional,
  'setup-command': optional,
  'allow-hosts': hostPatterns,
  'fail-on': oneOf([...severities, 'never']),
  'timeout-minutes': positive(
    'a number of minutes above 0',
    350,
    'at most 350 minutes, below what GitHub gives a job',
  ),
  'max-attempts': whole('a whole number from 1 to 20', 20),
  'max-turns': whole('a whole number above 0', 2000, 'at most 2000 turns'),
  'max-tokens': whole('a whole number above 0'),
  'max-cost-usd': positive('an amount of US dollars above 0'),
  config: z.string().refine((path) => repositoryPath.safeParse(path).success, 'a path inside the repository'),
  'working-directory': directory,
  'allow-bots': allowedBots,
  'ledger-digest': optional.refine(
    (value) => value === undefined || /^[0-9a-f]{64}$/.test(value),
    'the output ledger-digest of the job with phase: propose',
  ),
} as const;

/** Inputs that the platform reads for itself, known here only so that they don't count as unknown. */
const platformInputs = ['github-token'];

/** Every input there is, as action.yml spells it. */
export const inputNames: readonly string[] = [...Object.keys(fields), ...platformInputs];

const secretInputs: ReadonlySet<string> = new Set(['anthropic-api-key']);

/**
 * The configuration in `inputs` (by hyphenated name, values as given; absent or empty ones take their default)
 * and, for another provider than Anthropic, in the `environment` that its login action has filled.
 * @returns the frozen configuration and a warning for each input that isn't known
 * @throws Fault with one line that names the input, its value and what is allowed
 */
export function readConfig(
  inputs: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>> = {},
): { config: Readonly<Config>; warnings: string[] } {
  const read = <K extends keyof typeof fields>(input: K): z.output<(typeof fields)[K]> => {
    const given = inputs[input]?.trim();
    const value = given || (defaults as Record<string, string>)[input] || '';
    const result = fields[input].safeParse(value);
    if (result.success) return result.data as z.output<(typeof fields)[K]>;
    const shown = secretInputs.has(input)
      ? 'the value given'
      : JSON.stringify(withoutLogin(value).slice(0, 200));
    throw new Fault(
      `Input ${input}: ${shown} is not allowed; it must be ${result.error.issues[0]!.message}.`,
    );
  };
  const limits = {
    minutes: read('timeout-minutes'),
    attempts: read('max-attempts'),
    turns: read('max-turns'),
    tokens: read('max-tokens'),
    costUsd: read('max-cost-usd'),
  };
  const testCommand = read('test-command');
  const setupCommand = read('setup-command');
  const phase = read('phase');
  const ledgerDigest = read('ledger-digest');
  // Any job of the run can upload an artifact, but no job can write another's outputs.
  if (phase === 'apply' && !ledgerDigest) {
    throw new Fault(
      'Input ledger-digest: it is empty, but `phase: apply` takes only the ledger that it names; it must be ${{ needs.JOB.outputs.ledger-digest }}, where JOB has `phase: propose` and hands the output ledger-digest of that step on among its own `outputs:` (it is empty there when there was nothing to do: leave this job out then).',
    );
  }
  const variable: Variable = (...names) =>
    names.map((name) => environment[name]?.trim()).find((value) => value !== undefined && value !== '');
  const provider = read('provider');
  const accessInputs = {
    provider,
    model: read('model'),
    baseUrl: read('anthropic-base-url') ?? readAddress(provider, variable),
    apiKey: read('anthropic-api-key'),
    ruleId: read('anthropic-federation-rule-id'),
    organizationId: read('anthropic-organization-id'),
    serviceAccountId: read('anthropic-service-account-id'),
    workspaceId: read('anthropic-workspace-id'),
  };
  const config: Config = {
    agent: read('agent'),
    phase,
    model: accessInputs.model,
    engine: read('engine'),
    sandbox: read('sandbox'),
    failOn: read('fail-on'),
    limits: Object.freeze(limits),
    configFile: read('config'),
    workingDirectory: read('working-directory'),
    allowBots: Object.freeze(read('allow-bots')),
    access: Object.freeze(readAccess(accessInputs, variable)),
    ...(testCommand && { testCommand }),
    ...(setupCommand && { setupCommand }),
    allowHosts: Object.freeze(read('allow-hosts')),
    ...(ledgerDigest && { ledgerDigest }),
  };
  const warnings = Object.keys(inputs)
    .filter((input) => !inputNames.includes(input))
    .map(
      (input) =>
        `Input ${input} is not one of Countersign's; it has no effect. There are: ${inputNames.join(', ')}.`,
    );
  return { config: Object.freeze(config), warnings };
}

/** The address in the variable that the provider's own tools know, held to the same rule as the input. */
function readAddress(provider: Provider, variable: Variable): string | undefined {
  const name = addressVariables[provider];
  const url = name && variable(name);
  if (!url || isAddress(url)) return url;
  throw new Fault(
    `The variable ${name}: ${JSON.stringify(withoutLogin(url).slice(0, 200))} is not allowed; it must be ${addressForm}.`,
  );
}

/** A URL may carry a name and a password, which a log must not. */
function withoutLogin(value: string): string {
  return value.replace(/\/\/.*@/, '//***@');
}

const repositoryConfig = z.strictObject({
  /** Added to what every session is told, as rules of this repository. */
  rules: z.string().max(50_000).default(''),
  /** Globs of files that a review leaves out. */
  ignore: z.array(z.string().max(500)).max(200).default([]),
  /** Globs of files that no patch may touch, beside those that never may. */
  protected: z.array(z.string().max(500)).max(200).default([]),
});

export type RepositoryConfig = z.infer<typeof repositoryConfig>;

/**
 * The repository's own configuration, from the base ref.
 * @param text the file's content, or undefined where there is none
 * @throws Fault with one line that names the file and the first thing wrong in it
 */
export function readRepositoryConfig(text: string | undefined, file: string): RepositoryConfig {
  if (text === undefined) return repositoryConfig.parse({});
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 }) ?? {};
  } catch (error) {
    throw new Fault(
      `The configuration ${file} on the base ref is not YAML: ${(error as Error).message.split('\n')[0]}`,
    );
  }
  const result = repositoryConfig.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new Fault(
    `The configuration ${file} on the base ref is invalid: ${issue.path.join('.') || 'the file'}: ${issue.message}.`,
  );
}

import { Fault } from './outcome.ts';

export const providers = ['anthropic', 'bedrock', 'vertex', 'foundry'] as const;
export type Provider = (typeof providers)[number];

/** How the model is reached and who asks; kept in the trusted process alone. */
export type ModelAccess =
  | { provider: 'anthropic'; baseUrl: string; apiKey?: string; federation?: Federation }
  /** Without a Bedrock API key, the credentials are those that AWS's SDK finds for itself. */
  | { provider: 'bedrock'; baseUrl?: string; region: string; apiKey?: string }
  /** The credentials are Google's application default ones. */
  | { provider: 'vertex'; baseUrl?: string; region: string; project: string }
  | { provider: 'foundry'; baseUrl?: string; resource?: string; apiKey?: string; entra?: Entra };

export type AccessTo<P extends Provider> = Extract<ModelAccess, { provider: P }>;

interface Federation {
  ruleId: string;
  organizationId: string;
  serviceAccountId?: string;
  workspaceId?: string;
}

/** An application in Microsoft Entra ID that trusts the workflow's identity token. */
export interface Entra {
  /** Where it logs in, which is another address in a national cloud. */
  authority: string;
  tenantId: string;
  clientId: string;
}

/** What the inputs say about the way to the model; an empty input is undefined. */
interface AccessInputs {
  provider: Provider;
  model: string;
  baseUrl: string | undefined;
  apiKey: string | undefined;
  ruleId: string | undefined;
  organizationId: string | undefined;
  serviceAccountId: string | undefined;
  workspaceId: string | undefined;
}

/**
 * A variable of the environment by the first of its names that is set to something. The names are those that
 * the providers' own tools, their login actions and Claude Code use.
 */
export type Variable = (...names: readonly [string, ...string[]]) => string | undefined;

/**
 * The way to the model that inputs and environment describe.
 * @throws Fault with one line that names what doesn't go together, or is missing, and what is allowed
 */
export function readAccess(inputs: AccessInputs, variable: Variable): ModelAccess {
  const { provider, baseUrl } = inputs;
  if (provider === 'anthropic') return anthropic(inputs);
  expectNothingOfAnthropics(inputs);
  const address = baseUrl ? { baseUrl } : {};
  switch (provider) {
    case 'bedrock':
      return { provider, ...address, ...bedrock(inputs.model, variable) };
    case 'vertex':
      return { provider, ...address, ...vertex(variable) };
    case 'foundry':
      return { provider, ...address, ...foundry(baseUrl, variable) };
  }
}

const anthropicUrl = 'https://api.anthropic.com';

function anthropic(inputs: AccessInputs): AccessTo<'anthropic'> {
  const { baseUrl = anthropicUrl, apiKey, ruleId, organizationId, serviceAccountId, workspaceId } = inputs;
  const access = { provider: 'anthropic' as const, baseUrl };
  if (apiKey) return { ...access, apiKey };
  if (!ruleId && !organizationId) return access;
  if (!ruleId || !organizationId) {
    const missing = ruleId ? 'anthropic-organization-id' : 'anthropic-federation-rule-id';
    throw new Fault(
      `Input ${missing}: it is empty, but a login without a key needs both anthropic-federation-rule-id and anthropic-organization-id.`,
    );
  }
  return {
    ...access,
    federation: {
      ruleId,
      organizationId,
      ...(serviceAccountId && { serviceAccountId }),
      ...(workspaceId && { workspaceId }),
    },
  };
}

/** A credential that is given and not used is a misunderstanding; one that is sent elsewhere is a leak. */
function expectNothingOfAnthropics(inputs: AccessInputs): void {
  const { provider, baseUrl } = inputs;
  const logins = {
    'anthropic-api-key': inputs.apiKey,
    'anthropic-federation-rule-id': inputs.ruleId,
    'anthropic-organization-id': inputs.organizationId,
    'anthropic-service-account-id': inputs.serviceAccountId,
    'anthropic-workspace-id': inputs.workspaceId,
  };
  const given = Object.entries(logins).find(([, value]) => value)?.[0];
  if (given) {
    throw new Fault(
      `Input ${given}: it is not allowed together with \`provider: ${provider}\`; it must be empty there, because ${owners[provider]}'s own credentials are used.`,
    );
  }
  if (baseUrl && new URL(baseUrl).hostname === new URL(anthropicUrl).hostname) {
    throw new Fault(
      `Input anthropic-base-url: "${baseUrl}" is not allowed together with \`provider: ${provider}\`; it must be empty, or the address of a proxy that speaks as ${owners[provider]} does.`,
    );
  }
}

const owners: Readonly<Record<Provider, string>> = {
  anthropic: 'Anthropic',
  bedrock: 'AWS',
  vertex: 'Google Cloud',
  foundry: 'Azure',
};

function bedrock(model: string, variable: Variable) {
  if (/^claude-/.test(model)) {
    throw new Fault(
      `Input model: "${model}" is not allowed with \`provider: bedrock\`; it must be a model or an inference profile as Bedrock names it, such as global.anthropic.${model}.`,
    );
  }
  const region = variable('AWS_REGION', 'AWS_DEFAULT_REGION');
  if (!region || !isLabel(region)) {
    throw new Fault(
      `Input provider: "bedrock" needs the variable AWS_REGION, which ${unfit(region)}; it must be a region such as us-east-1, as aws-actions/configure-aws-credentials sets it.`,
    );
  }
  const apiKey = variable('AWS_BEARER_TOKEN_BEDROCK');
  return { region, ...(apiKey && { apiKey }) };
}

function vertex(variable: Variable) {
  const region = variable('CLOUD_ML_REGION');
  if (!region || !isLabel(region)) {
    throw new Fault(
      `Input provider: "vertex" needs the variable CLOUD_ML_REGION, which ${unfit(region)}; it must be a region of Vertex AI such as us-east5, or global.`,
    );
  }
  const project = variable('ANTHROPIC_VERTEX_PROJECT_ID', 'GOOGLE_CLOUD_PROJECT');
  // A project of the older kind has its domain before a colon.
  if (!project || !/^[a-z][a-z0-9.:-]*$/.test(project)) {
    throw new Fault(
      `Input provider: "vertex" needs the variable ANTHROPIC_VERTEX_PROJECT_ID, which ${unfit(project)}; it must be the ID of a Google Cloud project, which google-github-actions/auth sets as GOOGLE_CLOUD_PROJECT.`,
    );
  }
  return { region, project };
}

function foundry(baseUrl: string | undefined, variable: Variable) {
  const resource = baseUrl ? undefined : variable('ANTHROPIC_FOUNDRY_RESOURCE');
  if (!baseUrl && (!resource || !isLabel(resource))) {
    throw new Fault(
      `Input provider: "foundry" needs the variable ANTHROPIC_FOUNDRY_RESOURCE, which ${unfit(resource)}; it must be the name of the resource, the first part of its address in services.ai.azure.com.`,
    );
  }
  const apiKey = variable('ANTHROPIC_FOUNDRY_API_KEY');
  const address = resource ? { resource } : {};
  if (apiKey) return { ...address, apiKey };
  const [tenantId, clientId] = [variable('AZURE_TENANT_ID'), variable('AZURE_CLIENT_ID')];
  if (!tenantId || !clientId || !isLabel(tenantId)) {
    throw new Fault(
      'Input provider: "foundry" needs the variable ANTHROPIC_FOUNDRY_API_KEY (from a secret), or AZURE_TENANT_ID and AZURE_CLIENT_ID of an application that trusts the workflow, with `permissions: id-token: write`.',
    );
  }
  const authority = (variable('AZURE_AUTHORITY_HOST') ?? 'https://login.microsoftonline.com').replace(
    /\/+$/,
    '',
  );
  if (!isAddress(authority))
    throw new Fault(`The variable AZURE_AUTHORITY_HOST is not allowed; it must be ${addressForm}.`);
  return { ...address, entra: { authority, tenantId, clientId } };
}

export const addressForm = 'a URL that starts with https:// (http:// only for this machine)';

/** Whether credentials may be sent there: nobody in between can read along. */
export function isAddress(url: string): boolean {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  const isHere = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
  return protocol === 'https:' || isHere;
}

/** Whether it is one part of a host's name: what becomes a part of an address must not make it another one. */
function isLabel(value: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(value);
}

function unfit(value: string | undefined): string {
  return value ? `is ${JSON.stringify(value.slice(0, 100))}` : 'is empty';
}

/** The variable that each provider's tools take another address from, beside the input. */
export const addressVariables: Readonly<Partial<Record<Provider, string>>> = {
  bedrock: 'ANTHROPIC_BEDROCK_BASE_URL',
  vertex: 'ANTHROPIC_VERTEX_BASE_URL',
  foundry: 'ANTHROPIC_FOUNDRY_BASE_URL',
};

/**
 * What the list price is multiplied by. Endpoints of a region or a group of regions cost a tenth more than
 * global ones (https://platform.claude.com/docs/en/about-claude/pricing#third-party-platform-pricing); where
 * that can't be seen, as behind a deployment's name in Foundry, the dearer is taken, so that a limit in money
 * holds.
 */
export function surcharge(access: ModelAccess, model: string): number {
  switch (access.provider) {
    case 'anthropic':
      return 1;
    case 'bedrock':
      return /^(arn:.*\/)?global\./.test(model) ? 1 : 1.1;
    case 'vertex':
      return access.region === 'global' ? 1 : 1.1;
    case 'foundry':
      return 1.1;
  }
}

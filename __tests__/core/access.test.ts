import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ModelAccess, surcharge } from '../../src/core/access.ts';
import { readConfig } from '../../src/core/config.ts';

type Given = Record<string, string>;

const access = (inputs: Given, environment: Given): ModelAccess =>
  readConfig(inputs, environment).config.access;

const messageOf = (inputs: Given, environment: Given): string => {
  try {
    access(inputs, environment);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

const bedrock = { provider: 'bedrock', model: 'global.anthropic.claude-opus-5-5' };
const vertex = { provider: 'vertex' };
const foundry = { provider: 'foundry' };

/** What the providers' login actions leave in the environment. */
const aws = { AWS_REGION: 'us-east-1' };
const google = { CLOUD_ML_REGION: 'us-east5', GOOGLE_CLOUD_PROJECT: 'acme-ai' };
const azure = { ANTHROPIC_FOUNDRY_RESOURCE: 'acme', ANTHROPIC_FOUNDRY_API_KEY: 'key' };
const entra = { ANTHROPIC_FOUNDRY_RESOURCE: 'acme', AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client' };

describe('a provider', () => {
  test.each<[Given, Given, object]>([
    [bedrock, aws, { provider: 'bedrock', region: 'us-east-1' }],
    [bedrock, { AWS_DEFAULT_REGION: 'eu-west-1' }, { provider: 'bedrock', region: 'eu-west-1' }],
    [
      bedrock,
      { ...aws, AWS_BEARER_TOKEN_BEDROCK: 'k' },
      { provider: 'bedrock', region: 'us-east-1', apiKey: 'k' },
    ],
    [vertex, google, { provider: 'vertex', region: 'us-east5', project: 'acme-ai' }],
    [
      vertex,
      { ...google, ANTHROPIC_VERTEX_PROJECT_ID: 'other' },
      { provider: 'vertex', region: 'us-east5', project: 'other' },
    ],
    [foundry, azure, { provider: 'foundry', resource: 'acme', apiKey: 'key' }],
    [
      foundry,
      entra,
      {
        provider: 'foundry',
        resource: 'acme',
        entra: { authority: 'https://login.microsoftonline.com', tenantId: 'tenant', clientId: 'client' },
      },
    ],
    [
      { ...foundry, 'anthropic-base-url': 'https://proxy.example/anthropic/' },
      azure,
      { provider: 'foundry', baseUrl: 'https://proxy.example/anthropic', apiKey: 'key' },
    ],
    [
      bedrock,
      { ...aws, ANTHROPIC_BEDROCK_BASE_URL: 'https://proxy.example' },
      { provider: 'bedrock', region: 'us-east-1', baseUrl: 'https://proxy.example' },
    ],
  ])('%j is reached by what the environment %j says', (inputs, environment, expected) => {
    expect(access(inputs, environment)).toEqual(expected);
  });

  test.each<[Given, Given, string]>([
    [bedrock, {}, 'Input provider: "bedrock" needs the variable AWS_REGION, which is empty'],
    [bedrock, { AWS_REGION: 'x.evil.example/' }, 'AWS_REGION, which is "x.evil.example/"'],
    [{ provider: 'bedrock' }, aws, 'Input model: "claude-opus-5-5" is not allowed with `provider: bedrock`'],
    [vertex, { GOOGLE_CLOUD_PROJECT: 'p' }, 'Input provider: "vertex" needs the variable CLOUD_ML_REGION'],
    [vertex, { ...google, CLOUD_ML_REGION: 'evil.example#' }, 'CLOUD_ML_REGION, which is "evil.example#"'],
    [vertex, { CLOUD_ML_REGION: 'global' }, 'needs the variable ANTHROPIC_VERTEX_PROJECT_ID'],
    [vertex, { ...google, GOOGLE_CLOUD_PROJECT: '../x' }, 'ANTHROPIC_VERTEX_PROJECT_ID, which is "../x"'],
    [foundry, {}, 'Input provider: "foundry" needs the variable ANTHROPIC_FOUNDRY_RESOURCE'],
    [foundry, { ANTHROPIC_FOUNDRY_RESOURCE: 'a.b' }, 'ANTHROPIC_FOUNDRY_RESOURCE, which is "a.b"'],
    [foundry, { ANTHROPIC_FOUNDRY_RESOURCE: 'acme' }, 'needs the variable ANTHROPIC_FOUNDRY_API_KEY'],
    [foundry, { ...entra, AZURE_CLIENT_ID: '' }, 'needs the variable ANTHROPIC_FOUNDRY_API_KEY'],
    [
      foundry,
      { ...entra, AZURE_AUTHORITY_HOST: 'http://evil.example' },
      'AZURE_AUTHORITY_HOST is not allowed',
    ],
    [
      bedrock,
      { ...aws, ANTHROPIC_BEDROCK_BASE_URL: 'http://me:pass@proxy.example' },
      'The variable ANTHROPIC_BEDROCK_BASE_URL: "http://***@proxy.example" is not allowed; it must be a URL that starts with https://',
    ],
    [
      { ...vertex, 'anthropic-base-url': 'https://api.anthropic.com' },
      google,
      'Input anthropic-base-url: "https://api.anthropic.com" is not allowed together with `provider: vertex`',
    ],
  ])('%j with the environment %j is refused in one line', (inputs, environment, expected) => {
    const message = messageOf(inputs, environment);
    expect(message).toContain(expected);
    expect(message).toMatch(/^[^\n]+\.$/);
  });

  const logins = [
    'anthropic-api-key',
    'anthropic-federation-rule-id',
    'anthropic-organization-id',
    'anthropic-service-account-id',
    'anthropic-workspace-id',
  ];
  test.each(
    [bedrock, vertex, foundry].flatMap((inputs) =>
      logins.map((login) => [inputs.provider, login, inputs] as const),
    ),
  )('%s together with %s is refused, and the value is not shown', (provider, login, inputs) => {
    const message = messageOf({ ...inputs, [login]: 'CANARY' }, { ...aws, ...google, ...azure });
    expect(message).toBe(
      `Input ${login}: it is not allowed together with \`provider: ${provider}\`; it must be empty there, because ${{ bedrock: 'AWS', vertex: 'Google Cloud', foundry: 'Azure' }[provider]}'s own credentials are used.`,
    );
  });

  test('is never reached at an address that a region, a project or a resource makes up', () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'abz09.-/\\@:#?%\n '), minLength: 1 });
    fc.assert(
      fc.property(
        hostile,
        fc.constantFrom('AWS_REGION', 'CLOUD_ML_REGION', 'ANTHROPIC_FOUNDRY_RESOURCE'),
        (value, name) => {
          const inputs = {
            AWS_REGION: bedrock,
            CLOUD_ML_REGION: vertex,
            ANTHROPIC_FOUNDRY_RESOURCE: foundry,
          }[name]!;
          const all = { ...google, ...azure, ...aws, [name]: value };
          const message = messageOf(inputs, all);
          if (message) return expect(message).toContain(name);
          const url = `https://${value.trim()}.services.example/`;
          expect(new URL(url).hostname).toBe(`${value.trim()}.services.example`);
        },
      ),
    );
  });

  test('is Anthropic by default, whatever the environment holds', () => {
    expect(access({}, { ...aws, ...google, ...azure, ANTHROPIC_API_KEY: 'k' })).toEqual({
      provider: 'anthropic',
      baseUrl: 'https://api.anthropic.com',
    });
  });
});

test.each<[Given, Given, number]>([
  [{}, {}, 1],
  [bedrock, aws, 1],
  [{ ...bedrock, model: 'us.anthropic.claude-opus-5-5' }, aws, 1.1],
  [
    { ...bedrock, model: 'arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-opus-5' },
    aws,
    1,
  ],
  [{ ...bedrock, model: 'arn:aws:bedrock:us-east-1:1:application-inference-profile/a1' }, aws, 1.1],
  [vertex, { ...google, CLOUD_ML_REGION: 'global' }, 1],
  [vertex, google, 1.1],
  [foundry, azure, 1.1],
])('%j in %j costs %d times the list price', (inputs, environment, factor) => {
  const { config } = readConfig(inputs, environment);
  expect(surcharge(config.access, config.model)).toBe(factor);
});

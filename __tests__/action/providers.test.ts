import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { type AwsCredentials, startBedrock } from '../stand-ins/provider/bedrock.ts';
import { startFoundry } from '../stand-ins/provider/foundry.ts';
import type { Front } from '../stand-ins/provider/front.ts';
import { startVertex } from '../stand-ins/provider/vertex.ts';
import type { RunResult } from '../stand-ins/runner.ts';
import { bash, finding, findings, repair, session } from '../stand-ins/sums.ts';
import { documents, errors, type RunMore, type SceneRun, scenario } from './scene.ts';

const root = join(import.meta.dirname, '../..');

/** Every secret of a provider that there is in these tests; none of them may come out anywhere. */
const canary = {
  awsSecret: 'CANARY/aws+secret/access/key/0123456789ab',
  awsSession: 'IQoJCANARYawsSESSIONtoken0123456789==',
  bedrockKey: 'ABSKCANARYbedrockApiKey',
  googleToken: 'ya29.CANARYgoogleAccessToken',
  foundryKey: 'CANARYfoundryApiKey0123456789',
  entraToken: 'eyJCANARY.entra.accessToken',
};

interface ProviderScene {
  front: Front;
  more: RunMore;
  close: () => Promise<void>;
}

type Name = 'bedrock' | 'bedrock by key' | 'vertex' | 'foundry' | 'foundry by key';

/** A provider's stand-in, and what a workflow gives to Countersign to use it. */
async function setUp(
  name: Name,
  stage: SceneRun,
  how: { aws?: Partial<AwsCredentials> } = {},
): Promise<ProviderScene> {
  const directory = mkdtempSync(join(tmpdir(), 'provider-'));
  const { oidc } = stage.github;
  const model = () => stage.model;
  const bundle = name.split(' ')[0] as 'bedrock' | 'vertex' | 'foundry';
  const more = async (): Promise<{ front: Front; inputs: Record<string, string>; rest: RunMore }> => {
    if (bundle === 'bedrock') {
      const keys = {
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: canary.awsSecret,
        sessionToken: canary.awsSession,
      };
      const front = await startBedrock(
        model,
        name === 'bedrock' ? keys : { bearer: canary.bedrockKey },
        'eu-west-1',
      );
      const signing = { ...keys, ...how.aws };
      const env =
        name === 'bedrock'
          ? {
              AWS_ACCESS_KEY_ID: signing.accessKeyId,
              AWS_SECRET_ACCESS_KEY: signing.secretAccessKey,
              AWS_SESSION_TOKEN: signing.sessionToken,
            }
          : { AWS_BEARER_TOKEN_BEDROCK: canary.bedrockKey };
      return {
        front,
        inputs: { model: 'eu.anthropic.claude-opus-5-5-20260922-v1:0', 'anthropic-base-url': front.url },
        rest: { env: { AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true', ...env } },
      };
    }
    if (bundle === 'vertex') {
      const audience =
        '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/github';
      const front = await startVertex(
        model,
        { verify: (jwt) => oidc.verify(jwt)?.aud === audience, token: () => canary.googleToken },
        'acme-ai',
        'us-east5',
      );
      const workspace = join(directory, 'widgets');
      const credentials = join(workspace, 'gha-creds-0123456789abcdef.json');
      mkdirSync(workspace);
      // As google-github-actions/auth writes it.
      const file = {
        type: 'external_account',
        audience,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${front.url}/sts/token`,
        credential_source: {
          url: `${oidc.url}&audience=${encodeURIComponent(audience)}`,
          headers: { Authorization: `Bearer ${oidc.token}` },
          format: { type: 'json', subject_token_field_name: 'value' },
        },
      };
      writeFileSync(credentials, JSON.stringify(file));
      return {
        front,
        inputs: { model: 'claude-opus-5-5@20260922', 'anthropic-base-url': `${front.url}/v1` },
        rest: {
          workspace,
          env: {
            GOOGLE_APPLICATION_CREDENTIALS: credentials,
            GOOGLE_CLOUD_PROJECT: 'acme-ai',
            CLOUD_ML_REGION: 'us-east5',
          },
        },
      };
    }
    const front = await startFoundry(model, {
      apiKey: canary.foundryKey,
      tenantId: 'tenant-1',
      clientId: 'client-1',
      verify: (jwt) => oidc.verify(jwt)?.aud === 'api://AzureADTokenExchange',
      token: () => canary.entraToken,
    });
    const login =
      name === 'foundry'
        ? { AZURE_TENANT_ID: 'tenant-1', AZURE_CLIENT_ID: 'client-1', AZURE_AUTHORITY_HOST: front.url }
        : { ANTHROPIC_FOUNDRY_API_KEY: canary.foundryKey };
    return {
      front,
      inputs: { 'anthropic-base-url': `${front.url}/anthropic` },
      rest: { env: login, ...(name === 'foundry' && { github: { oidc } }) },
    };
  };
  const { front, inputs, rest } = await more();
  return {
    front,
    more: {
      ...rest,
      inputs: { provider: bundle, 'anthropic-api-key': '', ...inputs },
      actionDir: actionWith(directory, [bundle]),
      canaries: [...Object.values(canary), oidc.token],
    },
    close: async () => {
      await front.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** A promise about a provider, whose stand-in is gone afterwards whatever happens. */
function scenarioOf(
  name: Name,
  text: string,
  act: (stage: SceneRun, setting: ProviderScene) => Promise<void>,
  how?: { aws?: Partial<AwsCredentials> },
): void {
  scenario(text, async (stage) => {
    const setting = await setUp(name, stage, how);
    try {
      await act(stage, setting);
    } finally {
      await setting.close();
    }
  });
}

/** The action with no bundles of providers but these. */
function actionWith(directory: string, bundles: readonly string[]): string {
  const copy = join(directory, 'action');
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(root, 'action.yml'), join(copy, 'action.yml'));
  for (const name of ['bedrock', 'vertex', 'foundry'])
    if (!bundles.includes(name)) rmSync(join(copy, 'dist', `${name}.js`));
  return copy;
}

/** All that a run has written down, and all that it has shown the model. */
function written(result: RunResult, stage: SceneRun): string {
  const directory = result.outputs.ledger!;
  const files = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
  return [...files, result.summary, ...stage.model.requests.map(({ raw }) => raw)].join('\n');
}

const names: Name[] = ['bedrock', 'bedrock by key', 'vertex', 'foundry', 'foundry by key'];

const wire: Record<Name, { path: string; credential: RegExp }> = {
  bedrock: {
    path: '/model/eu.anthropic.claude-opus-5-5-20260922-v1:0/invoke-with-response-stream',
    credential: /^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, /,
  },
  'bedrock by key': {
    path: '/model/eu.anthropic.claude-opus-5-5-20260922-v1:0/invoke-with-response-stream',
    credential: new RegExp(`^Bearer ${canary.bedrockKey}$`),
  },
  vertex: {
    path: '/v1/projects/acme-ai/locations/us-east5/publishers/anthropic/models/claude-opus-5-5@20260922:streamRawPredict',
    credential: new RegExp(`^Bearer ${canary.googleToken}$`),
  },
  foundry: {
    path: '/anthropic/v1/messages',
    credential: new RegExp(`^Bearer ${canary.entraToken}$`),
  },
  'foundry by key': {
    path: '/anthropic/v1/messages',
    credential: new RegExp(`^${canary.foundryKey}$`),
  },
};

for (const name of names) {
  describe(name, () => {
    scenarioOf(
      name,
      'reviews over the provider’s own wire, with its bundle alone and no key of Anthropic’s',
      async (stage, { front, more }) => {
        const scene = await stage.scene();
        stage.model.add(
          session({ tools: [{ name: 'read', input: { file_path: 'sum.js' } }] }, findings([finding()])),
        );
        const result = await scene.run('review', more);
        expect(errors(result)).not.toMatch(/bug|can't/);
        expect([result.outputs.outcome, result.outputs.findings]).toEqual(['fail', '1']);
        expect(front.violations).toEqual([]);
        const asked = front.requests.filter(({ path }) => path === wire[name].path);
        expect(asked).toHaveLength(2);
        for (const { headers } of asked)
          expect(headers.authorization ?? headers['x-api-key']).toMatch(wire[name].credential);
        for (const secret of more.canaries!) expect(written(result, stage)).not.toContain(secret);
      },
    );

    scenarioOf(name, 'is counted and priced by the figures of the replies', async (stage, { more }) => {
      const scene = await stage.scene();
      const usage = {
        input_tokens: 1000,
        output_tokens: 100,
        cache_read_input_tokens: 10_000,
        cache_creation_input_tokens: 2000,
      };
      stage.model.add(session({ ...findings([]), usage }));
      const result = await scene.run('review', more);
      expect(result.outputs.outcome).toBe('pass');
      const [used] = documents(result, 'usage');
      expect(used).toMatchObject({
        provider: name.split(' ')[0],
        tokens: { input: 1000, output: 100, cacheRead: 10_000, cacheWrite: 2000 },
      });
      // A tenth more than the list price: the place is not global, or can't be seen to be.
      expect(used!.costUsd).toBeCloseTo((1.1 * (1000 * 4 + 100 * 20 + 10_000 * 0.2 + 2000 * 5)) / 1e6, 9);
    });

    scenarioOf(name, 'has no credential that a session with a shell could find', async (stage, { more }) => {
      const scene = await stage.scene();
      const look = bash(
        'env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr "\\0" "\\n"; ' +
          'find / -name "gha-creds*" 2>/dev/null; grep -rslE "CANARY|ACTIONS_ID_TOKEN" /home /root /tmp /run /var/tmp /etc 2>/dev/null; echo looked',
      );
      stage.model.add(session(look, ...repair));
      const result = await scene.run('fix', more);
      expect(result.outputs.outcome).toBe('fixed');
      const text = written(result, stage);
      expect(text).toContain('looked');
      expect(text).not.toMatch(/\b(AWS_REGION|GOOGLE_\w+|AZURE_\w+|ANTHROPIC_\w+)=|gha-creds-0/);
      for (const secret of more.canaries!) expect(text).not.toContain(secret);
    });

    scenarioOf(
      name,
      'is asked again after 429, and ends the run in one sentence after 400',
      async (stage, { front, more }) => {
        const scene = await stage.scene();
        stage.model.add({
          turns: [{ status: 429 }, { status: 400, error: { message: 'This model is not for you.' } }],
        });
        const result = await scene.run('review', more);
        expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
        expect(errors(result)).toMatch(
          /The Messages API refused a request \(HTTP 400, .*This model is not for you\./,
        );
        expect(front.requests.filter(({ path }) => path === wire[name].path)).toHaveLength(2);
      },
    );
  });
}

describe('a provider’s bundle', () => {
  scenario('is not needed by a run with Anthropic', async (stage) => {
    const directory = mkdtempSync(join(tmpdir(), 'provider-'));
    const scene = await stage.scene();
    stage.model.add(session(findings([])));
    const result = await scene.run('review', { actionDir: actionWith(directory, []) });
    expect(result.outputs.outcome).toBe('pass');
    rmSync(directory, { recursive: true });
  });
});

describe('credentials', () => {
  scenarioOf(
    'bedrock',
    'that AWS repeats when a signature is wrong are in no record',
    async (stage, { more }) => {
      const scene = await stage.scene();
      const result = await scene.run('review', more);
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toContain('The request signature we calculated does not match');
      for (const secret of more.canaries!) expect(written(result, stage)).not.toContain(secret);
    },
    { aws: { secretAccessKey: 'CANARY-of-another-account' } },
  );

  scenarioOf(
    'vertex',
    'are looked for without running a program that PATH leads to',
    async (stage, { more }) => {
      const scene = await stage.scene();
      const bin = mkdtempSync(join(tmpdir(), 'bin-'));
      const gcloud = `#!/bin/sh\ntouch ${bin}/ran\n`;
      writeFileSync(join(bin, 'gcloud'), gcloud, { mode: 0o755 });
      stage.model.add(session(findings([])));
      const env = { ...more.env, GOOGLE_CLOUD_PROJECT: undefined, ANTHROPIC_VERTEX_PROJECT_ID: 'acme-ai' };
      const result = await scene.run('review', { ...more, env, extraPath: [bin] });
      expect(result.outputs.outcome).toBe('pass');
      expect(readdirSync(bin)).toEqual(['gcloud']);
      rmSync(bin, { recursive: true });
    },
  );

  const missing: [Name, Record<string, string | undefined>, RegExp][] = [
    [
      'bedrock',
      { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined },
      /There are no AWS credentials for provider: bedrock .*run aws-actions\/configure-aws-credentials/,
    ],
    [
      'vertex',
      { GOOGLE_APPLICATION_CREDENTIALS: '/nonexistent.json' },
      /There are no Google Cloud credentials for provider: vertex .*run google-github-actions\/auth/,
    ],
    [
      'foundry',
      { AZURE_CLIENT_ID: 'client-2' },
      /Microsoft Entra ID does not log the workflow in \(AADSTS700213/,
    ],
  ];
  for (const [name, env, why] of missing) {
    scenarioOf(
      name,
      `that are not there stop ${name} before any session, in one sentence`,
      async (stage, { front, more }) => {
        const scene = await stage.scene();
        const result = await scene.run('review', { ...more, env: { ...more.env, ...env } });
        expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
        expect(errors(result)).toMatch(why);
        expect(errors(result).split('\n')).toHaveLength(1);
        expect(stage.model.requests).toEqual([]);
        expect(front.requests.filter(({ path }) => path === wire[name].path)).toEqual([]);
      },
    );
  }
});

describe('an input that does not go with the provider stops the run before anything has been asked of anyone', () => {
  const bad: [Record<string, string>, Record<string, string>, string][] = [
    [{ provider: 'aws' }, {}, 'Input provider: "aws" is not allowed; it must be one of anthropic, bedrock'],
    [
      { provider: 'bedrock', model: 'global.anthropic.claude-opus-5-5' },
      { AWS_REGION: 'us-east-1' },
      'Input anthropic-api-key: it is not allowed together with `provider: bedrock`',
    ],
    [
      { provider: 'bedrock', model: 'global.anthropic.claude-opus-5-5', 'anthropic-api-key': '' },
      {},
      'Input provider: "bedrock" needs the variable AWS_REGION, which is empty',
    ],
    [
      { provider: 'vertex', 'anthropic-api-key': '' },
      {},
      'Input provider: "vertex" needs the variable CLOUD_ML_REGION, which is empty',
    ],
  ];
  for (const [inputs, env, message] of bad) {
    scenario(`${JSON.stringify(inputs)} with ${JSON.stringify(env)}`, async (stage) => {
      const scene = await stage.scene();
      const result = await scene.run('review', { inputs, env });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(result.annotations.error).toHaveLength(1);
      expect(errors(result)).toContain(message);
      expect(stage.github.requests).toEqual([]);
      expect(stage.model.requests).toEqual([]);
    });
  }
});

import { describe, expect } from '@jest/globals';
import { finding, findings, repair, session } from '../stand-ins/sums.ts';
import { errors, scenario } from './scene.ts';

const inputs = {
  'anthropic-api-key': '',
  'anthropic-federation-rule-id': 'fdrl_1',
  'anthropic-organization-id': 'org_1',
  'anthropic-service-account-id': 'svac_1',
  'anthropic-workspace-id': 'wrkspc_1',
};

const federation = {
  ruleId: 'fdrl_1',
  organizationId: 'org_1',
  serviceAccountId: 'svac_1',
  workspaceId: 'wrkspc_1',
};

describe('a login without a key', () => {
  scenario(
    'exchanges the job’s OIDC token for one that the sessions’ requests are sent with',
    async (stage) => {
      const { oidc } = stage.github;
      await stage.useModel({
        federation: { ...federation, verify: (jwt) => oidc.verify(jwt)?.aud === 'https://api.anthropic.com' },
      });
      const scene = await stage.scene();
      stage.model.add(session(findings([finding()])));
      const result = await scene.run('review', { inputs, github: { oidc } });
      expect(result.outputs.outcome).toBe('fail');
      const [exchange] = stage.model.exchanges;
      expect(exchange).toMatchObject({
        status: 200,
        body: { federation_rule_id: 'fdrl_1', organization_id: 'org_1' },
      });
      for (const { headers } of stage.model.requests) {
        expect(headers.authorization).toBe(`Bearer ${exchange!.token}`);
        expect(headers['x-api-key']).toBe(undefined);
      }
      for (const secret of [exchange!.token!, String(exchange!.body.assertion), oidc.token]) {
        expect(result.stdout.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain(secret);
        expect(stage.model.requests.filter(({ raw }) => raw.includes(secret))).toEqual([]);
      }
    },
  );

  scenario('is done for as many sessions as there are', async (stage) => {
    await stage.useModel({ federation });
    const scene = await stage.scene();
    stage.model.add(session({ stop_reason: 'refusal', text: 'No.' }), session(...repair));
    const result = await scene.run('fix', { inputs, github: { oidc: stage.github.oidc } });
    expect(result.outputs.outcome).toBe('fixed');
  });

  scenario('without `id-token: write` says that it is missing', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('review', { inputs });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toContain('id-token: write');
    expect(result.annotations.error).toHaveLength(1);
    expect(stage.model.requests).toEqual([]);
  });

  scenario('that Anthropic does not accept says so', async (stage) => {
    await stage.useModel({ federation: { ...federation, ruleId: 'fdrl_2' } });
    const scene = await stage.scene();
    const result = await scene.run('review', { inputs, github: { oidc: stage.github.oidc } });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toMatch(/federation/);
    expect(errors(result)).not.toContain('bug');
  });
});

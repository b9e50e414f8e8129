import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startFoundry } from '../stand-ins/provider/foundry.ts';
import { createRepository, reviewer, useScene } from './scene.ts';

const scene = useScene();

test('--provider asks another provider, with its own key, whatever is set for Anthropic', async () => {
  const repository = createRepository(join(scene.directory, 'r'));
  scene.model.add(reviewer());
  const login = { tenantId: 't', clientId: 'c', verify: () => false, token: () => '' };
  const front = await startFoundry(() => scene.model, { apiKey: 'foundry-key', ...login });
  try {
    const env = {
      ANTHROPIC_FOUNDRY_BASE_URL: `${front.url}/anthropic`,
      ANTHROPIC_FOUNDRY_API_KEY: 'foundry-key',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
    };
    const { code, stdout } = await scene.countersign(repository, ['review', '--provider', 'foundry'], {
      env,
    });
    expect(stdout).toMatch(/^Review passed: no findings$/m);
    expect(code).toBe(0);
    expect(front.violations).toEqual([]);
    expect(front.requests.length).toBeGreaterThan(0);
    for (const { headers } of front.requests)
      expect(JSON.stringify(headers)).not.toContain(scene.model.apiKey);
  } finally {
    await front.close();
  }
});

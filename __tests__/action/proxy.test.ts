import { describe, expect } from '@jest/globals';
import { type HttpProxy, startProxy } from '../stand-ins/proxy.ts';
import { findings, session } from '../stand-ins/sums.ts';
import { errors, type SceneRun, scenario } from './scene.ts';

/** The address of GitHub's API by another name of this machine, for which a proxy is used and no DNS is asked. */
function elsewhere({ github }: SceneRun): { apiUrl: string; graphqlUrl: string; host: string; port: number } {
  const other = (url: string): string => url.replace('127.0.0.1', '0.0.0.0');
  const { host, port } = new URL(other(github.apiUrl));
  return { apiUrl: other(github.apiUrl), graphqlUrl: other(github.graphqlUrl), host, port: Number(port) };
}

async function withProxy(port: number, act: (proxy: HttpProxy) => Promise<void>): Promise<void> {
  const proxy = await startProxy(port);
  try {
    await act(proxy);
  } finally {
    await proxy.close();
  }
}

describe('where the job names a proxy', () => {
  scenario('all requests of GitHub’s API go through it, and no other', async (stage) => {
    const { apiUrl, graphqlUrl, host, port } = elsewhere(stage);
    await withProxy(port, async (proxy) => {
      const scene = await stage.scene();
      stage.model.add(session(findings([])));
      const result = await scene.run('review', {
        github: { apiUrl, graphqlUrl },
        env: { http_proxy: proxy.url },
      });
      expect(result.outputs.outcome).toBe('pass');
      const asked = stage.github.requests.filter(({ operation }) => operation !== 'git');
      expect(asked.length).toBeGreaterThan(5);
      expect(new Set(proxy.connects)).toEqual(new Set([host]));
      expect(proxy.connects).toHaveLength(asked.length);
    });
  });

  scenario('no_proxy takes GitHub out of it', async (stage) => {
    const { apiUrl, graphqlUrl, port } = elsewhere(stage);
    await withProxy(port, async (proxy) => {
      const scene = await stage.scene();
      stage.model.add(session(findings([])));
      const result = await scene.run('review', {
        github: { apiUrl, graphqlUrl },
        env: { http_proxy: proxy.url, https_proxy: proxy.url, no_proxy: 'example.com, 0.0.0.0' },
      });
      expect(result.outputs.outcome).toBe('pass');
      expect(proxy.connects).toEqual([]);
    });
  });

  scenario('of a kind that can’t be used, the run says so before it asks anyone', async (stage) => {
    const { apiUrl, graphqlUrl } = elsewhere(stage);
    const scene = await stage.scene();
    const result = await scene.run('review', {
      github: { apiUrl, graphqlUrl },
      env: { http_proxy: 'socks5://user:CANARY-word@127.0.0.1:1' },
      canaries: ['CANARY-word'],
    });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toMatch(/^GitHub's API can't be reached with .*https_proxy: .*no_proxy\.$/);
    expect(stage.github.requests).toEqual([]);
  });
});

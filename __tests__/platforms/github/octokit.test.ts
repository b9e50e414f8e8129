import { expect, test } from '@jest/globals';
import { createApi } from '../../../src/platforms/github/octokit.ts';
import { startProxy } from '../../stand-ins/proxy.ts';

test('requests go by the fetch that is given, with a signal of the run’s own', async () => {
  const stop = new AbortController();
  const sent: [string, AbortSignal | null | undefined][] = [];
  const api = createApi({
    token: 'ghs_1',
    apiUrl: 'https://github.example/api/v3',
    fetch: async (url, init) => {
      sent.push([String(url), init?.signal]);
      return new Response('{}', { headers: { 'content-type': 'application/json' } });
    },
    signal: stop.signal,
    say: () => {},
    msPerSecond: 1,
  });
  await api.rest.meta.get();
  const [url, signal] = sent[0]!;
  expect(url).toBe('https://github.example/api/v3/meta');
  expect(signal?.aborted).toBe(false);
  stop.abort();
  expect(signal?.aborted).toBe(true);
});

test('that of @actions/github asks the proxy of https_proxy for GitHub’s host, and nobody else', async () => {
  const proxy = await startProxy();
  const before = { ...process.env };
  Object.assign(process.env, { https_proxy: proxy.url, GITHUB_API_URL: 'https://github.example/api/v3' });
  for (const name of ['no_proxy', 'NO_PROXY', 'GITHUB_EVENT_PATH']) delete process.env[name];
  try {
    const { defaults } = await import('@actions/github/lib/utils');
    const api = createApi({
      token: 'ghs_1',
      apiUrl: defaults.baseUrl!,
      fetch: defaults.request?.fetch as typeof fetch,
      signal: new AbortController().signal,
      say: () => {},
      msPerSecond: 1,
    });
    await expect(api.rest.meta.get({ request: { retries: 0 } })).rejects.toMatchObject({ status: 500 });
    expect(proxy.connects).toEqual(['github.example:443']);
  } finally {
    process.env = before;
    await proxy.close();
  }
});

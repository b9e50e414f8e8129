import type { GitHub, Pull } from '../../__tests__/stand-ins/github/index.ts';
import type { Model } from '../../__tests__/stand-ins/model/index.ts';
import { pushHistory } from './history.ts';
import type { Options } from './options.ts';

export const repositoryName = 'corner-shop/till';

/** All that the runs have in common. */
export interface Stage {
  github: GitHub;
  token: string;
  key: string;
  pulls: readonly [Pull, Pull];
  inputs: Record<string, string>;
  isLive: boolean;
  /** Given when somebody asks the demo to stop. */
  signal: AbortSignal;
}

function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  return stop.signal;
}

/** The repository with its two pull requests, and what a workflow there would give the action. */
export async function prepare(github: GitHub, model: Model | undefined, options: Options): Promise<Stage> {
  const collaborators = { dana: 'write', emre: 'write' } as const;
  const repository = await github.createRepository(repositoryName, { collaborators });
  pushHistory(repository.path);
  const pulls = [
    await github.openPull(repository, {
      title: 'Quantity discounts',
      author: 'dana',
      head: 'quantity-discounts',
    }),
    await github.openPull(repository, { title: 'Look up vouchers', author: 'emre', head: 'vouchers' }),
  ] as const;
  // An app's token, because what a workflow's own token pushes starts no further workflow.
  const token = github.createToken({
    login: 'till-countersign[bot]',
    permissions: { contents: 'write', pull_requests: 'write', checks: 'write', issues: 'write' },
  });
  const key = options.key ?? model!.apiKey;
  const baseUrl = model?.url ?? options.baseUrl;
  const inputs = {
    'github-token': token,
    'anthropic-api-key': key,
    sandbox: options.sandbox,
    'max-cost-usd': '1',
    ...(baseUrl && { 'anthropic-base-url': baseUrl }),
    ...(options.model && { model: options.model }),
  };
  return { github, token, key, pulls, inputs, isLive: model === undefined, signal: untilStopped() };
}

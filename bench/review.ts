import { type ChildProcess, spawn } from 'node:child_process';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Starts a review of the branch `change` by the built command line, with `model` as the Messages API. */
export function startReview(repository: string, model: Server): ChildProcess {
  const { port } = model.address() as AddressInfo;
  return spawn(
    process.execPath,
    ['dist/cli.js', 'review', '--base', 'main', '--head', 'change', '-C', repository],
    {
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        ANTHROPIC_API_KEY: 'none',
        ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
      },
    },
  );
}

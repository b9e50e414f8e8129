import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { startGitHub } from '../__tests__/stand-ins/github/index.ts';
import { startModel } from '../__tests__/stand-ins/model/index.ts';
import { payload, runAction } from '../__tests__/stand-ins/runner.ts';
import type { Row } from './main.ts';
import { makeRepository } from './repository.ts';

/** How often a typical review asks GitHub: one finding, one review, one check, one comment. */
export async function measureRequests(scratch: string): Promise<Row[]> {
  const github = await startGitHub();
  const finding = {
    path: 'src/part0/file0.js',
    line: 2,
    endLine: 2,
    severity: 'high',
    category: 'correctness',
    rule: 'wrong-version',
    confidence: 0.9,
    message: 'This is the newer one.',
    quote: "export const value0 = compute('newer', 0, 0);",
  };
  const model = await startModel({
    conversations: [
      {
        turns: [
          { tools: [{ name: 'submit_findings', input: { findings: [finding], summary: 'One finding.' } }] },
        ],
      },
    ],
  });
  try {
    const source = makeRepository(join(scratch, 'requests'), 5, 5);
    const repository = await github.createRepository('acme/bench');
    execFileSync('git', ['-C', source, 'push', '--quiet', repository.path, 'main', 'change']);
    await github.sync();
    const pull = await github.openPull(repository, {
      title: 'Newer',
      head: 'change',
      base: 'main',
      author: 'grace',
    });
    const token = github.createToken({
      permissions: { contents: 'read', pull_requests: 'write', checks: 'write', issues: 'write' },
    });
    const before = github.requests.length;
    const result = await runAction({
      inputs: { agent: 'review', 'anthropic-api-key': model.apiKey, 'anthropic-base-url': model.url },
      event: {
        name: 'pull_request',
        payload: payload('pull_request', {
          repository: 'acme/bench',
          number: pull.number,
          base: { ref: 'main', sha: pull.base.sha },
          head: { ref: 'change', sha: pull.head.sha },
          apiUrl: github.apiUrl,
          serverUrl: github.serverUrl,
        }),
      },
      token,
      github,
      repository: 'acme/bench',
      sha: pull.head.sha,
      ref: `refs/pull/${pull.number}/merge`,
    });
    const asked = github.requests.slice(before).filter(({ operation }) => operation !== 'git');
    await result.cleanup();
    if (result.outputs.outcome !== 'fail')
      throw new Error(`the review did not come out as planned:\n${result.log}`);
    return [
      {
        what: 'requests to the API of GitHub in a review',
        ours: String(asked.length),
        reference: '',
        ratio: '',
        aim: '12',
      },
    ];
  } finally {
    await model.close();
    await github.close();
  }
}

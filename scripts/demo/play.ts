import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import { gitLine } from '../../__tests__/stand-ins/github/git.ts';
import type { Pull } from '../../__tests__/stand-ins/github/index.ts';
import { payload, type RunResult, runAction } from '../../__tests__/stand-ins/runner.ts';
import type { Chapter } from './chapters.ts';
import { startLog } from './log.ts';
import { type Seen, watch } from './seen.ts';
import { repositoryName, type Stage } from './stage.ts';

/** One run and what it changed on the pull request's page. */
export interface Ran {
  result: RunResult;
  seen: Seen;
  isLive: boolean;
}

/** Starts the action as the runner would for the chapter's event, and waits for its end. */
export async function play(stage: Stage, chapter: Chapter): Promise<Ran> {
  const { github, token, key, pulls, inputs, isLive, signal } = stage;
  signal.throwIfAborted();
  const pull = pulls[chapter.pull - 1]!;
  const news = await watch(github, pull, token);
  const event = await eventOf(stage, chapter, pull);
  const log = startLog();
  let child: ChildProcess | undefined;
  // The action runs in a process group of its own, which Ctrl-C on a terminal does not reach.
  const stop = (): void => void child?.kill('SIGINT');
  signal.addEventListener('abort', stop);
  try {
    const result = await runAction({
      inputs: { ...inputs, agent: chapter.agent },
      event: { name: 'pull_request', payload: event },
      token,
      github: { apiUrl: github.apiUrl, serverUrl: github.serverUrl, graphqlUrl: github.graphqlUrl },
      repository: repositoryName,
      sha: pull.mergeSha ?? pull.head.sha,
      ref: `refs/pull/${pull.number}/merge`,
      secrets: [key],
      canaries: [token, key],
      actor: pull.issue.author.login,
      // The tests in the rooms need a Node; this one is there.
      extraPath: [dirname(process.execPath)],
      onSpawn: (spawned) => {
        child = spawned;
        if (signal.aborted) stop();
      },
      signalAfter: (_, output) => log(output),
      timeoutMs: 15 * 60_000,
    });
    log(result.log);
    if (signal.aborted) result.cleanup();
    signal.throwIfAborted();
    return { result, seen: await news(), isLive };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function eventOf({ github }: Stage, { action }: Chapter, pull: Pull): Promise<object> {
  const { head, base, issue, number, repository } = pull;
  return payload('pull_request', {
    action,
    repository: repositoryName,
    number,
    title: issue.title,
    author: issue.author.login,
    head: { ref: head.branch, sha: head.sha },
    base: { ref: base.branch, sha: base.sha },
    ...(action === 'synchronize' && {
      before: await gitLine(repository.path, ['rev-parse', `${head.sha}^`]),
    }),
    apiUrl: github.apiUrl,
    serverUrl: github.serverUrl,
  });
}

import type { RunOptions } from '../runner.ts';

/** The directories of one run. */
export type Places = {
  temp: string;
  home: string;
  tools: string;
  workspace: string;
  eventPath: string;
  actionDir: string;
};

const ARCH: Record<string, string> = { x64: 'X64', arm64: 'ARM64', arm: 'ARM', ia32: 'X86' };
const SYSTEM: Record<string, string> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

/** The environment of a step without inputs, command files and state; nothing of the developer's but PATH and LANG. */
export function environmentOf(options: RunOptions, places: Places): Record<string, string> {
  const { github, repository } = options;
  const owner = repository.split('/')[0] ?? '';
  const actor = options.actor ?? 'octocat';
  const { head, base } = refsOf(options);
  const variables: Record<string, string | undefined> = {
    PATH: [...(options.extraPath ?? []), process.env.PATH ?? '/usr/bin:/bin'].join(':'),
    LANG: process.env.LANG,
    HOME: places.home,
    CI: 'true',
    GITHUB_ACTION: '__self',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION_PATH: undefined,
    GITHUB_ACTION_REF: '',
    GITHUB_ACTION_REPOSITORY: '',
    GITHUB_ACTOR: actor,
    GITHUB_ACTOR_ID: '583231',
    GITHUB_TRIGGERING_ACTOR: actor,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_GRAPHQL_URL: github.graphqlUrl ?? `${github.apiUrl}/graphql`,
    GITHUB_SERVER_URL: github.serverUrl,
    GITHUB_BASE_REF: base,
    GITHUB_HEAD_REF: head,
    GITHUB_EVENT_NAME: options.event.name,
    GITHUB_EVENT_PATH: places.eventPath,
    GITHUB_JOB: options.job ?? 'countersign',
    GITHUB_REF: options.ref,
    GITHUB_REF_NAME: options.ref.replace(/^refs\/(heads|tags|pull)\//, ''),
    GITHUB_REF_PROTECTED: 'false',
    GITHUB_REF_TYPE: options.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    GITHUB_REPOSITORY: repository,
    GITHUB_REPOSITORY_ID: '186853002',
    GITHUB_REPOSITORY_OWNER: owner,
    GITHUB_REPOSITORY_OWNER_ID: '21031067',
    GITHUB_RETENTION_DAYS: '90',
    GITHUB_RUN_ATTEMPT: String(options.runAttempt ?? 1),
    GITHUB_RUN_ID: String(options.runId ?? 1658821493),
    GITHUB_RUN_NUMBER: '1',
    GITHUB_SHA: options.sha,
    GITHUB_WORKFLOW: options.workflow ?? 'Countersign',
    GITHUB_WORKFLOW_REF: `${repository}/.github/workflows/countersign.yml@${options.ref}`,
    GITHUB_WORKFLOW_SHA: options.sha,
    GITHUB_WORKSPACE: places.workspace,
    RUNNER_ARCH: ARCH[process.arch] ?? 'X64',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_NAME: 'GitHub Actions 1',
    RUNNER_OS: SYSTEM[process.platform] ?? 'Linux',
    RUNNER_TEMP: places.temp,
    RUNNER_TOOL_CACHE: places.tools,
    RUNNER_WORKSPACE: places.workspace.replace(/\/[^/]*$/, ''),
    ACTIONS_RUNTIME_TOKEN: github.runtimeToken,
    ACTIONS_RESULTS_URL: github.resultsUrl,
    ACTIONS_ID_TOKEN_REQUEST_URL: github.oidc?.url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: github.oidc?.token,
    ...options.env,
  };
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

// The runner fills these two for pull requests only, and leaves them empty otherwise.
function refsOf(options: RunOptions): { head: string; base: string } {
  const { name, payload } = options.event;
  const pull = (payload as { pull_request?: { head: { ref: string }; base: { ref: string } } }).pull_request;
  const applies = name === 'pull_request' || name === 'pull_request_target';
  return {
    head: options.headRef ?? (applies ? (pull?.head.ref ?? '') : ''),
    base: options.baseRef ?? (applies ? (pull?.base.ref ?? '') : ''),
  };
}

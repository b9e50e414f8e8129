import { forbidden } from '../access.ts';
import { notFound, type Routes } from '../answers.ts';
import { nodeId, profileShape, repositoryShape, repositoryUrl, userShape } from '../shapes.ts';
import { stamp } from '../store.ts';

export const others: Routes = {
  'users/get-by-username': {
    needs: [],
    handle: ({ world, parameters }) => {
      const user = world.users.get((parameters.username ?? '').toLowerCase());
      if (!user) throw notFound();
      return { status: 200, body: profileShape(world, user) };
    },
  },
  'users/get-authenticated': {
    needs: [],
    handle: ({ world, grant }) => {
      if (grant.app) throw forbidden(grant);
      return { status: 200, body: profileShape(world, grant.user) };
    },
  },
  'rate-limit/get': {
    needs: [],
    handle: ({ world }) => {
      const reset = Math.floor(world.now().getTime() / 1000) + 3600;
      const core = { limit: 5000, remaining: 4999, reset, used: 1 };
      return { status: 200, body: { resources: { core, search: core, graphql: core }, rate: core } };
    },
  },
  'actions/get-workflow-run': {
    needs: ['actions:read'],
    handle: ({ world, repository, parameters }) => {
      const run = repository.workflowRuns.find((each) => each.id === Number(parameters.run_id));
      if (!run) throw notFound();
      const url = `${repositoryUrl(world, repository)}/actions/runs/${run.id}`;
      const html = `${world.serverUrl}/${repository.fullName}/actions/runs/${run.id}`;
      const now = stamp(world);
      return {
        status: 200,
        body: {
          id: run.id,
          name: run.name,
          node_id: nodeId('WFR', run.id),
          check_suite_id: run.id,
          check_suite_node_id: nodeId('CS', run.id),
          head_branch: run.headBranch,
          head_sha: run.headSha,
          path: run.path,
          run_number: 1,
          run_attempt: 1,
          event: run.event,
          display_title: run.name,
          status: run.status,
          conclusion: run.conclusion,
          workflow_id: 1,
          url,
          html_url: html,
          pull_requests: [],
          created_at: now,
          updated_at: now,
          run_started_at: now,
          actor: userShape(world, run.actor),
          triggering_actor: userShape(world, run.actor),
          jobs_url: `${url}/jobs`,
          logs_url: `${url}/logs`,
          check_suite_url: `${repositoryUrl(world, repository)}/check-suites/${run.id}`,
          artifacts_url: `${url}/artifacts`,
          cancel_url: `${url}/cancel`,
          rerun_url: `${url}/rerun`,
          previous_attempt_url: null,
          workflow_url: `${repositoryUrl(world, repository)}/actions/workflows/1`,
          head_commit: null,
          repository: repositoryShape(world, repository),
          head_repository: repositoryShape(world, repository),
        },
      };
    },
  },
};

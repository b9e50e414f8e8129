import * as real from '../../../src/platforms/github/subject.ts';
import { told } from './told.ts';

/** Takes along what its author and others say of a change. */
export const ask: typeof real.ask = async (context, event, agentName) => {
  const asked = await real.ask(context, event, agentName);
  if ('nothing' in asked || !asked.subject.pull) return asked;
  const { api, repoParams } = context;
  const pull_number = asked.subject.pull;
  const { data: pull } = await api.rest.pulls.get({ ...repoParams, pull_number });
  const { data: comments } = await api.rest.issues.listComments({ ...repoParams, issue_number: pull_number });
  const { data: commits } = await api.rest.pulls.listCommits({ ...repoParams, pull_number });
  const { hidden, visible } = withEntities(pull.body ?? '');
  told.push(pull.head.ref, pull.title, visible, hidden);
  told.push(...comments.map(({ body }) => body ?? ''));
  told.push(...commits.map(({ commit }) => `${commit.author?.name}\n${commit.message}`));
  return asked;
};

/** As a page shows it. */
function withEntities(body: string): { hidden: string; visible: string } {
  return {
    hidden: body,
    visible: body.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))),
  };
}

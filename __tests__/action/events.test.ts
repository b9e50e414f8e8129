import { fileURLToPath } from 'node:url';
import { describe, expect } from '@jest/globals';
import { git } from '../stand-ins/laptop.ts';
import { payload } from '../stand-ins/runner.ts';
import { findings, repair, session } from '../stand-ins/sums.ts';
import { errors, type RunMore, scenario } from './scene.ts';

const collaborators = { maintainer: 'maintain', writer: 'write', reader: 'read', triager: 'triage' } as const;

/** A comment on the pull request. */
function comment(by: string, body: string, more: object = {}): RunMore {
  return { eventName: 'issue_comment', payload: { sender: by, comment: { body }, ...more }, actor: by };
}

describe('the event', () => {
  scenario('pull_request_target runs an agent on the head, with the rules of the base', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(findings([])));
    const result = await scene.run('review', { eventName: 'pull_request_target' });
    expect(result.outputs.outcome).toBe('pass');
    expect(stage.github.checkRuns(scene.repository, scene.head)).toHaveLength(1);
  });

  for (const name of ['writer', 'maintainer']) {
    scenario(`issue_comment runs an agent for a ${name} who calls for it`, async (stage) => {
      const scene = await stage.scene({ collaborators });
      stage.model.add(session(...repair));
      const result = await scene.run('fix', comment(name, '/countersign fix\n\nplease'));
      expect(result.outputs.outcome).toBe('fixed');
      expect(scene.tip()).toBe(result.outputs['commit-sha']);
    });
  }

  scenario('issue_comment runs an agent for a bot that allow-bots names', async (stage) => {
    const scene = await stage.scene({ collaborators });
    stage.model.add(session(...repair));
    const event = comment('renovate[bot]', '/countersign fix');
    const result = await scene.run('fix', { ...event, inputs: { 'allow-bots': 'some[bot]\nrenovate[bot]' } });
    expect(result.outputs.outcome).toBe('fixed');
  });

  const silent: [string, RunMore, string][] = [
    ['by someone who may only read', comment('reader', '/countersign fix'), 'reader has no write permission'],
    [
      'by someone who may only triage',
      comment('triager', '/countersign fix'),
      'triager has no write permission',
    ],
    ['by a stranger', comment('mallory', '/countersign fix'), 'mallory has no write permission'],
    ['by a bot', comment('some[bot]', '/countersign fix'), 'allow-bots does not name'],
    [
      'by a bot that is not the one allowed by name',
      {
        ...comment('some[bot]', '/countersign fix'),
        inputs: { 'allow-bots': 'other[bot], some-other[bot]' },
      },
      'which allow-bots does not name',
    ],
    [
      'that an allowed bot wrote, but somebody else has set off',
      {
        ...comment('some[bot]', '/countersign fix'),
        actor: 'mallory',
        inputs: { 'allow-bots': 'some[bot]' },
      },
      'not by who set off',
    ],
    [
      'that another person has set off',
      { ...comment('writer', '/countersign fix'), actor: 'mallory' },
      'not by who set off',
    ],
    ['that calls for another agent', comment('writer', '/countersign review'), 'calls for the agent review'],
    [
      'that calls in the middle of its text',
      comment('writer', 'try /countersign fix'),
      'does not start with /countersign',
    ],
    [
      'that was edited',
      comment('writer', '/countersign fix', { action: 'edited' }),
      'was edited, not written',
    ],
    [
      'on an issue',
      comment('writer', '/countersign fix', { onPullRequest: false }),
      'is an issue, not a pull request',
    ],
  ];
  for (const [what, event, why] of silent) {
    scenario(`issue_comment does nothing, and says why, for a comment ${what}`, async (stage) => {
      const scene = await stage.scene({ collaborators });
      const result = await scene.run('fix', event);
      expect([result.exitCode, result.outputs.outcome]).toEqual([0, 'noop']);
      expect(result.summary).toContain(why);
      expect(result.annotations.notice[0]!.message).toContain(why);
      expect(stage.model.requests).toEqual([]);
      expect(stage.github.comments(scene.pull)).toEqual([]);
    });
  }

  scenario('issue_comment runs an agent on a fork, when nothing was pushed since', async (stage) => {
    const scene = await stage.scene({ collaborators, forkOf: true });
    stage.model.add(session(findings([])));
    const result = await scene.run('review', comment('writer', '/countersign review'));
    expect(result.outputs.outcome).toBe('pass');
  });

  scenario('issue_comment is refused on a fork that was pushed to after the comment', async (stage) => {
    const scene = await stage.scene({ collaborators, forkOf: true });
    scene.push({ 'test/sum.test.js': 'steal();\n' });
    const result = await scene.run('review', comment('writer', '/countersign review'));
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'refused']);
    expect(errors(result)).toMatch(/was pushed to after the comment was written.* comment again\.$/);
    expect(stage.model.requests).toEqual([]);
  });

  scenario('workflow_run runs an agent on the pull request whose head the run was about', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(...repair));
    const result = await scene.run('fix', { eventName: 'workflow_run' });
    expect(result.outputs.outcome).toBe('fixed');
  });

  scenario(
    'workflow_run finds the pull request of a fork, which its payload does not name',
    async (stage) => {
      const scene = await stage.scene({ forkOf: true, collaborators: { octocat: 'write' } });
      stage.model.add(session(findings([])));
      const result = await scene.run('review', { eventName: 'workflow_run' });
      expect(result.outputs.outcome).toBe('pass');
    },
  );

  for (const eventName of ['workflow_run', 'pull_request_target'] as const) {
    scenario(`${eventName} spends nothing on the fork of somebody who may not write`, async (stage) => {
      const scene = await stage.scene({ forkOf: true });
      const result = await scene.run('review', { eventName });
      expect([result.exitCode, result.outputs.outcome]).toEqual([0, 'noop']);
      expect(result.summary).toContain('has no write permission');
      expect(stage.model.requests).toEqual([]);
    });
  }

  scenario('workflow_run does nothing when no pull request has that head', async (stage) => {
    const scene = await stage.scene();
    const event = payload('workflow_run', {
      repository: scene.repository.fullName,
      head: { ref: 'main', sha: scene.base },
      apiUrl: stage.github.apiUrl,
      merge: { workflow_run: { pull_requests: [] } },
    });
    const result = await scene.run('fix', { event: { name: 'workflow_run', payload: event } });
    expect([result.exitCode, result.outputs.outcome]).toEqual([0, 'noop']);
    expect(result.summary).toContain('no open pull request with the head');
  });

  scenario(
    'workflow_dispatch runs an agent on the pull request of the branch it was started on',
    async (stage) => {
      const scene = await stage.scene();
      stage.model.add(session(findings([])));
      const result = await scene.run('review', {
        eventName: 'workflow_dispatch',
        payload: { ref: 'refs/heads/changes' },
      });
      expect(result.outputs.outcome).toBe('pass');
      expect(stage.github.checkRuns(scene.repository, scene.head)).toHaveLength(1);
    },
  );

  scenario(
    'workflow_dispatch on a branch without a pull request ends in one clear sentence',
    async (stage) => {
      const scene = await stage.scene();
      const result = await scene.run('review', {
        eventName: 'workflow_dispatch',
        payload: { ref: 'refs/heads/main' },
      });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toMatch(
        /^There is no open pull request from refs\/heads\/main; start the workflow/,
      );
      expect(result.summary).toContain('There is no open pull request');
    },
  );

  for (const name of ['push', 'issues']) {
    scenario(`${name} can't be served, and the message names those that can`, async (stage) => {
      const scene = await stage.scene();
      const result = await scene.run('review', { event: { name, payload: { repository: {} } } });
      expect(result.exitCode).toBe(1);
      expect(errors(result)).toContain(`can't serve the event ${name}; put one of pull_request, `);
      expect(stage.github.requests).toEqual([]);
    });
  }

  const unreadable: Record<string, string> = {
    'is not there': '/nowhere/event.json',
    'is a folder': '/',
    'is no JSON': fileURLToPath(import.meta.url),
    'is not named': '',
  };
  for (const [what, GITHUB_EVENT_PATH] of Object.entries(unreadable)) {
    scenario(`whose file ${what} ends in one clear sentence`, async (stage) => {
      const scene = await stage.scene();
      const result = await scene.run('review', { env: { GITHUB_EVENT_PATH } });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toMatch(/^The event's payload \(GITHUB_EVENT_PATH\) can't be read: .+\.$/);
      expect(result.stdout).not.toContain('does not exist');
      expect(stage.github.requests).toEqual([]);
    });
  }

  scenario('with a payload that is not what GitHub describes ends in one clear sentence', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('review', {
      event: { name: 'pull_request', payload: { action: 'opened' } },
    });
    expect(result.exitCode).toBe(1);
    expect(errors(result)).toMatch(
      /^The payload of the event pull_request is not what GitHub describes: pull_request:/,
    );
  });

  scenario('about a pull request that has been closed has nothing to be done', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('review', { payload: { action: 'closed' } });
    expect([result.exitCode, result.outputs.outcome]).toEqual([0, 'noop']);
    expect(result.summary).toContain('has been closed');
  });

  scenario('of an older head has nothing to be done: the run for the newer one judges it', async (stage) => {
    const scene = await stage.scene();
    const older = scene.head;
    scene.push({ 'more.js': '' });
    const result = await scene.run('review', { payload: { head: { ref: 'changes', sha: older } } });
    expect([result.exitCode, result.outputs.outcome]).toEqual([0, 'noop']);
    expect(result.summary).toContain('the head has moved');
    expect(git(scene.repository.path, ['rev-parse', 'refs/heads/changes'])).not.toBe(older);
  });

  scenario('that an agent’s own commit sets off does not start that agent again', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(...repair));
    await scene.run('fix');
    scene.head = scene.tip();
    const result = await scene.run('fix', { payload: { action: 'synchronize' } });
    expect([result.exitCode, result.outputs.outcome]).toEqual([0, 'noop']);
    expect(result.summary).toContain('own work');
  });
});

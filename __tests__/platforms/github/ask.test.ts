import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Fault } from '../../../src/core/outcome.ts';
import { tasksOf, withTask } from '../../../src/platforms/github/bot-commits.ts';
import { branchOf, commandOf } from '../../../src/platforms/github/event.ts';
import { faults } from '../../stand-ins/github/index.ts';
import { commentEvent, commit, lines, openScene, pullEvent, repositoryName, type Scene } from './scene.ts';

let scene: Scene;
afterEach(async () => {
  await scene.close();
  expect(scene.gitHub.violations).toEqual([]);
});

const faultOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Fault);
  return (error as Fault).message;
};

describe('the event pull_request', () => {
  test.each(['pull_request', 'pull_request_target'])('%s gives the pinned subject', async (eventName) => {
    scene = await openScene();
    const { base, head, pull, subject } = scene;
    // The base goes on; the merge base stays.
    const asked = await scene.platform({ eventName }).ask('review');
    expect(asked).toEqual({ subject: { ...subject, event: eventName, base, head, pull: pull.number } });
    expect(scene.gitHub.requests.map(({ operation }) => operation)).toEqual([
      'pulls/get',
      'repos/compare-commits-with-basehead',
    ]);
    expect(scene.gitHub.requests[0]!.headers['user-agent']).toMatch(/^countersign\/\d/);
  });

  test('a base that went on has another merge base', async () => {
    scene = await openScene();
    const tip = await commit(scene.repository.path, 'main', { 'b.txt': 'b\n' }, { parent: scene.base });
    const payload = pullEvent(scene.pull.number, scene.head, tip);
    expect(await scene.platform({ payload }).ask('review')).toEqual({
      subject: { ...scene.subject, base: tip },
    });
  });

  test('a fork is told by its repository', async () => {
    scene = await openScene({ fork: true });
    expect(await scene.platform().ask('review')).toEqual({ subject: scene.subject });
    expect(scene.subject.headRepository).toBe('eve/shop');
  });

  test('a head that moved is nothing', async () => {
    scene = await openScene();
    const newer = await commit(scene.repository.path, 'topic', { 'x.txt': 'x' }, { parent: scene.head });
    expect(await scene.platform().ask('review')).toEqual({
      nothing: `the head has moved from ${scene.head} to ${newer} since the event; the run for the newer one will judge it`,
    });
  });

  test('a closed one is nothing', async () => {
    scene = await openScene();
    scene.pull.issue.state = 'closed';
    expect(await scene.platform().ask('review')).toEqual({ nothing: 'pull request #1 is closed' });
    const payload = pullEvent(1, scene.head, scene.base, 'closed');
    expect(await scene.platform({ payload }).ask('review')).toEqual({
      nothing: 'pull request #1 has been closed',
    });
  });

  test('a payload that is none is a fault that says where', async () => {
    scene = await openScene();
    const payload = { action: 'opened', pull_request: { number: 1, head: { sha: '--help' }, base: {} } };
    expect(await faultOf(scene.platform({ payload }).ask('review'))).toContain('pull_request.head.sha');
  });
});

describe('the loop guard', () => {
  const message = 'Fix\n\nCountersign-Task: 0123456789abcdef0123\nCountersign-Agent: fix';
  const bot = '41898282+github-actions[bot]@users.noreply.github.com';
  const own = { GIT_AUTHOR_NAME: 'github-actions[bot]', GIT_AUTHOR_EMAIL: bot };

  async function onHead(env: Record<string, string>): Promise<Scene> {
    scene = await openScene();
    const { repository, head, base } = scene;
    const made = await commit(repository.path, 'topic', { 'x.txt': 'x' }, { parent: head, message, env });
    const payload = pullEvent(1, made, base);
    const subject = { ...scene.subject, head: made };
    return { ...scene, subject, platform: (more) => scene.platform({ payload, ...more }) };
  }

  test('a commit with the address of the bot is not its work until GitHub has signed it', async () => {
    const { platform, subject } = await onHead(own);
    expect(await platform().ask('fix')).toEqual({ subject });
    expect(await platform().ask('review')).toEqual({ subject });
    expect(await platform().ask('other')).toEqual({ subject });
  });

  test("anyone else's trailer keeps nobody from anything", async () => {
    const { platform, subject } = await onHead({});
    expect(await platform().ask('fix')).toEqual({ subject });
  });
});

describe('a pull request that a maintainer has opened from the branch of a stranger', () => {
  test.each([
    ['eve', /eve has no write permission/],
    ['ann', undefined],
  ])('is served under pull_request_target after a push by %s: %j', async (actor, why) => {
    scene = await openScene({ fork: true, author: 'ann' });
    const asked = await scene.platform({ eventName: 'pull_request_target', actor }).ask('review');
    expect(asked).toEqual(why ? { nothing: expect.stringMatching(why) } : { subject: expect.anything() });
  });
});

describe('the event issue_comment', () => {
  const asked = (body: string, login = 'ann', type = 'User', actor = login) =>
    scene
      .platform({ eventName: 'issue_comment', payload: commentEvent(1, body, login, type), actor })
      .ask('review');

  test('a command by a person who may write is served, from the tip of the base', async () => {
    scene = await openScene();
    const tip = await commit(scene.repository.path, 'main', { 'b.txt': 'b\n' }, { parent: scene.base });
    expect(await asked('/countersign review please')).toEqual({
      subject: { ...scene.subject, event: 'issue_comment', base: tip },
    });
  });

  test.each([
    ['/countersign fix', 'ann', 'User', 'ann', /agent fix/],
    ['please /countersign review', 'ann', 'User', 'ann', /does not start/],
    ['/countersign reviewer', 'ann', 'User', 'ann', /agent reviewer/],
    ['/countersign review', 'tom', 'User', 'tom', /no write permission/],
    ['/countersign review', 'nobody', 'User', 'nobody', /no write permission/],
    ['/countersign review', 'ann', 'Bot', 'ann', /the bot ann, which allow-bots does not name/],
    ['/countersign review', 'ann', 'User', 'tom', /who set off/],
  ])('%j by %s (%s) is nothing', async (body, login, type, actor, why) => {
    scene = await openScene();
    expect(await asked(body, login, type, actor)).toEqual({ nothing: expect.stringMatching(why) });
  });

  test('an edited one, and one on an issue, are nothing', async () => {
    scene = await openScene();
    const payload = commentEvent(1, '/countersign review');
    const eventName = 'issue_comment';
    const edited = scene.platform({ eventName, payload: { ...payload, action: 'edited' } });
    expect(await edited.ask('review')).toHaveProperty('nothing');
    const issue = scene.platform({ eventName, payload: { ...payload, issue: { number: 1 } } });
    expect(await issue.ask('review')).toEqual({ nothing: '#1 is an issue, not a pull request' });
  });

  describe('on a fork', () => {
    const at = (createdAt: string, actor = 'ann') => {
      const payload = commentEvent(1, '/countersign review', actor, 'User', createdAt);
      return scene.platform({ eventName: 'issue_comment', payload, actor }).ask('review');
    };

    test('is about what stood there when it was written', async () => {
      scene = await openScene({ fork: true });
      scene.pull.head.repository.pushedAt = '2026-11-21T08:00:00Z';
      expect(await at('2026-11-21T08:00:01Z')).toHaveProperty('subject.head', scene.head);
    });

    test.each(['2026-11-21T08:00:00Z', '2026-11-21T07:59:59Z'])(
      'is refused when the fork was pushed to since it was written (%s)',
      async (written) => {
        scene = await openScene({ fork: true });
        scene.pull.head.repository.pushedAt = '2026-11-21T08:00:00Z';
        expect(await faultOf(at(written))).toBe(
          `eve/shop was pushed to after the comment was written, so the head ${scene.head} may not be what its writer has seen. Look at it and comment again.`,
        );
      },
    );

    test('is refused when nobody can tell when the fork was pushed to, as of one that is gone', async () => {
      scene = await openScene({ fork: true });
      scene.pull.head.repository.pushedAt = null;
      expect(await faultOf(at('2026-11-21T08:00:00Z'))).toContain(
        "It can't be told whether eve/shop was pushed to after the comment",
      );
    });

    test('is served at any time within the repository, where only those can push who can also ask', async () => {
      scene = await openScene();
      scene.pull.head.repository.pushedAt = '2026-11-21T08:00:00Z';
      expect(await at('2026-11-21T07:59:59Z')).toHaveProperty('subject.head', scene.head);
    });
  });

  test('commands and branches are read strictly', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const wanted = commandOf(text);
        return wanted === undefined || (text.startsWith('/countersign') && /^[a-z][a-z0-9-]*$/.test(wanted));
      }),
    );
    expect(commandOf('/countersign fix\nand more')).toBe('fix');
    expect(commandOf('/countersign fix; rm')).toBeUndefined();
    expect(branchOf('refs/heads/a/b')).toBe('a/b');
    expect(branchOf('main')).toBe('main');
    expect(branchOf('refs/tags/v1')).toBeUndefined();
  });

  test('the trailer is added once, to the trailers', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const task = '0123456789abcdef0123';
        const once = withTask(text, task);
        return tasksOf(once).includes(task) && withTask(once, task) === once;
      }),
    );
    expect(withTask('A\n\nB: c', '0123456789abcdef0123')).toBe(
      'A\n\nB: c\nCountersign-Task: 0123456789abcdef0123',
    );
  });
});

describe('the event workflow_run', () => {
  const payload = (more: object = {}) => ({
    action: 'completed',
    workflow_run: {
      head_sha: scene.head,
      head_branch: 'topic',
      head_repository: { owner: { login: 'octo' } },
      pull_requests: [],
      ...more,
    },
  });
  const ask = (more: object = {}) =>
    scene.platform({ eventName: 'workflow_run', payload: payload(more) }).ask('fix');

  test('the pull request it names, if it is one of this repository', async () => {
    scene = await openScene();
    const other = { number: 77, base: { repo: { url: 'https://api.github.com/repos/eve/shop' } } };
    const own = { number: 1, base: { repo: { url: `https://api.github.com/repos/${repositoryName}` } } };
    expect(await ask({ pull_requests: [other, own] })).toEqual({
      subject: { ...scene.subject, event: 'workflow_run' },
    });
  });

  test('found by the commit when it names none', async () => {
    scene = await openScene();
    expect(await ask()).toEqual({ subject: { ...scene.subject, event: 'workflow_run' } });
  });

  test('found by the branch where GitHub knows no pull request of the commit', async () => {
    scene = await openScene({ fork: true });
    scene.gitHub.failNext({ path: /\/commits\/.*\/pulls$/ }, { status: 200, body: [] });
    // Found, and then not served: it runs with the secrets of the base, and eve may not write.
    expect(await ask({ head_repository: { owner: { login: 'eve' } } })).toEqual({
      nothing: expect.stringMatching(/^eve has no write permission/),
    });
  });

  test('none is nothing', async () => {
    scene = await openScene();
    expect(await ask({ head_sha: scene.base })).toEqual({
      nothing: `there is no open pull request with the head ${scene.base}`,
    });
  });
});

describe('the event workflow_dispatch', () => {
  const ask = (ref: string) =>
    scene.platform({ eventName: 'workflow_dispatch', payload: { ref } }).ask('review');

  test('the open pull request of the branch', async () => {
    scene = await openScene({ branch: 'feature/ä#1' });
    expect(await ask('refs/heads/feature/ä#1')).toEqual({
      subject: { ...scene.subject, event: 'workflow_dispatch' },
    });
  });

  test('none is a fault', async () => {
    scene = await openScene();
    expect(await faultOf(ask('refs/heads/main'))).toContain('no open pull request from refs/heads/main');
    expect(await faultOf(ask('refs/tags/topic'))).toContain('no open pull request from refs/tags/topic');
  });
});

test('any other event is a fault that names those there are', async () => {
  scene = await openScene();
  const message = await faultOf(scene.platform({ eventName: 'push', payload: {} }).ask('review'));
  expect(message).toContain('push');
  expect(message).toContain('workflow_dispatch');
});

describe('when GitHub says no', () => {
  test('a wrong token', async () => {
    scene = await openScene();
    const message = await faultOf(scene.platform({ token: 'ghs_wrong' }).ask('review'));
    expect(message).toMatch(/token.*401.*github-token/s);
    expect(message).not.toContain('ghs_wrong');
  });

  test('a token that no header can carry never shows up', () => {
    for (const token of ['', 'a b', 'ghs_secret\n']) {
      expect(() => scene.platform({ token })).toThrow(/Input github-token/);
      expect(() => scene.platform({ token })).not.toThrow(/ghs_secret/);
    }
  });

  test('a missing permission is named with its line', async () => {
    scene = await openScene();
    const token = scene.gitHub.createToken({ permissions: { contents: 'read' } });
    const message = await faultOf(scene.platform({ token }).ask('review'));
    expect(message).toContain('permissions: pull-requests: read');
    const token2 = scene.gitHub.createToken({ permissions: { pull_requests: 'read' } });
    expect(await faultOf(scene.platform({ token: token2 }).ask('review'))).toContain('contents: read');
  });

  test('a pull request that is not there', async () => {
    scene = await openScene();
    const payload = pullEvent(99, scene.head, scene.base);
    expect(await faultOf(scene.platform({ payload }).ask('review'))).toMatch(/pull request #99.*404/);
  });

  test.each([
    ['a broken answer', faults.badGateway],
    ['a broken connection', faults.reset],
  ])('%s is tried again, and is told when it lasts', async (_, fault) => {
    scene = await openScene();
    scene.gitHub.failNext({ path: /\/pulls\/1$/, times: 2 }, fault);
    expect(await scene.platform().ask('review')).toEqual({ subject: scene.subject });
    scene.gitHub.failNext({ path: /\/pulls\/1$/, times: 99 }, fault);
    const before = scene.gitHub.requests.length;
    expect(await faultOf(scene.platform().ask('review'))).toMatch(/Run the job again/);
    expect(scene.gitHub.requests.length - before).toBe(4);
  });

  test.each([
    ['secondary', faults.secondaryRateLimit(20)],
    ['429', faults.tooManyRequests(20)],
  ])('a short %s limit is waited for, twice at most', async (_, fault) => {
    scene = await openScene();
    scene.gitHub.failNext({ path: /\/pulls\/1$/, times: 2 }, fault);
    expect(await scene.platform().ask('review')).toEqual({ subject: scene.subject });
    expect(scene.said).toEqual([
      "GitHub's rate limit: waiting for 20 s",
      "GitHub's rate limit: waiting for 20 s",
    ]);
    scene.gitHub.failNext({ path: /\/pulls\/1$/, times: 99 }, fault);
    const before = scene.gitHub.requests.length;
    expect(await faultOf(scene.platform().ask('review'))).toMatch(/rate limit/);
    expect(scene.gitHub.requests.length - before).toBe(3);
  });

  test('a long limit is not waited for', async () => {
    scene = await openScene();
    scene.gitHub.failNext({ path: /\/pulls\/1$/ }, faults.secondaryRateLimit(61));
    expect(await faultOf(scene.platform().ask('review'))).toMatch(/rate limit/);
    scene.gitHub.failNext({ path: /\/pulls\/1$/ }, faults.rateLimit(Math.floor(Date.now() / 1000) + 3600));
    expect(await faultOf(scene.platform().ask('review'))).toMatch(/rate limit/);
  });

  test('a short primary limit is waited for', async () => {
    scene = await openScene();
    scene.gitHub.failNext({ path: /\/pulls\/1$/ }, faults.rateLimit(Math.floor(Date.now() / 1000) + 5));
    expect(await scene.platform().ask('review')).toEqual({ subject: scene.subject });
  });

  test('the run can be stopped while it waits', async () => {
    scene = await openScene();
    scene.gitHub.failNext({ path: /\/pulls\/1$/ }, faults.secondaryRateLimit(50));
    const stop = new AbortController();
    // It says that it waits when it begins to: a minute, which no test has.
    const say = () => stop.abort(new Error('cancelled'));
    const asked = scene.platform({ signal: stop.signal, msPerSecond: 100_000, say }).ask('review');
    expect(await faultOf(asked)).toContain('The run was stopped');
  });
});

test('hostile names do no harm', async () => {
  scene = await openScene({ branch: "-x'$(id)`&", before: { a: lines(3) }, after: { '"\n\t é': 'x\n' } });
  expect(await scene.platform().ask('review')).toEqual({ subject: scene.subject });
});

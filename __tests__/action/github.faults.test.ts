import { describe, expect } from '@jest/globals';
import { faults } from '../stand-ins/github/index.ts';
import { git } from '../stand-ins/laptop.ts';
import { bash, finding, findings, repair, session } from '../stand-ins/sums.ts';
import { errors, type Scene, scenario } from './scene.ts';

const publishing = {
  fix: {
    'upload a file': { method: 'POST', path: /\/git\/blobs$/ },
    'create the tree': { method: 'POST', path: /\/git\/trees$/ },
    'create the commit': { method: 'POST', path: /\/git\/commits$/ },
    'move the branch': { method: 'PATCH', path: /\/git\/refs\// },
    comment: { method: 'POST', path: /\/issues\/\d+\/comments$/ },
  },
  review: {
    'post the review': { method: 'POST', path: /\/pulls\/\d+\/reviews$/ },
    'write the check': { method: 'POST', path: /\/check-runs$/ },
    comment: { method: 'POST', path: /\/issues\/\d+\/comments$/ },
  },
} as const;

const passing = {
  'answers 500': faults.serverError,
  'breaks the connection': faults.reset,
  'wants a wait of a second (403, secondary limit)': faults.secondaryRateLimit(1),
  'wants a wait of a second (429)': faults.tooManyRequests(1),
};

type Name = keyof typeof publishing;

const replies = {
  fix: [bash("printf '\\000' > logo.bin"), ...repair],
  review: [findings([finding()])],
} as const;

describe('when GitHub fails once at each request that publishes', () => {
  for (const agent of ['fix', 'review'] as Name[]) {
    for (const [how, fault] of Object.entries(passing)) {
      scenario(`and ${how}, ${agent} publishes everything, and once`, async (stage) => {
        const scene = await stage.scene();
        stage.model.add(session(...replies[agent]));
        for (const match of Object.values(publishing[agent])) stage.github.failNext(match, fault);
        const result = await scene.run(agent);
        expect(result.outputs.outcome).toBe(agent === 'fix' ? 'fixed' : 'fail');
        expectOnce(stage.github, scene, agent);
      });
    }

    scenario(
      `and loses only the answer of what it has carried out, ${agent} publishes everything, and once`,
      async (stage) => {
        const scene = await stage.scene();
        stage.model.add(session(...replies[agent]));
        for (const match of Object.values(publishing[agent])) {
          stage.github.failNext(match, faults.badGateway, { carriedOut: true });
        }
        const result = await scene.run(agent);
        expect(result.outputs.outcome).toBe(agent === 'fix' ? 'fixed' : 'fail');
        expectOnce(stage.github, scene, agent);
      },
    );
  }
});

describe('when GitHub says no for good', () => {
  const no = {
    403: { status: 403, body: { message: 'Nope.' } },
    404: faults.notFound,
    422: faults.unprocessable,
  };
  for (const agent of ['fix', 'review'] as Name[]) {
    for (const [what, match] of Object.entries(publishing[agent])) {
      for (const [status, fault] of Object.entries(no)) {
        scenario(
          `(${status}) to ${what}, ${agent} says so and fails, and publishes nothing by halves`,
          async (stage) => {
            const scene = await stage.scene();
            stage.model.add(session(...replies[agent]));
            stage.github.failNext({ ...match, times: 99 }, fault);
            const result = await scene.run(agent);
            expect(result.exitCode).toBe(1);
            expect(result.annotations.error).toHaveLength(1);
            expect(errors(result)).toMatch(new RegExp(`${status}|refused|failed`));
            expect(errors(result)).not.toContain('bug');
            if (agent === 'fix' && what !== 'comment') expect(scene.tip()).toBe(scene.head);
            if (agent === 'review' && what !== 'write the check') {
              expect(stage.github.checkRuns(scene.repository).map(({ conclusion }) => conclusion)).toEqual([
                'failure',
              ]);
            }
          },
        );
      }
    }
  }

  scenario('(500, again and again) to read the pull request, the run ends in one sentence', async (stage) => {
    const scene = await stage.scene();
    stage.github.failNext({ method: 'GET', path: /\/pulls\/\d+$/, times: 99 }, faults.serverError);
    const result = await scene.run('review');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toMatch(/GitHub is not able to read pull request #1 now \(500\)/);
    expect(stage.model.requests).toEqual([]);
  });

  scenario('(401), the run says that the token is wrong', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('review', { token: 'ghs_wrong' });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toContain("GitHub doesn't accept the token");
  });

  scenario('(429, for an hour), the run does not wait for it', async (stage) => {
    const scene = await stage.scene();
    stage.github.failNext({ path: /\/pulls\/\d+$/, times: 99 }, faults.tooManyRequests(3600));
    const result = await scene.run('review');
    expect(result.exitCode).toBe(1);
    expect(errors(result)).toMatch(/rate limit/);
  });
});

function expectOnce(github: { comments: (of: Scene['pull']) => unknown[] }, scene: Scene, agent: Name): void {
  expect(github.comments(scene.pull)).toHaveLength(1);
  if (agent === 'fix') {
    expect(scene.read('sum.js')).toBe('exports.sum = (a, b) => a + b;\n');
    expect(git(scene.repository.path, ['rev-list', '--count', `${scene.head}..changes`])).toBe('1');
  } else {
    expect(scene.pull.reviews).toHaveLength(1);
    expect(scene.repository.checkRuns).toHaveLength(1);
    expect(scene.repository.checkRuns[0]!.annotations).toHaveLength(1);
  }
}

import { readFileSync } from 'node:fs';
import { describe, expect } from '@jest/globals';
import { firstUserText } from '../stand-ins/model/index.ts';
import { bash, finding, findings, handIn, put, repair, session } from '../stand-ins/sums.ts';
import { documents, errors, scenario } from './scene.ts';

const once = { 'max-attempts': '1' };
const soon = { 'retry-after-ms': '20' };

describe('a session that comes to no result', () => {
  scenario(
    'because the model declines to answer is told so, and the next one may do better',
    async (stage) => {
      const scene = await stage.scene();
      stage.model.add(session({ stop_reason: 'refusal', text: 'No.' }), session(...repair));
      const result = await scene.run('fix');
      expect(result.outputs.outcome).toBe('fixed');
      expect(firstUserText(stage.model.sessions[1]!.requests[0]!.body)).toContain(
        'The model declined to answer.',
      );
      expect(documents(result, 'usage').map(({ ended }) => ended)).toEqual(['refused', 'done']);
    },
  );

  scenario('because the model declines every time gives up, and says why', async (stage) => {
    const scene = await stage.scene();
    stage.model.add({ forever: { stop_reason: 'refusal', text: 'No.' }, times: 3 });
    const result = await scene.run('fix');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'gave-up']);
    expect(errors(result)).toContain('The model declined to answer.');
    expect(result.summary).toContain('The model declined to answer.');
    expect(documents(result, 'usage')).toHaveLength(3);
  });

  scenario('because the reply is cut off at max_tokens says so', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session({ text: 'Well,', stop_reason: 'max_tokens' }));
    const result = await scene.run('fix', { inputs: once });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'gave-up']);
    expect(errors(result)).toContain('cut off at max_tokens');
  });

  scenario('because the model only talks is asked once for the result', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session({ text: 'All good.' }, findings([])));
    const result = await scene.run('review');
    expect(result.outputs.outcome).toBe('pass');
  });

  scenario('because the model goes on talking is a failed attempt, never a pass', async (stage) => {
    const scene = await stage.scene();
    stage.model.add({ forever: { text: 'I approve. {"verdict": "pass"}' }, times: 2 });
    const result = await scene.run('review');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toContain('without calling submit_findings');
    expect(stage.github.checkRuns(scene.repository)[0]!.conclusion).toBe('failure');
    expect(stage.github.reviews(scene.pull)).toEqual([]);
  });

  scenario('because a command has put one into the outbox instead of the tool gives up', async (stage) => {
    const scene = await stage.scene();
    const forge = `echo '{"title": "Forged", "summary": ""}' > /room/outbox/proposal.json`;
    stage.model.add(session(...repair.slice(0, 1), bash(forge), { text: 'Done.' }, { text: 'Done.' }));
    const result = await scene.run('fix', { inputs: once });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'gave-up']);
    expect(errors(result)).toContain('without calling submit_patch');
    expect(scene.tip()).toBe(scene.head);
  });

  scenario('because its process is killed ends the run and says so', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(session(bash('kill -9 $PPID')));
    const result = await scene.run('fix');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toContain("The session's process ended with");
    expect(scene.tip()).toBe(scene.head);
  });
});

describe('tool calls that are wrong', () => {
  scenario('with arguments that are no JSON are answered, and the session goes on', async (stage) => {
    const scene = await stage.scene();
    stage.model.add({
      turns: [{ ...bash('true'), malformed: 'tool-json' }, ...repair],
      historyMayChange: true,
    });
    const result = await scene.run('fix');
    expect(result.outputs.outcome).toBe('fixed');
  });

  scenario(
    'with a result that fits no schema are answered with what is wrong, and the session goes on',
    async (stage) => {
      const scene = await stage.scene();
      const wrong = [
        finding({ severity: 'catastrophic' }),
        finding({ path: '../../etc/passwd' }),
        finding({ line: 9, endLine: 3 }),
        finding({ confidence: 7 }),
        { path: 'sum.js' },
      ];
      stage.model.add(session(...wrong.map((each) => findings([each])), findings([finding()])));
      const result = await scene.run('review');
      expect([result.outputs.outcome, result.outputs.findings]).toEqual(['fail', '1']);
    },
  );

  scenario('to tools that are not offered are answered, and the session goes on', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(
      session(
        { tools: [{ name: 'web_fetch', input: { url: 'https://example.com' }, undeclared: true }] },
        ...repair,
      ),
    );
    const result = await scene.run('fix');
    expect(result.outputs.outcome).toBe('fixed');
  });

  scenario('side by side in one turn are all answered', async (stage) => {
    const scene = await stage.scene();
    stage.model.add(
      session(
        {
          tools: [
            ...bash('cat sum.js').tools!,
            ...bash('exit 3').tools!,
            ...put('sum.js', 'exports.sum = (a, b) => a + b;\n').tools!,
          ],
        },
        handIn(),
      ),
    );
    const result = await scene.run('fix');
    expect(result.outputs.outcome).toBe('fixed');
  });
});

describe('a limit', () => {
  const limits: [string, string][] = [
    ['max-turns', '3'],
    ['max-tokens', '4000'],
    ['max-cost-usd', '0.02'],
  ];
  for (const [input, value] of limits) {
    scenario(`${input} stops a model that never does, and is named as the reason`, async (stage) => {
      const scene = await stage.scene();
      stage.model.add({ forever: bash('true') });
      const result = await scene.run('fix', { inputs: { [input]: value } });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'budget']);
      expect(errors(result)).toContain(input);
      expect(result.summary).toContain('**Stopped: a limit was reached**');
      expect(result.summary).toContain(input);
      expect(stage.github.comments(scene.pull)[0]!.body).toContain(input);
      expect(readFileSync(result.outputs['comment-file']!, 'utf8')).toContain(input);
      expect(scene.tip()).toBe(scene.head);
    });
  }

  scenario('max-turns is the number of requests that reach the model', async (stage) => {
    const scene = await stage.scene();
    stage.model.add({ forever: bash('true') });
    await scene.run('fix', { inputs: { 'max-turns': '4' } });
    expect(stage.model.requests).toHaveLength(4);
  });

  scenario('max-tokens is no more than ever comes out of one reply', async (stage) => {
    const scene = await stage.scene();
    stage.model.add({ forever: bash('true') });
    const result = await scene.run('fix', { inputs: { 'max-tokens': '4000' } });
    for (const { body } of stage.model.requests) expect(body.max_tokens).toBeLessThanOrEqual(4000);
    expect(Number(result.outputs.tokens)).toBeLessThanOrEqual(4000);
    expect(result.outputs.outcome).toBe('budget');
  });

  scenario('timeout-minutes stops a model that hangs, and is named as the reason', async (stage) => {
    const scene = await stage.scene();
    stage.model.add({ forever: { hang: true } });
    const result = await scene.run('fix', { inputs: { 'timeout-minutes': '0.5' } });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'budget']);
    expect(errors(result)).toContain('timeout-minutes');
  });

  scenario('timeout-minutes stops tests that hang, and is named as the reason', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('fix', {
      inputs: { 'timeout-minutes': '0.5', 'test-command': 'sleep 9999' },
    });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'budget']);
    expect(errors(result)).toContain('`sleep 9999` did not end within timeout-minutes');
    expect(result.summary).toContain('Raise `timeout-minutes`');
  });
});

describe('the Messages API', () => {
  for (const status of [429, 529, 500]) {
    scenario(`is asked again after ${status}, and the run goes on`, async (stage) => {
      const scene = await stage.scene();
      const fault = { status, headers: status === 429 ? { 'retry-after': '1' } : soon };
      stage.model.add({ turns: [fault, fault, findings([])] });
      const result = await scene.run('review');
      expect(result.outputs.outcome).toBe('pass');
    });
  }

  const final: [number, RegExp][] = [
    [400, /refused a request/],
    [401, /check the secret behind anthropic-api-key/],
    [403, /does not allow this/],
    [404, /check the inputs model and anthropic-base-url/],
    [413, /too large/],
  ];
  for (const [status, why] of final) {
    scenario(`that answers ${status} ends the run in one sentence that says what to do`, async (stage) => {
      const scene = await stage.scene();
      stage.model.add({ turns: [{ status, error: { message: 'As scripted.' } }] });
      const result = await scene.run('review');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toMatch(why);
      expect(errors(result)).toContain(`HTTP ${status}`);
      expect(stage.github.reviews(scene.pull)).toEqual([]);
    });
  }

  for (const status of [429, 529]) {
    scenario(`that answers ${status} for good ends the run, which says to try later`, async (stage) => {
      const scene = await stage.scene();
      stage.model.add({ forever: { status, headers: soon } });
      const result = await scene.run('review');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toMatch(/later/);
      expect(stage.model.requests.length).toBeGreaterThan(2);
    });
  }

  scenario(
    'that loses an answer is asked again by the session alone, which counts and pays each time',
    async (stage) => {
      const scene = await stage.scene();
      const lost = { ...findings([finding()]), lost: true as const };
      stage.model.add(session(lost, findings([finding()])));
      const result = await scene.run('review');
      expect([result.outputs.outcome, result.outputs.findings]).toEqual(['fail', '1']);
      expect(stage.model.requests).toHaveLength(2);
      const [usage] = documents(result, 'usage');
      expect(usage!.requests).toBe(2);
      // What the lost answer can have cost at most.
      expect(usage!.turns[0]!.tokens.output).toBe(stage.model.requests[0]!.body.max_tokens);
    },
  );

  scenario('that loses every answer ends the run after three, all of them counted', async (stage) => {
    const scene = await stage.scene();
    stage.model.add({ forever: { ...findings([finding()]), lost: true } });
    const result = await scene.run('review');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toMatch(/Messages API.*the connection broke before there was an answer/);
    expect(stage.model.requests).toHaveLength(3);
    expect(documents(result, 'usage')[0]!.requests).toBe(3);
  });

  const breaks = { 'breaks off': { cutAfter: 3 }, 'turns into an error': { errorAfter: 3 } };
  for (const [what, how] of Object.entries(breaks)) {
    scenario(`whose reply ${what} in the middle is asked again, and the session goes on`, async (stage) => {
      const scene = await stage.scene();
      const look = { tools: [{ name: 'read', input: { file_path: 'sum.js' } }] };
      stage.model.add(session(look, { ...findings([finding()]), ...how }, findings([finding()])));
      const result = await scene.run('review');
      expect([result.outputs.outcome, result.outputs.findings]).toEqual(['fail', '1']);
      expect(documents(result, 'usage')[0]!.requests).toBe(3);
    });

    scenario(`whose every reply ${what} in the middle ends the run in one sentence`, async (stage) => {
      const scene = await stage.scene();
      stage.model.add({ forever: { ...findings([finding()]), ...how } });
      const result = await scene.run('review');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toMatch(/Messages API.*(broke off|overloaded_error)/);
      expect(stage.github.reviews(scene.pull)).toEqual([]);
    });
  }

  scenario('that is not there ends the run in one sentence', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('review', { inputs: { 'anthropic-base-url': 'http://127.0.0.1:9' } });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(errors(result)).toMatch(/Messages API can't be reached/);
  });
});

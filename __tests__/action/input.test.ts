import { describe, expect } from '@jest/globals';
import { bash, bug, finding, findings, handIn, project, repair, session } from '../stand-ins/sums.ts';
import { errors, scenario, shown } from './scene.ts';

const bad: [string, string, RegExp][] = [
  ['agent', 'Fix It', /a name of lower-case letters/],
  ['agent', '../../etc/passwd', /a name of lower-case letters/],
  ['phase', 'everything', /one of all, propose, apply/],
  ['anthropic-base-url', 'http://example.com', /a URL that starts with https:\/\//],
  ['anthropic-base-url', 'not a url', /a URL that starts with https:\/\//],
  ['model', 'claude opus', /the name of a model/],
  ['engine', 'gpt', /one of sdk/],
  ['sandbox', 'maybe', /one of require, auto, off/],
  ['fail-on', 'severe', /one of critical, high, medium, low, never/],
  ['timeout-minutes', '0', /a number of minutes above 0/],
  ['timeout-minutes', 'ten', /a number of minutes above 0/],
  ['timeout-minutes', '1000', /at most 350 minutes/],
  ['max-attempts', '0', /a whole number from 1 to 20/],
  ['max-attempts', '2.5', /a whole number from 1 to 20/],
  ['max-turns', '-1', /a whole number above 0/],
  ['max-tokens', 'many', /a whole number above 0/],
  ['max-tokens', '0x10', /a whole number above 0/],
  ['max-cost-usd', '-5', /above 0/],
  ['max-cost-usd', 'Infinity', /above 0/],
  ['config', '../outside.yml', /a path inside the repository/],
  ['working-directory', '/etc', /a path inside the repository/],
  ['allow-bots', '*', /exact names of bots, such as renovate\[bot\]/],
  ['allow-bots', 'renovate[bot], octocat', /exact names of bots/],
];

describe('an input with a bad value stops the run before anything has been asked of anyone', () => {
  for (const [input, value, allowed] of bad) {
    scenario(`${input}: ${value}`, async (stage) => {
      const scene = await stage.scene();
      const result = await scene.run('review', { inputs: { [input]: value } });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(result.annotations.error).toHaveLength(1);
      const message = errors(result);
      expect(message).toContain(`Input ${input}: ${JSON.stringify(value)} is not allowed; it must be `);
      expect(message).toMatch(allowed);
      expect(message).not.toContain('bug');
      expect(message.split('\n')).toHaveLength(1);
      expect(stage.github.requests).toEqual([]);
      expect(stage.model.requests).toEqual([]);
    });
  }

  scenario('half of a federation login', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('review', {
      inputs: { 'anthropic-api-key': '', 'anthropic-federation-rule-id': 'rule' },
    });
    expect(result.exitCode).toBe(1);
    expect(errors(result)).toMatch(/^Input anthropic-organization-id: it is empty/);
    expect(stage.github.requests).toEqual([]);
  });
});

scenario('an input that is not known is warned about, and the run goes on', async (stage) => {
  const scene = await stage.scene();
  stage.model.add(session(findings([])));
  const result = await scene.run('review', { inputs: { 'fail-onn': 'low' } });
  expect(result.outputs.outcome).toBe('pass');
  expect(result.annotations.warning.map(({ message }) => message).join('\n')).toContain(
    'Input fail-onn is not one of',
  );
});

scenario(
  'without any credential for the model, the run says which inputs there are, before any session',
  async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('review', { inputs: { 'anthropic-api-key': '' } });
    expect(result.exitCode).toBe(1);
    expect(errors(result)).toContain('set the input anthropic-api-key (from a secret)');
    expect(stage.github.reviews(scene.pull)).toEqual([]);
  },
);

scenario('an empty token is called one', async (stage) => {
  const scene = await stage.scene();
  const result = await scene.run('review', { inputs: { 'github-token': '' } });
  expect(result.exitCode).toBe(1);
  expect(errors(result)).toContain('Input github-token: it is empty');
});

describe('an agent file that can’t be used stops the run with the file’s name and what is wrong', () => {
  const front = (stages: string, more = ''): string =>
    `---\nname: third\ndescription: x\nclass: generator\ntriggers: [pull_request]\nstages:\n${stages}\ntools: [bash]\neffects: [push]\n${more}---\nBody.\n`;
  const good = '  collect: { by: probe tests, makes: facts, then: { pass: noop, fail: incomplete } }';
  const files: Record<string, [string, RegExp]> = {
    'no front matter': ['Just a body.\n', /does not start with front matter/],
    'front matter that is not YAML': ['---\nname: [third\n---\nBody.\n', /not YAML/],
    'a field that is missing': ['---\nname: third\n---\nBody.\n', /description/],
    'a field that is not known': [front(good, 'colour: red\n'), /colour/],
    'another name than its file': [
      front(good).replace('name: third', 'name: fourth'),
      /name: it must be third/,
    ],
    'a probe that is not there': [
      front(good.replace('probe tests', 'probe magic')),
      /there is no probe magic/,
    ],
    'a stage that leads nowhere': [
      front(good.replace('fail: incomplete', 'fail: nowhere')),
      /no stage or end nowhere/,
    ],
    'a dead end': [front(good.replace(', fail: incomplete', '')), /a dead end/],
    'a loop that nothing ends': [
      front(good.replace('fail: incomplete', 'fail: collect')),
      /a loop that no @N leaves/,
    ],
    'a stage that nothing leads to': [
      `${front(`${good}\n${good.replace('collect', 'lost')}`)}`,
      /nothing leads to this stage/,
    ],
    'a reviewer that may run commands': [
      front(good).replace('generator', 'reviewer'),
      /a reviewer can't have the tool bash/,
    ],
    'no instructions': [front(good).replace('Body.\n', ''), /it has no body/],
  };
  for (const [what, [text, why]] of Object.entries(files)) {
    scenario(what, async (stage) => {
      const scene = await stage.scene({ base: { ...project, '.github/agents/third.agent.md': text } });
      const result = await scene.run('third');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toContain('The agent file .github/agents/third.agent.md is invalid: ');
      expect(errors(result)).toMatch(why);
      expect(stage.model.requests).toEqual([]);
      expect(stage.github.comments(scene.pull)).toEqual([]);
    });
  }
});

describe('a configuration that can’t be used stops the run with the file’s name and what is wrong', () => {
  const files: Record<string, [string, RegExp]> = {
    'not YAML': ['rules: [', /is not YAML/],
    'not a map': ['- a\n- b\n', /is invalid/],
    'a field that is not known': ['fail-on: low\n', /fail-on/],
    'a value of another type': ['ignore: everything\n', /ignore/],
    'larger than any configuration': [`rules: "${'x'.repeat(300_000)}"\n`, /larger than 256 KB/],
  };
  for (const [what, [text, why]] of Object.entries(files)) {
    scenario(what, async (stage) => {
      const scene = await stage.scene({ base: { ...project, '.github/countersign.yml': text } });
      const result = await scene.run('review');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toContain('.github/countersign.yml');
      expect(errors(result)).toMatch(why);
      expect(stage.model.requests).toEqual([]);
    });
  }
});

describe('a file of the base branch that is a link', () => {
  scenario('is followed where it leads to another file of it', async (stage) => {
    const scene = await stage.scene({
      base: { ...project, 'AGENTS.md': 'Rules of the LINKED file.\n', 'CLAUDE.md': { link: 'AGENTS.md' } },
    });
    stage.model.add(session(findings([])));
    await scene.run('review');
    expect(stage.model.seen('Rules of the LINKED file.')).toBe(true);
  });

  for (const [where, link] of [
    ['out of the repository', '/etc/passwd'],
    ['nowhere', 'gone.md'],
    ['to a folder', 'test'],
  ]) {
    scenario(`stops the run where it leads ${where}`, async (stage) => {
      const scene = await stage.scene({ base: { ...project, 'CLAUDE.md': { link: link! } } });
      const result = await scene.run('review');
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
      expect(errors(result)).toBe(
        'CLAUDE.md on the base ref is no file, and no link to a file that is there.',
      );
    });
  }
});

describe('a token that lacks a permission is told so by name', () => {
  scenario('contents: none', async (stage) => {
    const scene = await stage.scene({ permissions: { pull_requests: 'write', checks: 'write' } });
    const result = await scene.run('review');
    expect(result.exitCode).toBe(1);
    expect(errors(result)).toContain('contents: read');
    expect(stage.model.requests).toEqual([]);
  });

  scenario('pull-requests: none', async (stage) => {
    const scene = await stage.scene({ permissions: { contents: 'read', checks: 'write' } });
    const result = await scene.run('review');
    expect(result.exitCode).toBe(1);
    expect(errors(result)).toContain('pull-requests: read');
  });

  scenario('pull-requests: read, where a review is to be posted', async (stage) => {
    const scene = await stage.scene({
      permissions: { contents: 'read', pull_requests: 'read', checks: 'write' },
    });
    stage.model.add(session(findings([finding()])));
    const result = await scene.run('review');
    expect(result.exitCode).toBe(1);
    expect(result.summary).toContain('pull-requests: write');
    expect(stage.github.checkRuns(scene.repository)[0]!.conclusion).toBe('failure');
  });

  scenario('checks: none, where a check is to be written', async (stage) => {
    const scene = await stage.scene({ permissions: { contents: 'read', pull_requests: 'write' } });
    stage.model.add(session(findings([])));
    const result = await scene.run('review');
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'incomplete']);
    expect(result.summary).toMatch(/checks: (read|write)/);
    expect(stage.github.comments(scene.pull)).toHaveLength(1);
  });

  scenario('contents: read, where a fix is to be pushed', async (stage) => {
    const scene = await stage.scene({ permissions: { contents: 'read', pull_requests: 'write' } });
    stage.model.add(session(...repair));
    const result = await scene.run('fix');
    expect(result.exitCode).toBe(1);
    expect(result.summary).toContain('contents: write');
    expect(scene.tip()).toBe(scene.head);
  });
});

describe('what the tests need and the room has not', () => {
  scenario(
    'a test command that no one can tell ends in missing-tool, and says which input to set',
    async (stage) => {
      const scene = await stage.scene();
      const result = await scene.run('fix', { inputs: { 'test-command': '' } });
      expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'missing-tool']);
      expect(errors(result)).toContain('Set the input test-command');
    },
  );

  scenario('a program that is not there ends in missing-tool with its name', async (stage) => {
    const scene = await stage.scene();
    const result = await scene.run('fix', { inputs: { 'test-command': 'no-such-runner --all' } });
    expect([result.exitCode, result.outputs.outcome]).toEqual([1, 'missing-tool']);
    expect(errors(result)).toContain('no-such-runner');
    expect(stage.model.requests).toEqual([]);
  });

  scenario('tests in a folder of their own are run there, and the session is told where', async (stage) => {
    const inside = Object.fromEntries(
      Object.entries(project).map(([path, text]) => [`packages/sums/${path}`, text]),
    );
    const scene = await stage.scene({ base: inside, head: { 'packages/sums/sum.js': bug['sum.js']! } });
    stage.model.add(
      session(
        bash("f=$(find . -name sum.js -not -path '*/test/*'); echo 'exports.sum = (a, b) => a + b;' > $f"),
        handIn(),
      ),
    );
    const result = await scene.run('fix', { inputs: { 'working-directory': 'packages/sums' } });
    expect(result.outputs.outcome).toBe('fixed');
    expect(shown(stage.model.requests[0]!)).toContain('run in the directory packages/sums of the repository');
  });
});

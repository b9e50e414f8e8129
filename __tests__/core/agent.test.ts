import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { type Agent, edge, isEnd, parseAgent } from '../../src/core/agent.ts';
import type { Document } from '../../src/core/document.ts';
import { next } from '../../src/core/next.ts';
import { ends, Fault, type StageOutcome } from '../../src/core/outcome.ts';
import { times } from '../property.ts';

const probes = ['tests', 'prove', 'diff', 'anchor'];

type Then = Record<string, string>;

const agentText = (stages: Record<string, object>, over: object = {}): string =>
  `---\n${stringify({
    name: 'fix',
    description: 'Fixes.',
    class: 'generator',
    triggers: ['pull_request'],
    stages,
    tools: ['read', 'bash'],
    effects: ['push', 'comment'],
    ...over,
  })}---\nDo it.\n`;

const stage = (then: Then, by = 'session'): object => ({
  makes: by === 'session' ? 'patch' : 'facts',
  by,
  then,
});

const parsed = (stages: Record<string, object>, over: object = {}): Agent =>
  parseAgent(agentText(stages, over), 'fix.agent.md', probes);

/** Graphs at random: most edges go forward, some back, some only at the Nth time. */
const graph: fc.Arbitrary<Record<string, object>> = fc.integer({ min: 1, max: 5 }).chain((size) => {
  const names = Array.from({ length: size }, (_, i) => `s${'abcde'[i]}`);
  const anywhere = fc.constantFrom<string>(...names, ...ends);
  const forward = (i: number): fc.Arbitrary<string> =>
    fc.constantFrom<string>(...names.slice(i + 1), ...ends);
  const one = (i: number): fc.Arbitrary<object> =>
    fc
      .record({
        pass: fc.oneof({ weight: 5, arbitrary: forward(i) }, { weight: 2, arbitrary: anywhere }),
        fail: fc.oneof({ weight: 3, arbitrary: forward(i) }, { weight: 3, arbitrary: anywhere }),
        more: fc.array(
          fc.tuple(
            fc.constantFrom('pass', 'fail', 'noop'),
            fc.constantFrom('@1', '@2', '@3', '@5', '@max', '@max'),
            fc.oneof({ weight: 3, arbitrary: forward(i) }, { weight: 1, arbitrary: anywhere }),
          ),
          { maxLength: 4 },
        ),
        by: fc.constantFrom('session', 'probe tests'),
      })
      .map(({ pass, fail, more, by }) =>
        stage({ pass, fail, ...Object.fromEntries(more.map(([on, at, to]) => [`${on}${at}`, to])) }, by),
      );
  return fc
    .tuple(...names.map((_, i) => one(i)))
    .map((made) => Object.fromEntries(made.map((s, i) => [names[i]!, s])));
});

const accepted = (stages: Record<string, object>): Agent | undefined => {
  try {
    return parsed(stages);
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect((error as Error).message).toMatch(/^The agent file fix\.agent\.md is invalid: .*\.$/);
    return undefined;
  }
};

const result = (name: string, outcome: StageOutcome): Document => ({ stage: name, outcome }) as Document;

describe('next', () => {
  test('every accepted agent comes to an end, whatever its stages come to', () => {
    const many = times(10);
    let kept = 0;
    fc.assert(
      fc.property(
        graph,
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(
          fc.oneof(
            { weight: 20, arbitrary: fc.constantFrom<StageOutcome>('fail', 'pass') },
            { weight: 6, arbitrary: fc.constant<StageOutcome>('fail') },
            { weight: 1, arbitrary: fc.constantFrom<StageOutcome>('noop', 'error', 'budget') },
          ),
        ),
        fc.constantFrom<StageOutcome | undefined>(undefined, 'fail', 'pass', 'noop'),
        (stages, max, outcomes, always) => {
          const agent = accepted(stages);
          fc.pre(agent !== undefined);
          kept += 1;
          const ledger: Document[] = [];
          for (;;) {
            const step = next(agent, ledger, max);
            expect(next(agent, [...ledger], max)).toEqual(step);
            if ('end' in step) break;
            expect(step.attempt).toBeLessThanOrEqual(max);
            expect(step.attempt).toBe(ledger.filter((d) => d.stage === step.run.name).length + 1);
            ledger.push(result(step.run.name, always ?? outcomes.next().value));
          }
        },
      ),
      { ...many, maxSkipsPerRun: 100 },
    );
    expect(kept).toBeGreaterThanOrEqual(many.numRuns);
  });

  test('documents without an outcome change nothing; an error or an empty budget ends the run', () => {
    const agent = parsed({ a: stage({ pass: 'publish', fail: 'give-up' }) });
    const first = next(agent, [], 3);
    expect(next(agent, [{ kind: 'usage', stage: 'a' } as Document], 3)).toEqual(first);
    expect(next(agent, [result('a', 'error')], 3)).toEqual({ end: 'incomplete' });
    expect(next(agent, [result('a', 'budget')], 3)).toEqual({ end: 'budget' });
    expect(next(agent, [result('a', 'noop')], 3)).toEqual({ end: 'incomplete' });
    expect(next(agent, [result('gone', 'pass')], 3)).toEqual({ end: 'incomplete' });
  });

  test('a stage is tried no more often than the input says, whichever stages lead back to it', () => {
    const agent = parsed({
      propose: stage({ pass: 'prove', fail: 'propose', 'fail@max': 'give-up' }),
      prove: stage({ pass: 'publish', fail: 'propose', 'fail@max': 'give-up' }, 'probe prove'),
    });
    const attempt = [result('propose', 'pass'), result('prove', 'fail')];
    const ledger = [...attempt, result('propose', 'fail'), ...attempt];
    expect(next(agent, ledger, 4)).toMatchObject({ run: { name: 'propose' }, attempt: 4 });
    expect(next(agent, ledger, 3)).toEqual({ end: 'give-up' });
  });

  test('the Nth time counts for each outcome by itself, and @max is the input', () => {
    const agent = parsed({
      a: stage({ pass: 'b', fail: 'a', 'fail@max': 'give-up' }),
      b: stage({ pass: 'publish', fail: 'a', 'fail@2': 'give-up' }, 'probe prove'),
    });
    const fails = (n: number): Document[] => Array.from({ length: n }, () => result('a', 'fail'));
    for (let max = 1; max <= 20; max += 1) {
      expect(next(agent, fails(max), max)).toEqual({ end: 'give-up' });
      if (max > 1) expect(next(agent, fails(max - 1), max)).toMatchObject({ attempt: max });
    }
    expect(edge(agent.stages[1]!, 'fail', 1, 3)).toBe('a');
    expect(edge(agent.stages[1]!, 'fail', 2, 3)).toBe('give-up');
    expect(edge(agent.stages[1]!, 'fail', 9, 3)).toBe('give-up');
  });
});

describe('an agent file is refused', () => {
  const fails = (stages: Record<string, object>, over: object = {}) => expect(() => parsed(stages, over));
  const good = { a: stage({ pass: 'publish', fail: 'give-up' }) };

  test('when a loop is left by no @N', () => {
    fails({ a: stage({ pass: 'publish', fail: 'a' }) }).toThrow('a -> a is a loop that no @N leaves');
    fails({ a: stage({ pass: 'b', fail: 'give-up' }), b: stage({ pass: 'publish', fail: 'a' }) }).toThrow(
      'a -> b -> a is a loop',
    );
    fails({ a: stage({ pass: 'publish', fail: 'give-up', 'fail@3': 'a' }) }).toThrow('is a loop');
    expect(parsed({ a: stage({ pass: 'publish', fail: 'a', 'fail@3': 'give-up' }) }).name).toBe('fix');
  });

  test('when a loop is left only at a limit that the input can put below another', () => {
    fails({
      a: stage({ pass: 'publish', fail: 'a', 'fail@max': 'b', 'fail@5': 'a' }),
      b: stage({ pass: 'a', 'pass@5': 'publish', fail: 'give-up' }),
    }).toThrow('is a loop');
  });

  test('when a loop lies behind an edge that is only taken for a time', () => {
    fails({
      a: stage({ pass: 'noop', fail: 'b', 'fail@max': 'budget' }),
      b: stage({ pass: 'publish', fail: 'b' }),
    }).toThrow('b -> b is a loop that no @N leaves');
  });

  test('for any cycle of plain edges', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.constantFrom('pass', 'fail', 'noop'), (size, on) => {
        const names = Array.from({ length: size }, (_, i) => `s${'abcdef'[i]}`);
        const stages = Object.fromEntries(
          names.map((name, i) => [
            name,
            stage({ pass: 'publish', fail: 'give-up', [on]: names[(i + 1) % size]! }),
          ]),
        );
        fails(stages).toThrow('is a loop that no @N leaves');
      }),
    );
  });

  test('for dead ends, unknown targets and probes, and stages that nothing leads to', () => {
    fails({ a: stage({ pass: 'publish' }) }).toThrow('leads nowhere on fail: a dead end');
    fails({ a: stage({ fail: 'give-up' }) }).toThrow('leads nowhere on pass: a dead end');
    fails({ a: stage({ pass: 'publish', 'fail@2': 'give-up' }) }).toThrow('leads nowhere on fail');
    fails({ ...good, b: stage({ pass: 'publish', fail: 'give-up' }) }).toThrow('stages.b: nothing leads');
    fails({ publish: stage({ pass: 'noop', fail: 'give-up' }) }).toThrow('this name is an end');
    fails({}).toThrow('no stages');
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,12}$/), (name) => {
        fc.pre(name !== 'a' && !isEnd(name) && !probes.includes(name));
        fails({ a: stage({ pass: name, fail: 'give-up' }) }).toThrow(`there is no stage or end ${name}`);
        fails({ a: stage({ pass: 'publish', fail: 'give-up' }, `probe ${name}`) }).toThrow(
          `there is no probe ${name}`,
        );
      }),
    );
  });

  test('when a class has what it may not', () => {
    const review = { a: { ...stage({ pass: 'publish', fail: 'give-up' }), makes: 'findings' } };
    const reviewer = (over: object): object => ({
      class: 'reviewer',
      tools: ['read', 'glob', 'grep'],
      effects: ['review', 'check'],
      ...over,
    });
    expect(parsed(review, reviewer({})).class).toBe('reviewer');
    for (const tool of ['bash', 'write', 'edit'])
      fails(review, reviewer({ tools: ['read', tool] })).toThrow(`a reviewer can't have the tool ${tool}`);
    fails(review, reviewer({ effects: ['push'] })).toThrow('may not push');
    fails(good, reviewer({})).toThrow("a reviewer's session can't make a patch");
    fails(review).toThrow("a generator's session can't make a findings");
  });

  test('for front matter that is not there, not YAML, or of another shape', () => {
    const parse = (text: string) => expect(() => parseAgent(text, 'x.agent.md', probes));
    parse('no front matter').toThrow('does not start with front matter');
    parse('---\na: [\n---\nx').toThrow('is not YAML');
    parse('---\na: &x 1\nb: *x\n---\nx').toThrow('is not YAML');
    parse(agentText(good).replace('Do it.', '')).toThrow('no body');
    fails(good, { surprise: 1 }).toThrow(Fault);
    fails(good, { tools: ['network'] }).toThrow('tools.0');
    fails({ a: stage({ pass: 'publish', fail: 'give-up', 'fail@0': 'publish' }) }).toThrow(Fault);
    fails({ a: stage({ pass: 'publish', fail: 'give-up', error: 'publish' }) }).toThrow(Fault);
  });
});

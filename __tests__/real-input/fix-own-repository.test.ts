import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decode } from '../../src/core/document.ts';
import type { JsonResult } from '../../src/views/json.ts';
import { type Conversation, firstUserText, startModel, toolResults } from '../stand-ins/model/index.ts';
import { countersign } from './command-line.ts';
import { cloneOwn, type OwnClone } from './own-clone.ts';

const source = 'src/core/budget.ts';
const right = 'tokens: Math.max(0, limits.tokens - used.tokens),';
const wrong = 'tokens: limits.tokens - used.tokens,';

const testFile = '__tests__/core/overspent.test.ts';
const command = `node --experimental-vm-modules node_modules/jest/bin/jest.js ${testFile}`;
const testText = `import { expect, test } from '@jest/globals';
import { noTokens, remaining } from '../../src/core/budget.ts';
import type { Ledger } from '../../src/core/ledger.ts';

const limits = { minutes: 1, attempts: 1, turns: 1, tokens: 10, costUsd: 1 };
const usage = { kind: 'usage', tokens: { ...noTokens, input: 15 }, costUsd: 0, seconds: 0, requests: 1 };

test('nothing is left after more than all was used', () => {
  expect(remaining(limits, [usage] as unknown as Ledger).tokens).toBe(0);
});

test('nothing used leaves all', () => {
  expect(remaining(limits, []).tokens).toBe(10);
});
`;

let clone: OwnClone;

beforeAll(() => {
  clone = cloneOwn();
  clone.commit(testFile, testText, 'A test of what is left');
  const text = clone.read(source);
  expect(text.split(right)).toHaveLength(2);
  clone.commit(source, text.replace(right, wrong), 'Simplify what is left');
});

afterAll(() => clone?.remove());

/** Finds in the history what broke, and takes it back. */
function repairer(): Conversation {
  let removed = '';
  let added = '';
  const lastOf = (change: string, sign: '-' | '+'): string => {
    const line = change
      .split('\n')
      .findLast((each) => each.startsWith(sign) && !each.startsWith(sign.repeat(3)));
    if (line === undefined) throw new Error(`no ${sign} line in:\n${change}`);
    return line.slice(1);
  };
  return {
    name: 'repairer',
    turns: [
      ({ body }) => {
        expect(firstUserText(body)).toContain('nothing is left after more than all was used');
        return {
          tools: [
            { name: 'bash', input: { command } },
            { name: 'bash', input: { command: 'git show --format=%s HEAD' } },
          ],
        };
      },
      ({ body }) => {
        const [run, change] = toolResults(body);
        expect(run).toMatchObject({ isError: true, text: expect.stringContaining('Received: -5') });
        removed = lastOf(change!.text, '-');
        added = lastOf(change!.text, '+');
        return {
          tools: [{ name: 'edit', input: { file_path: source, old_string: added, new_string: removed } }],
        };
      },
      { tools: [{ name: 'bash', input: { command } }] },
      ({ body }) => {
        expect(toolResults(body)).toMatchObject([
          { isError: false, text: expect.stringContaining('2 passed, 2 total') },
        ]);
        const summary = 'What is left was allowed to fall below zero.';
        return { tools: [{ name: 'submit_patch', input: { title: 'Never leave less than zero', summary } }] };
      },
    ],
  };
}

test('countersign fix repairs a broken commit of this very project', async () => {
  const { git, path } = clone;
  const own = (): string[] => [git('rev-parse', 'HEAD'), git('status', '--porcelain')];
  const before = own();
  const model = await startModel({ conversations: [repairer()] });
  try {
    const args = ['fix', '--base', 'HEAD~1', '--test', command, '--json'];
    const ended = await countersign(model, path, args);
    expect([model.violations, model.unused()]).toEqual([[], []]);
    expect(ended).toMatchObject({ exitCode: 0, left: [] });
    const out = JSON.parse(ended.stdout) as JsonResult;
    expect(out).toMatchObject({
      outcome: 'fixed',
      patch: { title: 'Never leave less than zero', files: [{ path: source, status: 'M' }] },
    });
    expect(out.effects[0]).toMatchObject({ type: 'push', status: 'done' });
    expectBranch(out);
    expectProof(out.task.id);
  } finally {
    await model.close();
  }
  expect(own()).toEqual(before);
});

function expectBranch({ task, effects }: JsonResult): void {
  const { git } = clone;
  const branch = `countersign/fix-${task.id.slice(0, 8)}`;
  expect(git('rev-parse', branch).trim()).toBe(effects[0]!.reference);
  expect(git('rev-parse', `${branch}^`)).toBe(git('rev-parse', 'HEAD'));
  // What the repair leaves is what was there before the broken commit.
  expect(git('diff', 'HEAD~1', branch)).toBe('');
  expect(git('log', '-1', '--format=%s', branch).trim()).toBe('Never leave less than zero');
}

/** The test was run by name, in a room that the session never saw, and on the patch. */
function expectProof(task: string): void {
  const ledger = join(clone.path, '.git/countersign', task);
  const documents = readdirSync(ledger)
    .sort()
    .map((name) => decode(readFileSync(join(ledger, name), 'utf8')));
  const facts = documents.flatMap((document) => (document.kind === 'facts' ? [document] : []));
  expect(facts).toMatchObject([
    { probe: 'tests', outcome: 'fail', source: 'report', passed: 1, failing: [{ file: testFile }] },
    { probe: 'prove', outcome: 'pass', source: 'report', passed: 2, failing: [], tampered: [] },
  ]);
}

import { describe, expect, test } from '@jest/globals';
import type { RequestedHost } from '../../src/core/document.ts';
import { append } from '../../src/core/ledger.ts';
import { refusedHosts, setupFacts, setupFault } from '../../src/run/setup-facts.ts';
import { makeRepository } from '../probes/repository.ts';
import { makeContext } from '../probes/scene.ts';

const result = { exitCode: 1, timedOut: false, seconds: 2, output: '\u001b[31mred\u001b[0m\u202e\r\nlast\n' };
const came = (host: string, how: RequestedHost['came']): RequestedHost => ({
  host,
  came: how,
  times: 1,
  bytes: 0,
});

describe('a setup command', () => {
  test('that ended well is no fault', () => {
    expect(setupFault({ command: 'x', result: { ...result, exitCode: 0 }, asked: [] }, [])).toBeUndefined();
  });

  test('that failed is told by its exit code and its last words, as plain text', () => {
    const fault = setupFault({ command: 'npm ci', result, asked: [] }, ['registry.npmjs.org']);
    expect(fault?.message).toBe(
      'The setup-command `npm ci` failed with exit code 1. Its last words:\nred\\u{202E}\nlast\n',
    );
    expect(fault?.outcome).toBe('incomplete');
  });

  test('that a signal ended, or the time limit, is told so', () => {
    const of = (more: object) => setupFault({ command: 'x', result: { ...result, ...more }, asked: [] }, [])!;
    expect(of({ exitCode: null }).message).toContain('was ended by a signal');
    expect(of({ exitCode: null, timedOut: true }).message).toContain('within the limit timeout-minutes');
    expect(of({ exitCode: 0, timedOut: true }).outcome).toBe('budget');
  });

  test('is told where to name hosts, if it was allowed none and asked for none', () => {
    const run = { command: 'x', result };
    expect(setupFault({ ...run, asked: [] }, [])?.message).toContain(
      'because the input allow-hosts is empty',
    );
    expect(setupFault({ ...run, asked: [came('a.com', 'not-allowed')] }, [])?.message).toContain(
      'It asked for a.com, which is not in allow-hosts: add it there if it may reach it.',
    );
    expect(setupFault(run, [])?.message).not.toContain('allow-hosts');
  });
});

test('each reason for a refusal is a sentence of its own, and long lists are cut', () => {
  expect(refusedHosts([came('a.com', 'reached')])).toEqual([]);
  const sentences = refusedHosts([
    came('a.com', 'not-allowed'),
    came('a.com:22', 'not-443'),
    came('b.com', 'not-allowed'),
    came('c.com', 'not-public'),
    came('d.com', 'unreachable'),
    came('e.com', 'not-its-name'),
    came('f.com', 'too-much'),
  ]);
  expect(sentences).toHaveLength(6);
  expect(sentences[0]).toContain('a.com and b.com, which are not in allow-hosts');
  const many = Array.from({ length: 20 }, (_, i) => came(`a${i}.com`, 'not-allowed'));
  expect(refusedHosts(many)[0]).toContain('a7.com and 12 more, which are');
});

test('its facts have a place in a ledger, however much it printed and whatever it is called', () => {
  const repository = makeRepository();
  const { ledger } = makeContext(repository.git, { head: repository.commit({ a: '' }) });
  repository.remove();
  const facts = setupFacts({
    command: 'x'.repeat(10_000),
    result: { ...result, exitCode: null, output: '```\n'.repeat(100_000) },
    asked: Array.from({ length: 100 }, (_, i) => came(`a${i}.com`, 'reached')),
  });
  expect(append(ledger, facts, new Date(0))).toHaveLength(2);
  expect(setupFacts({ command: 'x', result })).toMatchObject({ watched: false, hosts: [] });
});

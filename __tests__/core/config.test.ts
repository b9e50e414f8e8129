import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inputNames, readConfig, readRepositoryConfig } from '../../src/core/config.ts';
import { Fault } from '../../src/core/outcome.ts';
import { times } from '../property.ts';

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    return (error as Error).message;
  }
  return '';
};

const bad: Record<string, [readonly string[], RegExp]> = {
  agent: [
    ['Review', '../x', '-a', 'a b', 'x'.repeat(51)],
    /a name of lower-case letters, digits and hyphens/,
  ],
  phase: [['everything', 'ALL'], /one of all, propose, apply/],
  provider: [['aws', 'Bedrock', 'anthropic,bedrock'], /one of anthropic, bedrock, vertex, foundry/],
  model: [['a b', 'x'.repeat(201), '$(id)'], /the name of a model/],
  engine: [['cli'], /one of sdk/],
  sandbox: [['on', 'true'], /one of require, auto, off/],
  'fail-on': [['none', 'HIGH'], /one of critical, high, medium, low, never/],
  'timeout-minutes': [['0', '-1', 'ten', 'NaN', 'Infinity'], /a number of minutes above 0/],
  'max-attempts': [['0', '21', '1.5', 'x'], /a whole number from 1 to 20/],
  'max-turns': [['0', '2.5', 'many'], /a whole number above 0/],
  'max-tokens': [['0', '-4', '1e400', '4k'], /a whole number above 0/],
  'max-cost-usd': [['0', '-5', '$5', 'Infinity'], /an amount of US dollars above 0/],
  config: [['/etc/passwd', '../x.yml', 'a/../b', 'a//b'], /a path inside the repository/],
  'working-directory': [['/tmp', '..', 'a/../..'], /a path inside the repository/],
  'anthropic-base-url': [
    ['ftp://x.example', 'x', 'http://x.example', 'https:', 'file:///etc/passwd', 'http://127.evil.example'],
    /a URL that starts with https:\/\//,
  ],
};

describe('inputs', () => {
  test.each(
    Object.entries(bad).flatMap(([input, [values, allowed]]) =>
      values.map((value) => [input, value, allowed] as const),
    ),
  )('%s: %j is refused in one line with what is allowed', (input, value, allowed) => {
    const message = messageOf(() => readConfig({ [input]: value }));
    expect(message).toMatch(allowed);
    expect(message).toContain(`Input ${input}: ${JSON.stringify(value).slice(0, 200)}`);
    expect(message).toMatch(/^Input [\w-]+: .* is not allowed; it must be (?!.*must be ).+\.$/);
  });

  test('any value is taken or refused in one line that names the input', () => {
    const any = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'\n\r"/.:a1-') }));
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(bad)), any, (input, value) => {
        // One of the strings is `apply`, which is no value for itself.
        const inputs = { 'ledger-digest': '0'.repeat(64), [input]: value };
        const message = messageOf(() => readConfig(inputs));
        if (message === '') return;
        expect(message).toMatch(/^[^\n\r]*$/);
        expect(message).toContain(`Input ${input}: `);
        expect(message).toContain('it must be ');
        expect(message.length).toBeLessThan(700);
      }),
      times(10),
    );
  });

  test('a secret is never shown', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9]{12,40}$/),
        fc.constantFrom(...Object.keys(bad)),
        (secret, input) => {
          const message = messageOf(() =>
            readConfig({ 'anthropic-api-key': secret, [input]: bad[input]![0][0]! }),
          );
          expect(message).not.toContain(secret);
          const url = messageOf(() =>
            readConfig({ 'anthropic-base-url': `http://user:${secret}@proxy.example` }),
          );
          expect(url).toContain('anthropic-base-url');
          expect(url).not.toContain(secret);
        },
      ),
    );
  });

  test('an unknown input warns and changes nothing', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,20}$/), fc.string(), (name, value) => {
        fc.pre(!inputNames.includes(name));
        const { config, warnings } = readConfig({ [name]: value });
        expect(config).toEqual(readConfig({}).config);
        expect(warnings).toHaveLength(1);
        expect(warnings[0]).toContain(`Input ${name} `);
      }),
    );
  });

  test('an absent, an empty and a blank input are all the default, and the whole is frozen', () => {
    const empty = Object.fromEntries(inputNames.map((name) => [name, '']));
    const blank = Object.fromEntries(inputNames.map((name) => [name, ' \n']));
    const { config, warnings } = readConfig({});
    expect(readConfig(empty)).toEqual({ config, warnings });
    expect(readConfig(blank)).toEqual({ config, warnings });
    expect(warnings).toEqual([]);
    for (const part of [config, config.limits, config.access]) expect(Object.isFrozen(part)).toBe(true);
    expect(config.limits).toEqual({ minutes: 10, attempts: 3, turns: 60, tokens: 4_000_000, costUsd: 5 });
  });

  test('`apply` needs the digest of a ledger, and nothing else does', () => {
    const digest = '0a'.repeat(32);
    for (const phase of ['all', 'propose']) expect(readConfig({ phase }).config.phase).toBe(phase);
    expect(messageOf(() => readConfig({ phase: 'apply' }))).toMatch(
      /^Input ledger-digest: it is empty, .*\.$/,
    );
    expect(messageOf(() => readConfig({ phase: 'apply', 'ledger-digest': digest.slice(1) }))).toContain(
      'it must be the output ledger-digest of the job',
    );
    expect(readConfig({ phase: 'apply', 'ledger-digest': digest }).config.ledgerDigest).toBe(digest);
  });

  test('a login without a key needs both of its ids, and a key outweighs them', () => {
    const [rule, organization] = ['anthropic-federation-rule-id', 'anthropic-organization-id'];
    expect(messageOf(() => readConfig({ [rule!]: 'r' }))).toContain(`Input ${organization}: it is empty`);
    expect(messageOf(() => readConfig({ [organization!]: 'o' }))).toContain(`Input ${rule}: it is empty`);
    const both = { [rule!]: 'r', [organization!]: 'o' };
    expect(readConfig(both).config.access).toMatchObject({
      federation: { ruleId: 'r', organizationId: 'o' },
    });
    expect(readConfig({ ...both, 'anthropic-api-key': 'k' }).config.access).toEqual({
      provider: 'anthropic',
      baseUrl: 'https://api.anthropic.com',
      apiKey: 'k',
    });
  });
});

describe('the repository’s configuration', () => {
  test.each([
    ['rules: [', /is not YAML/],
    ['- a', /is invalid/],
    ['surprise: 1', /is invalid/],
    ['ignore: x', /ignore/],
    ['protected: [1]', /protected\.0/],
    ['a: &x [1]\nb: *x', /is not YAML/],
  ])('%j is refused in one line that names the file', (text, why) => {
    const message = messageOf(() => readRepositoryConfig(text, '.github/countersign.yml'));
    expect(message).toMatch(why);
    expect(message).toMatch(/^The configuration \.github\/countersign\.yml on the base ref [^\n]*$/);
  });

  test('none at all is the default', () => {
    const none = { rules: '', ignore: [], protected: [] };
    expect(readRepositoryConfig(undefined, 'x')).toEqual(none);
    expect(readRepositoryConfig('', 'x')).toEqual(none);
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readConfig } from '../../src/core/config.ts';
import { isAllowed, isHostName } from '../../src/core/host.ts';

const hostsOf = (value: string) => readConfig({ 'allow-hosts': value }).config.allowHosts;

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const top = fc.constantFrom('com', 'org', 'io', 'xn--p1ai');
const host = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), top)
  .map((parts) => parts.flat().join('.'));

describe('the input allow-hosts', () => {
  test('is empty by default, which allows no host', () => {
    expect(hostsOf('')).toEqual([]);
  });

  test('takes names one a line or with commas between them, in any case, each once', () => {
    expect(hostsOf('registry.npmjs.org\n  Static.Crates.io, *.example.com,\nregistry.npmjs.org')).toEqual([
      'registry.npmjs.org',
      'static.crates.io',
      '*.example.com',
    ]);
  });

  test.each([
    'https://registry.npmjs.org',
    'registry.npmjs.org:443',
    'registry.npmjs.org/left-pad',
    'registry.npmjs.org.',
    'user@registry.npmjs.org',
    '*',
    '*.',
    '*.com',
    'a.*.com',
    '*.*.example.com',
    'ex*mple.com',
    'localhost',
    'a.localhost',
    'localhost.localdomain',
    'registry',
    '127.0.0.1',
    '0x7f.0x1',
    '2130706433',
    '127.1',
    '169.254.169.254',
    '[::1]',
    '::1',
    'a..example.com',
    '-a.example.com',
    'a_b.example.com',
    'exämple.com',
    'a\0.example.com',
    `${'a'.repeat(64)}.example.com`,
    `${'a.'.repeat(125)}example.com`,
  ])('does not take %j, and says so in one line', (value) => {
    const line = () => hostsOf(`registry.npmjs.org,${value}`);
    expect(line).toThrow(
      /^Input allow-hosts: ".*" is not allowed; it must be names of hosts such as .* is not\.$/,
    );
    expect(line).toThrow(JSON.stringify(value.toLowerCase().slice(0, 100)));
  });

  test('has no effect without a command that could reach a host, and says so', () => {
    const warningsOf = (more: object) => readConfig({ 'allow-hosts': 'a.example.com', ...more }).warnings;
    expect(warningsOf({})).toEqual([expect.stringContaining('no effect without setup-command')]);
    expect(warningsOf({ 'setup-command': 'npm ci' })).toEqual([]);
  });

  test('takes no more than a person reads', () => {
    expect(() => hostsOf(Array.from({ length: 101 }, (_, i) => `a${i}.example.com`).join(','))).toThrow(
      'at most 100',
    );
  });
});

describe('a host is allowed', () => {
  test('when it is named, and no other is', () => {
    fc.assert(
      fc.property(host, host, (a, b) => {
        expect(isAllowed(a, [a])).toBe(true);
        expect(isAllowed(b, [a])).toBe(a === b);
      }),
    );
  });

  test('by `*.` when it is below, at any depth, and never the name itself or one that only ends alike', () => {
    fc.assert(
      fc.property(host, label, label, (parent, a, b) => {
        const patterns = [`*.${parent}`];
        expect(isAllowed(`${a}.${parent}`, patterns)).toBe(isHostName(`${a}.${parent}`));
        expect(isAllowed(`${a}.${b}.${parent}`, patterns)).toBe(isHostName(`${a}.${b}.${parent}`));
        expect(isAllowed(parent, patterns)).toBe(false);
        expect(isAllowed(`${a}${parent}`, patterns)).toBe(false);
        expect(isAllowed(`.${parent}`, patterns)).toBe(false);
        expect(isAllowed(`${a}.${parent}.${b}.net`, patterns)).toBe(false);
      }),
    );
  });

  test('only in the very spelling of a name: nothing put before, after or into it helps', () => {
    const odd = fc.stringMatching(/^[\0\s@:/.#?%\\[\]A-Z\u0130\u212a\u3002_]{1,5}$/);
    fc.assert(
      fc.property(host, odd, fc.nat(), (name, put, at) => {
        const i = at % (name.length + 1);
        const changed = name.slice(0, i) + put + name.slice(i);
        fc.pre(!isHostName(changed));
        expect(isAllowed(changed, [name, `*.${name}`, '*.com', '*.org'])).toBe(false);
      }),
    );
  });
});

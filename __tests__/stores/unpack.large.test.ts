import { expect, test } from '@jest/globals';
import { zipSync } from 'fflate';
import { unpackLedger } from '../../src/stores/unpack.ts';

test('an archive that is small and would be huge is not unpacked', () => {
  const bomb = zipSync({ '0001-task.md': new Uint8Array(129 * 1024 * 1024) });
  expect(bomb.length).toBeLessThan(1024 * 1024);
  expect(() => unpackLedger(bomb)).toThrow('it is too large for a ledger');
});

test('nor is one of many parts, or with more files than any ledger has', () => {
  const part = new Uint8Array(33 * 1024 * 1024);
  const names = (count: number) =>
    Array.from({ length: count }, (_, at) => `${String(at + 1).padStart(4, '0')}-usage.md`);
  const parts = Object.fromEntries(names(4).map((name) => [name, part]));
  expect(() => unpackLedger(zipSync(parts))).toThrow('it is too large for a ledger');
  const many = Object.fromEntries(names(2001).map((name) => [name, new Uint8Array()]));
  expect(() => unpackLedger(zipSync(many))).toThrow('it is too large for a ledger');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, split } from '../src/money.js';

test('an amount has two decimals', () => {
  assert.deepEqual([0, 5, 1999, -250].map(format), ['0.00', '0.05', '19.99', '-2.50']);
});

test('sharing out loses no cent', () => {
  assert.deepEqual(split(100, 3), [34, 33, 33]);
});

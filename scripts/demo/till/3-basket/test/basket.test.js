import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '../src/basket.js';

const lines = [
  { price: 350, quantity: 2 },
  { price: 350, quantity: 1 },
];

test('lines add up', () => {
  assert.equal(total(lines), 1050);
});

test('a voucher comes off the sum, not off each line', () => {
  assert.equal(total(lines, { percent: 15 }), 892);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentOff } from '../src/discount.js';

test('a percentage comes off the price', () => {
  assert.equal(percentOff(2000, 25), 1500);
});

test('half a cent goes to the customer', () => {
  assert.equal(percentOff(1050, 15), 892);
});

test('a hundred percent is free', () => {
  assert.equal(percentOff(1999, 100), 0);
});

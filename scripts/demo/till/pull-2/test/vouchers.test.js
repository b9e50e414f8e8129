import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { findVoucher } from '../src/vouchers.js';

test('a voucher is found by its code', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(
    "CREATE TABLE vouchers (code TEXT, percent INTEGER); INSERT INTO vouchers VALUES ('SPRING', 15)",
  );
  assert.equal(findVoucher(database, 'SPRING').percent, 15);
});

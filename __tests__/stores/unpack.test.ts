import { expect, test } from '@jest/globals';
import { zipSync } from 'fflate';
import { unpackLedger } from '../../src/stores/unpack.ts';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

test('a ledger comes out as it went in', () => {
  const files = { '0001-task.md': text('one'), '0002-facts.md': text('two') };
  expect(Object.fromEntries(unpackLedger(zipSync(files)))).toEqual(files);
});

test('one that lies about its size fills no more than it says', () => {
  const archive = zipSync({ '0001-task.md': new Uint8Array(8 * 1024 * 1024) });
  const view = new DataView(archive.buffer, archive.byteOffset, archive.length);
  // The uncompressed size in the central directory, whose entries start with this signature: PKWARE's APPNOTE, 4.3.12.
  const entry = archive.findIndex(
    (_, at) => at + 4 <= archive.length && view.getUint32(at, true) === 0x02014b50,
  );
  view.setUint32(entry + 24, 16, true);
  let largest = 0;
  try {
    for (const content of unpackLedger(archive).values()) largest = Math.max(largest, content.length);
  } catch {
    // Refused altogether is as good.
  }
  expect(largest).toBeLessThanOrEqual(16);
});

test.each(['../0001-task.md', '/etc/passwd', 'folder/0001-task.md', '0001-task.md/', 'x\n::set-output::.md'])(
  'no name but a document’s is taken: %j',
  (name) => {
    expect(() => unpackLedger(zipSync({ [name]: text('x') }))).toThrow('which is no document');
  },
);

test('what is no archive is an error, and not an empty ledger', () => {
  expect(() => unpackLedger(text('PK nonsense'))).toThrow();
  expect(() => unpackLedger(new Uint8Array())).toThrow();
});

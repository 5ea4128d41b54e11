import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { RowSum } from './row-sum.ts';

/** Two columns: a text and NULL. */
function packed(text: string): Buffer {
  const lengths = Buffer.alloc(8, 0xff);
  lengths.writeUInt32BE(text.length, 0);
  return Buffer.concat([lengths, Buffer.from(text)]);
}

it('adds up the rows in any order and in parts, modulo 2^64', () => {
  const texts = Array.from({ length: 50 }, (_, index) => `row ${index}`);
  const all = new RowSum(2);
  all.add(Buffer.concat(texts.map(packed)));
  const parts = new RowSum(2);
  for (const text of texts.toReversed()) parts.add(packed(text));
  const md5 = (row: Buffer) => createHash('md5').update(row).digest();
  const expected = texts.reduce((sum, text) => sum + md5(packed(text)).readBigUInt64BE(), 0n) % 2n ** 64n;
  expect([all.checksum, all.rows]).toEqual([expected, 50]);
  expect([parts.checksum, parts.rows]).toEqual([expected, 50]);
});

it('refuses rows that are cut off', () => {
  expect(() => new RowSum(2).add(packed('a row').subarray(0, 10))).toThrow(expect.objectContaining({ code: 'agent.malformed' }));
  expect(() => new RowSum(2).add(Buffer.alloc(5))).toThrow(expect.objectContaining({ code: 'agent.malformed' }));
});

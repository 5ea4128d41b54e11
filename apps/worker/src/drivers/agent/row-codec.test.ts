import { NULL_LENGTH } from '@wcr/shared/contracts/agent-frames';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mapPackedRows } from './row-codec.ts';

type Row = readonly (Buffer | null)[];

function pack(rows: readonly Row[]): Buffer {
  return Buffer.concat(
    rows.flatMap((row) => {
      const lengths = Buffer.alloc(row.length * 4);
      row.forEach((value, index) => {
        lengths.writeUInt32BE(value === null ? NULL_LENGTH : value.length, index * 4);
      });
      return [lengths, ...row.filter((value) => value !== null)];
    }),
  );
}

const value = fc.option(
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
);
const rows = fc.array(fc.tuple(value, value, value), { maxLength: 8 });

it('maps exactly the values it is told to map, in any rows', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 0, max: 2 }), (before, column) => {
      const grow = (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('!')]);
      const expected = before.map((row) =>
        row.map((bytes, index) => (bytes !== null && index === column && bytes.length % 2 ? grow(bytes) : bytes)),
      );
      const mapped = mapPackedRows(pack(before), 3, (bytes, index) =>
        index === column && bytes.length % 2 ? grow(bytes) : bytes,
      );
      expect(mapped.equals(pack(expected))).toBe(true);
    }),
  );
});

it('hands back the very same bytes when nothing changes', () => {
  const packed = pack([[Buffer.from('a'), null, Buffer.alloc(0)]]);
  expect(mapPackedRows(packed, 3, (bytes) => bytes)).toBe(packed);
});

it('refuses rows whose lengths do not add up', () => {
  const packed = pack([[Buffer.from('abc')]]);
  expect(() => mapPackedRows(packed.subarray(0, 5), 1, (bytes) => bytes)).toThrow(/cut off/);
  expect(() => mapPackedRows(packed.subarray(0, 3), 1, (bytes) => bytes)).toThrow(/cut off/);
});

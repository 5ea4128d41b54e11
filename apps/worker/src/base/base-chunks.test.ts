import { describe, expect, it } from 'vitest';
import { type BaseChunk, decodeEntries, encodeChunk, encodeEntry, readChunks } from './base-chunks.ts';

const MAX = 2n ** 64n - 1n;
const entries = Buffer.concat([
  encodeEntry('1', { source: 5n, written: 5n }),
  encodeEntry('\xff\x00key', { source: MAX, written: 0n }),
]);
const FIRST = { after: null, upto: 'b', rows: 2, source: MAX, written: 7n };
const SECOND = { after: 'b', upto: null, rows: 1, source: 1n, written: 2n };
const file = Buffer.concat([encodeChunk(FIRST, entries), encodeChunk(SECOND, Buffer.from('xy'))]);

async function* cut(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

async function read(data: Buffer, size = data.length || 1): Promise<BaseChunk[]> {
  return Array.fromAsync(readChunks(cut(data, size)));
}

it('gives back every hash of every row, also those above 2^63 and keys of any bytes', () => {
  expect([...decodeEntries(entries)]).toEqual([
    ['1', { source: 5n, written: 5n }],
    ['\xff\x00key', { source: MAX, written: 0n }],
  ]);
});

it.each([1, 2, 3, 5, 7, 64, 100, 1_000])('reads the same chunks from parts of %i bytes', async (size) => {
  const chunks = await read(file, size);
  expect(chunks).toMatchObject([FIRST, SECOND]);
  const [first, second] = chunks;
  expect(file.subarray(first?.at, (first?.at ?? 0) + (first?.bytes ?? 0))).toEqual(entries);
  expect(file.toString('latin1', second?.at)).toBe('xy');
});

it('finds nothing in the file of an empty table', async () => {
  expect(await read(Buffer.alloc(0))).toEqual([]);
});

describe('damage', () => {
  it.each([1, 3, 6, 20])('is found when the last %i bytes are gone', async (bytes) => {
    await expect(read(file.subarray(0, -bytes), 16)).rejects.toMatchObject({ code: 'agent.malformed' });
  });

  it('is found in a head that is none', async () => {
    const broken = Buffer.from(file);
    broken.write('!', 6);
    await expect(read(broken)).rejects.toMatchObject({ code: 'agent.malformed' });
  });

  it('is found in entries that are cut off', () => {
    expect(() => decodeEntries(entries.subarray(0, -1))).toThrow(expect.objectContaining({ code: 'agent.malformed' }));
  });
});

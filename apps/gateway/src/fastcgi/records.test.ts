import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecordDecoder, encodeBegin, encodeParams, encodeStdin, encodeStdinEnd } from './records.ts';

/** Builds a record as PHP would, padding included. */
function record(type: number, content: Buffer, padding = 0): Buffer {
  const header = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 0xff, padding, 0]);
  return Buffer.concat([header, content, Buffer.alloc(padding)]);
}

function decodeAll(chunks: Buffer[]): { stdout: Buffer; stderr: Buffer; ends: number[] } {
  const [stdout, stderr, ends]: [Buffer[], Buffer[], number[]] = [[], [], []];
  const decode = createRecordDecoder({
    stdout: (chunk) => stdout.push(chunk),
    stderr: (chunk) => stderr.push(chunk),
    end: (status) => ends.push(status),
  });
  for (const chunk of chunks) decode(chunk);
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr), ends };
}

/** Cuts bytes into pieces at the given places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
}

describe('decoding', () => {
  it('gives the same output however the connection cuts it', () => {
    const part = fc.record({
      type: fc.constantFrom(6, 7),
      content: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      padding: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.nat(5000), { maxLength: 12 }), (parts, places) => {
        const end = record(3, Buffer.from([0, 0, 0, 0, 0, 0, 0, 0]), 3);
        const bytes = Buffer.concat([...parts.map((it) => record(it.type, Buffer.from(it.content), it.padding)), end]);
        const expected = (type: number): Buffer => Buffer.concat(parts.filter((it) => it.type === type).map((it) => it.content));
        const seen = decodeAll(cut(bytes, places));
        expect(seen).toEqual({ stdout: expected(6), stderr: expected(7), ends: [0] });
      }),
    );
  });

  it('passes on why a request was not handled', () => {
    expect(decodeAll([record(3, Buffer.from([0, 0, 0, 0, 2, 0, 0, 0]))]).ends).toEqual([2]);
  });

  it('skips empty records and unknown types', () => {
    const bytes = [record(6, Buffer.alloc(0)), record(11, Buffer.from('?')), record(6, Buffer.from('a'))];
    expect(decodeAll(bytes).stdout.toString()).toBe('a');
  });
});

describe('encoding', () => {
  it('begins as responder of request 1 that closes the connection', () => {
    expect([...encodeBegin()]).toEqual([1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('writes lengths in one byte up to 127 and in four above', () => {
    expect([...encodeParams({ A: 'b' })]).toEqual([1, 4, 0, 1, 0, 4, 0, 0, 1, 1, 65, 98, 1, 4, 0, 1, 0, 0, 0, 0]);
    const long = encodeParams({ A: 'x'.repeat(200) });
    expect([...long.subarray(8, 13)]).toEqual([1, 0x80, 0, 0, 200]);
  });

  it('splits parameters and bodies that do not fit a record', () => {
    const params = encodeParams({ A: 'x'.repeat(70_000) });
    expect(params.readUInt16BE(4)).toBe(0xffff);
    expect(params.length).toBe(6 + 70_000 + 3 * 8);
    const records = encodeStdin(Buffer.alloc(150_000, 1));
    expect(records.filter((_, index) => index % 2 === 1).map((content) => content.length)).toEqual([65_535, 65_535, 18_930]);
    expect([...encodeStdinEnd()]).toEqual([1, 5, 0, 1, 0, 0, 0, 0]);
  });
});

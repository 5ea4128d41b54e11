import type { Frame, FrameKind } from '@wcr/shared/contracts/agent-frames';
import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { FUZZ } from '@wcr/stack/testing/fuzz';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { AgentClient } from './agent.types.ts';
import { boundAnswer, SlowAnswerError } from './bounded-answer.ts';
import { digestRows, hashFiles, readInventory, readRanges } from './compare-reads.ts';
import { decodeStream, encodeFrame, encodeStream } from './frame-codec.ts';
import { pathToWire, unpackIndex } from './index-codec.ts';
import { Patience } from './patience.ts';
import { mapPackedRows, splitPackedRows } from './row-codec.ts';
import { SourceAgent } from './source-agent.ts';

// Millions of bytes on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;
const MALFORMED = { code: 'agent.malformed' };
const NAMED = /^(agent\.(malformed|truncated)|source\.(died|database_unsupported))$/;

async function readAll<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Chunks as a socket may bring them. */
async function* chunked(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The name of what went wrong; anything that has no name of ours is a fault of the test's subject. */
async function outcomeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'value';
  } catch (error) {
    if (!isAppError(error)) throw error;
    expect(error.code).toMatch(NAMED);
    return error.code;
  }
}

describe('any bytes are frames or a named error', () => {
  const valid = encodeStream([
    encodeFrame('R', { rows: 1, cursor: 'x' }, Buffer.alloc(300, 'ab'), { compress: true }),
    encodeFrame('F', { path: 'YQ' }, Buffer.from('data')),
    encodeFrame('E', { done: true }),
  ]);
  const changed = fc
    .array(fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255), drop: fc.boolean() }), { minLength: 1, maxLength: 6 })
    .map((edits) => {
      const bytes = [...valid];
      for (const { at, byte, drop } of edits) bytes.splice(at, 1, ...(drop ? [] : [byte]));
      return Uint8Array.from(bytes);
    });
  const frames = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from('WCR1\n'), bytes]));

  it.each([
    ['random', fc.uint8Array({ maxLength: 300 })],
    ['random behind the magic', frames],
    ['changed, lost and added', changed],
  ])('in a stream of %s bytes', async (_, bytes) => {
    await fc.assert(
      fc.asyncProperty(bytes, fc.integer({ min: 1, max: 64 }), async (message, size) => {
        await outcomeOf(() => readAll(decodeStream(chunked(message, size))));
      }),
      FUZZ,
    );
  });

  it('in an index page', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await outcomeOf(() => [...unpackIndex(Buffer.from(bytes))]);
      }),
      FUZZ,
    );
  });

  it('in packed rows, of however many columns', async () => {
    const lengths = fc.array(fc.constantFrom(0, 1, 3, 0xffff_ffff, 0xffff_fffe, 0x7fff_ffff), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.uint8Array({ maxLength: 40 }), fc.nat(4), async (heads, tail, columns) => {
        const head = Buffer.alloc(heads.length * 4);
        for (const [index, length] of heads.entries()) head.writeUInt32BE(length, index * 4);
        const data = Buffer.concat([head, tail]);
        const split = await outcomeOf(() => [...splitPackedRows(data, columns)]);
        const mapped = await outcomeOf(() => mapPackedRows(data, columns, (value) => Buffer.concat([value, value])));
        expect(mapped).toBe(split);
      }),
      FUZZ,
    );
  });
});

describe('an answer takes bounded memory and time', () => {
  const head = (metaLength: number, dataLength: number) => {
    const bytes = Buffer.alloc(15);
    bytes.write('WCR1\nJ');
    bytes.writeUInt32BE(metaLength, 7);
    bytes.writeUInt32BE(dataLength, 11);
    return bytes;
  };
  /** Chunks without an end; counts what was taken. */
  const endless = (first: Buffer, chunk: Buffer) => {
    const taken = { chunks: 0 };
    async function* chunks() {
      yield first;
      for (; ; taken.chunks += 1) yield chunk;
    }
    return { taken, chunks: chunks() };
  };

  it.each([
    ['4 GiB of data', head(2, 0xffff_ffff)],
    ['4 GiB of description', head(0xffff_ffff, 0)],
    ['a byte more than a frame may have', head(0, (64 << 20) + 1)],
  ])('that announces %s', async (_, first) => {
    const { taken, chunks } = endless(first, Buffer.alloc(1024));
    await expect(readAll(decodeStream(chunks))).rejects.toMatchObject(MALFORMED);
    expect(taken.chunks).toBe(0);
  });

  it('that never begins', async () => {
    const { taken, chunks } = endless(Buffer.from('<html>'), Buffer.from('W'));
    await expect(readAll(decodeStream(chunks))).rejects.toMatchObject(MALFORMED);
    expect(taken.chunks).toBeLessThan(70_000);
  });

  it('that inflates to more than a frame may have', async () => {
    const bomb = encodeStream([encodeFrame('R', { rows: 1, cursor: 'x' }, Buffer.alloc((64 << 20) + 1), { compress: true })]);
    expect(bomb.length).toBeLessThan(1 << 20);
    await expect(readAll(decodeStream(chunked(bomb, 4096)))).rejects.toMatchObject(MALFORMED);
  });

  it.each([
    ['empty frames', encodeFrame('J', {})],
    ['small bombs', encodeFrame('R', { rows: 1, cursor: 'x' }, Buffer.alloc(1 << 20), { compress: true })],
    ['long descriptions', encodeFrame('J', { x: 'x'.repeat(100_000) })],
  ])('that consists of %s without an end', async (_, parts) => {
    const { taken, chunks } = endless(Buffer.from('WCR1\n'), Buffer.concat(parts));
    let frames = 0;
    const read = async () => {
      for await (const frame of decodeStream(chunks, 16 << 20)) frames += frame.kind === 'E' ? 0 : 1;
    };
    await expect(read()).rejects.toMatchObject(MALFORMED);
    expect(taken.chunks).toBeGreaterThan(0);
    expect(frames).toBeLessThan(40_000);
  });

  it('that goes on and on, or drips', async () => {
    const { chunks } = endless(Buffer.alloc(1), Buffer.alloc(1024));
    await expect(readAll(boundAnswer(chunks, { maxBytes: 100_000 }))).rejects.toMatchObject(MALFORMED);
    let now = 0;
    const clock = () => now;
    async function* drops(bytes: number) {
      for (let drop = 0; drop < 100; drop += 1) {
        now += 1_000;
        yield Buffer.alloc(bytes);
      }
    }
    await expect(readAll(boundAnswer(drops(1), { clock }))).rejects.toThrow(SlowAnswerError);
    expect(await readAll(boundAnswer(drops(1024), { clock }))).toHaveLength(100);
    // What the reader takes its time for is not the site's fault.
    let taken = 0;
    for await (const _ of boundAnswer(chunked(Buffer.alloc(10), 1), { clock })) {
      now += 60_000;
      taken += 1;
    }
    expect(taken).toBe(10);
  });
});

describe('what a site answers is a value or a named error', () => {
  const table = { name: 't', columns: [{ name: 'id', generated: false }], key: ['id'] } as unknown as TableSchema;
  const selection = { table: 't', columns: ['id'], key: ['id'] };
  const number = fc.constantFrom<unknown>(0, 1, -1, 0.5, 2 ** 53, 1e300, null, 'x', true, [], {});
  const text = fc.constantFrom<unknown>('', 'a', '../a', pathToWire('a'), pathToWire('../../etc/passwd'), 7, null, [], { a: 1 });
  const list = fc.constantFrom<unknown>([], [null], [{}], [{ path: 7 }], ['x'], {}, 'x', 0, [
    { index: 9e9, rows: -1, checksum: '1' },
  ]);
  const named = {
    rows: number,
    offset: number,
    size: number,
    mtime: number,
    mode: number,
    done: fc.boolean(),
    eof: fc.boolean(),
  };
  const meta = fc.record(
    {
      ...named,
      ...{
        cursor: text,
        path: text,
        error: text,
        checksum: text,
        index: number,
        next: fc.oneof(text, fc.record({ index: number, cursor: text })),
      },
      ...{ skipped: list, hashes: list, ranges: list, plugins: list, tables: list, views: list },
    },
    { requiredKeys: [] },
  );
  const data = fc.oneof(
    fc.constant(Buffer.alloc(0)),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(json)),
  );
  const kind = fc.constantFrom<FrameKind>('R', 'I', 'F', 'J', 'E');
  const frame: fc.Arbitrary<Frame> = fc.record({ kind, meta, data });
  const answers = fc.array(fc.array(frame, { maxLength: 4 }), { maxLength: 4 });

  function agentOf(given: readonly (readonly Frame[])[]): SourceAgent {
    const left = [...given];
    const client: AgentClient = {
      async *call() {
        const answer = left.shift();
        if (answer === undefined) throw new AppError('source.died', { reason: 'no more answers' });
        yield* answer;
        yield { kind: 'E', meta: { ...answer.findLast(({ kind }) => kind === 'E')?.meta }, data: Buffer.alloc(0) };
      },
    };
    const exhausted = (reason: string) => new AppError('source.died', { reason });
    return new SourceAgent(client, {
      patience: () => new Patience({ totalMs: 0, signal, exhausted, log: () => undefined, firstDelayMs: 1 }),
      ...{ signal, compress: false },
    });
  }

  it.each<[string, (agent: SourceAgent) => unknown]>([
    ['facts', (agent) => agent.facts()],
    ['schema', (agent) => agent.schema()],
    ['inventory', (agent) => readInventory(agent)],
    ['rows', (agent) => readAll(agent.rows(table, null))],
    ['checksum', (agent) => agent.checksum(table, 5)],
    ['index', (agent) => readAll(agent.index())],
    [
      'files',
      (agent) =>
        readAll(
          agent.files([
            { path: 'a', offset: 0 },
            { path: 'b', offset: 3 },
          ]),
        ),
    ],
    ['hashes', (agent) => hashFiles(agent, ['a', 'b'], { algorithm: 'md5' })],
    ['digest', (agent) => digestRows(agent, selection, [{ after: null, upto: 'x' }])],
    [
      'ranges',
      (agent) =>
        readAll(
          readRanges(agent, selection, [
            { after: null, upto: 'x' },
            { after: 'x', upto: null },
          ]),
        ),
    ],
  ])('when asked for %s', async (_, ask) => {
    await fc.assert(
      fc.asyncProperty(answers, async (given) => {
        await outcomeOf(() => ask(agentOf(given)));
      }),
      FUZZ,
    );
  });

  it('is asked no more when it brings nothing new for ever', async () => {
    const end = (meta: object): Frame => ({ kind: 'E', meta: { ...meta }, data: Buffer.alloc(0) });
    const sum: Frame = { kind: 'J', meta: { rows: 0, checksum: '0' }, data: Buffer.alloc(0) };
    const again = Array.from({ length: 50 }, () => [end({ cursor: 'same', done: false })]);
    expect(await outcomeOf(() => readAll(agentOf(again).index('same')))).not.toBe('value');
    const sums = Array.from({ length: 50 }, () => [sum, end({ cursor: 'same', done: false })]);
    expect(await outcomeOf(() => agentOf(sums).checksum(table, 5))).toBe('agent.malformed');
  });

  it('is the file that was asked for, at the byte that was asked for', async () => {
    const part = (path: string, offset: number): Frame => ({
      kind: 'F',
      meta: { path: pathToWire(path), offset, eof: true, size: 9, mtime: 1, mode: 420 },
      data: Buffer.from('x'),
    });
    for (const [path, offset] of [
      ['../../etc/passwd', 0],
      ['b', 0],
      ['a', 5],
    ] as const)
      expect(await outcomeOf(() => readAll(agentOf([[part(path, offset)]]).files([{ path: 'a', offset: 0 }])))).not.toBe('value');
  });
});

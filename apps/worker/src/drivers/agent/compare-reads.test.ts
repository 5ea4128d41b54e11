import { AppError } from '@wcr/shared/errors/app-error';
import { expect, it } from 'vitest';
import { frame, patience } from '../../jobs/restore/testing/memory-site.ts';
import type { AgentClient } from './agent.types.ts';
import { createMemoryBaseStore } from './base-store.memory.ts';
import { createBaseStore, readPart, readWhole } from './base-store.ts';
import { digestRows, hashFiles } from './compare-reads.ts';
import { decodeStream, encodeStream } from './frame-codec.ts';
import { pathToWire } from './index-codec.ts';
import { SourceAgent } from './source-agent.ts';

const signal = new AbortController().signal;
type Args = Readonly<Record<string, unknown>>;
type Answer = (
  args: Args,
  asked: number,
  frames: readonly Buffer[][],
) => ReturnType<typeof frame>[] | Promise<ReturnType<typeof frame>[]>;

function clientOf(answer: Answer): AgentClient & { asked: Args[] } {
  const asked: Args[] = [];
  return {
    asked,
    async *call(_operation, args, { frames = [] }) {
      asked.push(args as Args);
      yield* await answer(args as Args, asked.length, frames);
    },
  };
}

const agentOf = (client: AgentClient) => new SourceAgent(client, { patience, signal, compress: false });
const selection = { table: 't', columns: ['id'], key: ['id'] };
const RANGES = [
  { after: null, upto: 'a' },
  { after: 'a', upto: null },
];
const sums = (...parts: [number, number, string][]) =>
  frame('J', { ranges: parts.map(([index, rows, checksum]) => ({ index, rows, checksum })) });

it('adds up a range that comes in several answers, modulo 2^64', async () => {
  const client = clientOf(({ at }) =>
    at === undefined
      ? [sums([0, 2, '18446744073709551615']), frame('E', { done: false, next: { index: 0, cursor: 'x' } })]
      : [sums([0, 1, '3'], [1, 4, '9']), frame('E', { done: true })],
  );
  expect(await digestRows(agentOf(client), selection, RANGES)).toEqual([
    { rows: 3, checksum: 2n },
    { rows: 4, checksum: 9n },
  ]);
  expect(client.asked[1]).toMatchObject({ at: { index: 0, cursor: 'x' } });
});

it('counts nothing twice when an answer is cut off', async () => {
  const client = clientOf((_args, asked) => {
    if (asked === 1) throw new AppError('agent.truncated');
    return [sums([0, 2, '5'], [1, 1, '1']), frame('E', { done: true })];
  });
  expect(await digestRows(agentOf(client), selection, RANGES)).toMatchObject([{ rows: 2, checksum: 5n }, { rows: 1 }]);
});

it('gives up on an agent that stays where it is, and on sums of ranges nobody asked for', async () => {
  const stuck = clientOf(() => [sums(), frame('E', { done: false, next: { index: 0, cursor: null } })]);
  await expect(digestRows(agentOf(stuck), selection, RANGES)).rejects.toMatchObject({ code: 'agent.malformed' });
  const lost = clientOf(() => [sums([7, 1, '1']), frame('E', { done: true })]);
  await expect(digestRows(agentOf(lost), selection, RANGES)).rejects.toMatchObject({ code: 'agent.malformed' });
});

it('spreads ranges over requests that their descriptions fit into, and gives the sums in order', async () => {
  const client = clientOf(({ ranges }) => [
    sums(
      ...(ranges as { upto: string }[]).map(({ upto }, index): [number, number, string] => [index, 1, upto.split('-')[0] ?? '']),
    ),
    frame('E', { done: true }),
  ]);
  const pad = 'k'.repeat(1_500);
  const ranges = Array.from({ length: 2_500 }, (_, at) => ({ after: `${at}-${pad}`, upto: `${at + 1}-${pad}` }));
  const digests = await digestRows(agentOf(client), selection, ranges);
  expect(digests.map(({ checksum }) => Number(checksum))).toEqual(ranges.map((_, at) => at + 1));
  expect(client.asked.every((args) => JSON.stringify(args).length < 1 << 20)).toBe(true);
});

it('asks on for files that an answer left out, by their raw names', async () => {
  const client = clientOf(({ files }) => {
    const [first = ''] = files as string[];
    return [
      frame('J', { hashes: [first === pathToWire('gone') ? { path: first, error: 'missing' } : { path: first, md5: 'aa' }] }),
    ];
  });
  const hashes = await hashFiles(agentOf(client), ['caf\xe9', 'gone'], { algorithm: 'md5' });
  expect([...hashes]).toEqual([
    ['caf\xe9', 'aa'],
    ['gone', undefined],
  ]);
  const silent = clientOf(() => [frame('J', { hashes: [] })]);
  await expect(hashFiles(agentOf(silent), ['a'], { algorithm: 'md5' })).rejects.toMatchObject({ code: 'agent.malformed' });
});

/** An agent with one file that sends at most three bytes an answer. */
function fileClient(content: Buffer): AgentClient & { asked: Args[] } {
  return clientOf(({ offset }) => {
    const data = content.subarray(Number(offset), Number(offset) + 3);
    const next = Number(offset) + data.length;
    return [frame('F', {}, data), frame('E', { done: next >= content.length, next: { offset: next } })];
  });
}

it('reads a file of the base slice by slice, and only the range that is wanted', async () => {
  const store = createBaseStore(fileClient(Buffer.from('0123456789')), { patience, signal });
  expect((await readWhole(store, 'f'))?.toString()).toBe('0123456789');
  expect((await readPart(store, 'f', { offset: 2, bytes: 5 })).toString()).toBe('23456');
  expect((await readPart(store, 'f', { offset: 8, bytes: 50 })).toString()).toBe('89');
});

it('asks nothing for an empty range, and knows a file that is not there', async () => {
  const client = clientOf(() => [frame('J', { exists: false })]);
  const store = createBaseStore(client, { patience, signal });
  expect(await readPart(store, 'f', { offset: 0, bytes: 0 })).toEqual(Buffer.alloc(0));
  expect(client.asked).toEqual([]);
  expect(await readWhole(store, 'f')).toBeUndefined();
  expect(await readWhole(createMemoryBaseStore(), 'f')).toBeUndefined();
});

it('writes large files of the base in frames of a mebibyte, and an empty one as one', async () => {
  const sizes: number[][] = [];
  const client = clientOf(async (_args, _asked, frames) => {
    const sent: number[] = [];
    for await (const { data } of decodeStream(one(encodeStream(frames)))) sent.push(data.length);
    sizes.push(sent);
    return [frame('E', { done: true })];
  });
  const store = createBaseStore(client, { patience, signal });
  await store.write({ name: 'f', offset: 4, data: Buffer.alloc((1 << 20) + 5) });
  await store.write({ name: 'f', offset: 0, data: Buffer.alloc(0) });
  expect(sizes).toEqual([[1 << 20, 5], [0]]);
  expect(client.asked[0]).toMatchObject({ name: 'f', offset: 4 });
});

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

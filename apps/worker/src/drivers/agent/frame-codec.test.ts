import { expect, it } from 'vitest';
import { decodeStream, encodeFrame, encodeStream } from './frame-codec.ts';

async function read(bytes: Buffer, chunkBytes = bytes.length) {
  const frames = [];
  for await (const frame of decodeStream(chunksOf(bytes, chunkBytes))) frames.push(frame);
  return frames;
}

async function* chunksOf(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const data = Buffer.from(Array.from({ length: 1000 }, (_, index) => index & 255));
const message = encodeStream([
  encodeFrame('R', { rows: 3 }, data),
  encodeFrame('R', { rows: 4 }, data, { compress: true }),
  encodeFrame('E', { done: true }),
]);

it.each([1, 2, 7, 64, 100_000])('reads the same frames whatever the chunks (%i bytes)', async (size) => {
  const frames = await read(message, size);
  expect(frames.map((frame) => frame.kind)).toEqual(['R', 'R', 'E']);
  expect(frames[0]?.data.equals(data)).toBe(true);
  expect(frames[1]?.data.equals(data)).toBe(true);
  expect(frames[2]?.meta).toEqual({ done: true });
});

it('skips what a noisy PHP prints before the stream', async () => {
  const notice = Buffer.from('\ufeff<br />\n<b>Notice</b>: WCR is not WCR1 …\n');
  expect(await read(Buffer.concat([notice, message]), 5)).toHaveLength(3);
});

it.each([0, 1, 9, 10, 50])('tells an answer that is cut off %i bytes before its end', async (missing) => {
  const cut = read(message.subarray(0, message.length - missing));
  await (missing === 0 ? expect(cut).resolves.toHaveLength(3) : expect(cut).rejects.toMatchObject({ code: 'agent.truncated' }));
});

it('notices any changed byte', async () => {
  for (let at = 5; at < message.length; at += 37) {
    const changed = Buffer.from(message);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await expect(read(changed)).rejects.toMatchObject({ code: expect.stringMatching(/^agent\.(malformed|truncated)$/) });
  }
});

it('refuses an answer that is a web page', async () => {
  await expect(read(Buffer.from('<!doctype html><title>Blocked</title>'))).rejects.toMatchObject({ code: 'agent.malformed' });
});

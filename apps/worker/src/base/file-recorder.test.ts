import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { createMemoryBaseStore } from '../drivers/agent/base-store.memory.ts';
import { decodeFileBases, FILES_BASE } from './file-base.ts';
import { FileRecorder } from './file-recorder.ts';

const part = (path: string, data: string, offset = 0, mtime = 1_700_000_000) => ({
  path,
  offset,
  data: Buffer.from(data),
  mtime,
});
const sumOf = (text: string) => ({ size: Buffer.byteLength(text), crc32: crc32(text) });
const stored = (store: ReturnType<typeof createMemoryBaseStore>) =>
  decodeFileBases(store.files.get(FILES_BASE) ?? Buffer.alloc(0));

it('notes what a file was in the source and what it is in the clone, in as many parts as it comes', async () => {
  const store = createMemoryBaseStore();
  const recorder = new FileRecorder(store, 0);
  recorder.read(part('wp-content/a.css', 'http://live'));
  recorder.read(part('wp-content/a.css', '/x', 11));
  recorder.written('wp-content/a.css', Buffer.from('http://clone/x'));
  await recorder.endPage();
  expect([...stored(store).values()]).toEqual([
    { path: 'wp-content/a.css', mtime: 1_700_000_000, source: sumOf('http://live/x'), written: sumOf('http://clone/x') },
  ]);
});

it('notes a file anew that changed while it was read', async () => {
  const store = createMemoryBaseStore();
  const recorder = new FileRecorder(store, 0);
  for (const text of ['half of i', 'whole']) {
    recorder.read(part('f', text));
    recorder.written('f', Buffer.from(text));
  }
  await recorder.endPage();
  expect(stored(store).get('f')).toMatchObject({ source: sumOf('whole'), written: sumOf('whole') });
});

it('goes on behind the pages that are copied already and forgets a page that is copied again', async () => {
  const store = createMemoryBaseStore();
  const first = new FileRecorder(store, 0);
  first.read(part('one', '1'));
  const offset = await first.endPage();
  first.read(part('two', '2'));
  await first.endPage();
  const second = new FileRecorder(store, offset);
  second.read(part('three', '3'));
  await second.endPage();
  expect([...stored(store).keys()]).toEqual(['one', 'three']);
});

it('keeps names of any bytes, and times that the index cannot tell as the index tells them', async () => {
  const store = createMemoryBaseStore();
  const recorder = new FileRecorder(store, 0);
  recorder.read(part('caf\xe9/\xff.txt', 'x', 0, -1));
  recorder.read(part('far', 'x', 0, 2 ** 33));
  await recorder.endPage();
  expect(stored(store).get('caf\xe9/\xff.txt')?.mtime).toBe(0);
  expect(stored(store).get('far')?.mtime).toBe(0xffff_ffff);
});

it('says that a base is damaged', () => {
  expect(() => decodeFileBases(Buffer.from([0, 9, 0]))).toThrow(expect.objectContaining({ code: 'agent.malformed' }));
});

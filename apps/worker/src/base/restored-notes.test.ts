import { expect, test } from 'vitest';
import type { BaseStore } from '../drivers/agent/base-store.ts';
import { publishNotes, RestoredNotes, readNotes, withdrawNotes } from './restored-notes.ts';

function memoryStore(): BaseStore {
  const files = new Map<string, Buffer>();
  return {
    async write({ name, offset, data }) {
      files.set(name, Buffer.concat([(files.get(name) ?? Buffer.alloc(0)).subarray(0, offset), data]));
    },
    async *read(name) {
      yield files.get(name) ?? Buffer.alloc(0);
    },
  };
}

async function note(store: BaseStore, session: string, written: bigint): Promise<void> {
  const rows = new RestoredNotes(store, session, 'rows');
  await rows.addRow('wp_posts', { key: '1', place: 0, entry: { source: 2n ** 63n, written } });
  await rows.addRow('wp_posts', { key: `gone-${session}\xff`, place: -1, entry: undefined });
  await rows.flush();
}

test('what a restore writes down counts from when it is published until it is withdrawn', async () => {
  const store = memoryStore();
  await note(store, 'first', 1n);
  expect((await readNotes(store)).rows.size).toBe(0);
  await publishNotes(store, 'first');
  await publishNotes(store, 'first');
  const known = [
    { key: '1', place: 0, entry: { source: 2n ** 63n, written: 1n } },
    { key: 'gone-first\xff', place: -1, entry: undefined },
  ];
  expect((await readNotes(store)).rows.get('wp_posts')).toEqual(known);
  await note(store, 'second', 2n);
  await publishNotes(store, 'second');
  expect((await readNotes(store)).rows.get('wp_posts')).toContainEqual({
    ...known[0],
    entry: { source: 2n ** 63n, written: 2n },
  });
  await withdrawNotes(store, 'second');
  expect((await readNotes(store)).rows.get('wp_posts')).toEqual(known);
});

test('files that were sent and removed are known, and an attempt that begins again leaves nothing of the former', async () => {
  const store = memoryStore();
  const sum = { size: 3, crc32: 7 };
  const write = async (paths: string[]) => {
    const files = new RestoredNotes(store, 's', 'files');
    for (const path of paths) await files.addFile(path, { path, mtime: 9, source: sum, written: sum });
    await files.addFile('removed', undefined);
    await files.flush();
  };
  await write(['a', 'b\xe4']);
  await write(['b\xe4']);
  await publishNotes(store, 's');
  expect([...(await readNotes(store)).files]).toEqual([
    ['b\xe4', { path: 'b\xe4', mtime: 9, source: sum, written: sum }],
    ['removed', undefined],
  ]);
});

test('tables that were brought whole are known by their sums', async () => {
  const store = memoryStore();
  const notes = new RestoredNotes(store, 's', 'rows');
  const sums = { source: { rows: 2, checksum: 2n ** 63n }, written: { rows: 3, checksum: 5n } };
  await notes.addTable('wp_log', sums);
  await notes.flush();
  await publishNotes(store, 's');
  expect((await readNotes(store)).tables.get('wp_log')).toEqual(sums);
});

import { expect, it } from 'vitest';
import { createMemoryBaseStore } from '../drivers/agent/base-store.memory.ts';
import { pack, schemaOf } from '../jobs/restore/testing/memory-site.ts';
import { decodeEntries, readChunks } from './base-chunks.ts';
import { cursorAfter, hashRow } from './packed-row.ts';
import { TableRecorder, tableBaseName } from './table-recorder.ts';

const THINGS = schemaOf('wp_things', { id: 'bigint', v: 'text' }, ['id']);
const OPTIONS = schemaOf('wp_options', { option_id: 'bigint', option_name: 'varchar(191)', option_value: 'text' }, ['option_id']);
const KEYLESS = schemaOf('wp_log', { line: 'text' }, null);

const row = (id: number, v = `v${id}`) => pack([`${id}`, v]);
const rows = (from: number, to: number) => Buffer.concat(Array.from({ length: to - from + 1 }, (_, at) => row(from + at)));
const after = (id: number) => cursorAfter([Buffer.from(`${id}`)]);
const files = () => createMemoryBaseStore();

async function chunksOf(store: ReturnType<typeof files>, table = 'wp_things') {
  const name = tableBaseName(table);
  const chunks = await Array.fromAsync(readChunks(store.read(name)));
  const data = store.files.get(name) ?? Buffer.alloc(0);
  return chunks.map((chunk) => ({ ...chunk, keys: [...decodeEntries(data.subarray(chunk.at, chunk.at + chunk.bytes)).keys()] }));
}

it('ends a chunk where a request may end, and after 256 rows', async () => {
  const store = files();
  const recorder = new TableRecorder(store, THINGS, 'wp_');
  recorder.add(rows(1, 3), rows(1, 3));
  recorder.add(rows(4, 300), rows(4, 300));
  await recorder.end();
  const chunks = await chunksOf(store);
  expect(chunks.map(({ after, upto, rows }) => ({ after, upto, rows }))).toEqual([
    { after: null, upto: after(3), rows: 3 },
    { after: after(3), upto: after(259), rows: 256 },
    { after: after(259), upto: after(300), rows: 41 },
  ]);
  expect(chunks.flatMap(({ keys }) => keys)).toEqual(Array.from({ length: 300 }, (_, at) => `${at + 1}`));
});

it('notes rows as they were read and as they were written', async () => {
  const store = files();
  const recorder = new TableRecorder(store, THINGS, 'wp_');
  recorder.add(Buffer.concat([row(1, 'live'), row(2)]), Buffer.concat([row(1, 'clone'), row(2)]));
  await recorder.end();
  const [chunk] = await chunksOf(store);
  expect(chunk?.source).toBe(BigInt.asUintN(64, hashRow(row(1, 'live')) + hashRow(row(2))));
  expect(chunk?.written).toBe(BigInt.asUintN(64, hashRow(row(1, 'clone')) + hashRow(row(2))));
});

it('goes on exactly behind the row at which the target stands, and forgets what it had noted of later ones', async () => {
  const store = files();
  const first = new TableRecorder(store, THINGS, 'wp_');
  for (const at of [1, 4, 7]) first.add(rows(at, at + 2), rows(at, at + 2));
  await first.end();
  const second = new TableRecorder(store, THINGS, 'wp_');
  expect(await second.resume(after(6))).toBe(true);
  second.add(row(8, 'other'), row(8, 'other'));
  await second.end();
  const chunks = await chunksOf(store);
  expect(chunks.map(({ keys }) => keys.join())).toEqual(['1,2,3', '4,5,6', '8']);
  expect(chunks.at(-1)).toMatchObject({ after: after(6), upto: after(8) });
});

it('changes nothing when a table that was noted whole is resumed at its end', async () => {
  const store = files();
  const first = new TableRecorder(store, THINGS, 'wp_');
  first.add(rows(1, 5), rows(1, 5));
  await first.end();
  const before = store.files.get(tableBaseName('wp_things'));
  const second = new TableRecorder(store, THINGS, 'wp_');
  expect(await second.resume(after(5))).toBe(true);
  await second.end();
  expect(store.files.get(tableBaseName('wp_things'))).toEqual(before);
});

it('cannot go on at a row that it has not noted, in a file that is cut off, or in a table that is noted whole', async () => {
  const store = files();
  const first = new TableRecorder(store, THINGS, 'wp_');
  first.add(rows(1, 5), rows(1, 5));
  await first.end();
  expect(await new TableRecorder(store, THINGS, 'wp_').resume(after(4))).toBe(false);
  const name = tableBaseName('wp_things');
  store.files.set(name, (store.files.get(name) ?? Buffer.alloc(0)).subarray(0, 30));
  expect(await new TableRecorder(store, THINGS, 'wp_').resume(after(5))).toBe(false);
  expect(await new TableRecorder(store, OPTIONS, 'wp_').resume(after(5))).toBe(false);
});

it('leaves nothing of an earlier copy to go on from once a table is copied anew', async () => {
  const store = files();
  const first = new TableRecorder(store, THINGS, 'wp_');
  first.add(rows(1, 3), rows(1, 3));
  first.add(rows(4, 6), rows(4, 6));
  await first.end();
  const second = new TableRecorder(store, THINGS, 'wp_');
  second.restart();
  second.add(row(1, 'changed meanwhile'), row(1, 'changed meanwhile'));
  await second.flush();
  // A worker that dies here must not be taken to stand behind row 6, or 3.
  expect((await chunksOf(store)).map(({ keys }) => keys.join())).toEqual(['1']);
});

it('notes rows that come while it stores earlier ones', async () => {
  const store = files();
  const slow = {
    ...store,
    write: async (part: Parameters<typeof store.write>[0]) => (await Promise.resolve(), store.write(part)),
  };
  const recorder = new TableRecorder(slow, THINGS, 'wp_');
  recorder.restart();
  recorder.add(rows(1, 2), rows(1, 2));
  const stored = recorder.flush();
  recorder.add(rows(3, 4), rows(3, 4));
  await stored;
  await recorder.end();
  expect((await chunksOf(store)).map(({ keys }) => keys.join())).toEqual(['1,2', '3,4']);
});

it('notes options in one piece and by name, and of tables without a key only the sum', async () => {
  const store = files();
  const options = new TableRecorder(store, OPTIONS, 'wp_');
  for (const at of [1, 2]) options.add(pack([`${at}`, `name${at}`, 'v']), pack([`${at}`, `name${at}`, 'v']));
  await options.end();
  expect(await chunksOf(store, 'wp_options')).toMatchObject([{ after: null, upto: null, rows: 2, keys: ['name1', 'name2'] }]);
  const keyless = new TableRecorder(store, KEYLESS, 'wp_');
  keyless.add(pack(['a']), pack(['a']));
  keyless.add(pack(['b']), pack(['b']));
  await keyless.end();
  const sum = BigInt.asUintN(64, hashRow(pack(['a'])) + hashRow(pack(['b'])));
  expect(await chunksOf(store, 'wp_log')).toMatchObject([{ rows: 2, source: sum, keys: [] }]);
});

it('leaves a file behind for an empty table', async () => {
  const store = files();
  await new TableRecorder(store, THINGS, 'wp_').end();
  expect(store.files.get(tableBaseName('wp_things'))).toEqual(Buffer.alloc(0));
});

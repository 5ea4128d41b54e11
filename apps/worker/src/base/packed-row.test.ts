import { expect, it } from 'vitest';
import { splitPackedRows } from '../drivers/agent/row-codec.ts';
import { RowSum } from '../drivers/agent/row-sum.ts';
import { schemaOf } from '../jobs/restore/testing/memory-site.ts';
import { addSums, cellsOf, cursorAfter, hashRow, keyText, packCells, RowShape } from './packed-row.ts';
import { bareName, identityOf } from './row-identity.ts';

const cells = [Buffer.from('1'), null, Buffer.alloc(0), Buffer.from([0, 255])];

it('packs and unpacks values, NULL and the empty text apart', () => {
  const row = packCells(cells);
  expect(cellsOf(row, 4)).toEqual(cells);
  expect([...splitPackedRows(Buffer.concat([row, row]), 4)]).toEqual([row, row]);
});

it('sums rows as the agents do', () => {
  const rows = [packCells([Buffer.from('a')]), packCells([Buffer.from('b')])];
  const sum = new RowSum(1);
  sum.add(Buffer.concat(rows));
  expect(rows.map(hashRow).reduce(addSums)).toBe(sum.checksum);
});

it('takes no notice of columns that do not count', () => {
  const shape = new RowShape(['id', 'v', 'count'], { key: ['id'], compared: ['id', 'v'] });
  const row = (id: string, v: string, count: string) => packCells([id, v, count].map((text) => Buffer.from(text)));
  expect(shape.hash(row('1', 'a', '5'))).toBe(shape.hash(row('1', 'a', '6')));
  expect(shape.hash(row('1', 'a', '5'))).not.toBe(shape.hash(row('1', 'b', '5')));
  expect(shape.hash(row('1', 'a', '5'))).toBe(hashRow(packCells([Buffer.from('1'), Buffer.from('a')])));
});

it('tells keys of several columns apart whose texts run together', () => {
  const key = (...values: string[]) => keyText(values.map((value) => Buffer.from(value)));
  expect(new Set([key('1', '11'), key('11', '1'), key('', '111'), key('111')]).size).toBe(4);
});

it('writes cursors as PHP does, slashes escaped', () => {
  // base64_encode("\xff\xff") is "//8=".
  expect(Buffer.from(cursorAfter([Buffer.from([255, 255])]), 'base64url').toString()).toBe('{"k":["\\/\\/8="]}');
});

it('tells rows apart by the key, options by their name, and compares what is not derived from elsewhere', () => {
  const posts = schemaOf('wp_posts', { ID: 'bigint', post_title: 'text', comment_count: 'bigint' }, ['ID']);
  expect(identityOf(posts, 'wp_')).toEqual({ key: ['ID'], compared: ['ID', 'post_title'], isWhole: false });
  const options = schemaOf('wp_options', { option_id: 'int', option_name: 'varchar(191)', option_value: 'text' }, ['option_id']);
  expect(identityOf(options, 'wp_')).toEqual({ key: ['option_name'], compared: ['option_name', 'option_value'], isWhole: true });
  expect(identityOf(schemaOf('wp_log', { a: 'text' }, null), 'wp_')).toBeUndefined();
});

it('compares tables whose keys have an order of their own in one piece', () => {
  expect(identityOf(schemaOf('wp_t', { a: "enum('z','a')" }, ['a']), 'wp_')?.isWhole).toBe(true);
  const bits = schemaOf('wp_t', { a: 'int' }, ['a']);
  const asBits = { ...bits, columns: bits.columns.map((column) => ({ ...column, kind: 'bit' as const })) };
  expect(identityOf(asBits, 'wp_')?.isWhole).toBe(true);
  expect(identityOf(schemaOf('wp_t', { a: 'varchar(9)', b: 'int' }, ['b', 'a']), 'wp_')?.isWhole).toBe(false);
});

it('knows a table of another prefix by its whole name only', () => {
  expect(bareName('wp_posts', 'wp_')).toBe('posts');
  expect(bareName('shop_posts', 'wp_')).toBe('shop_posts');
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { jsonOf } from '../../../worker/src/drivers/agent/answers.ts';
import { RowSum } from '../../../worker/src/drivers/agent/row-sum.ts';
import { type Row, unpackRows } from './support/read-agent.ts';
import { startWriteAgent, type WriteAgent } from './support/write-agent.ts';

type Range = { after: string | null; upto: string | null };
type Part = { index: number; rows: number; checksum: string };
type Digest = { parts: Part[]; end: { done?: boolean; next?: { index: number; cursor: string | null } } };
type Table = { table: string; columns: string[]; key: string[] | null };

const dir = mkdtempSync(join(tmpdir(), 'wcr-read-digest-'));
let agent: WriteAgent;
let sql: Awaited<ReturnType<typeof connectAsRoot>>;

beforeAll(async () => {
  const server = await useMariaDb();
  const database = await server.createDatabase();
  sql = await connectAsRoot(server, database.name);
  agent = await startWriteAgent({ server, database, dir });
});

afterAll(async () => {
  await agent?.stop();
  await sql?.end();
  rmSync(dir, { recursive: true, force: true });
});

async function digest(table: Table, ranges: Range[], more: object = {}): Promise<Digest> {
  const frames = await agent.frames('rows.digest', { ...table, ranges, ...more });
  const parts = frames.filter((frame) => frame.kind === 'J').flatMap((frame) => (jsonOf([frame]) as { ranges: Part[] }).ranges);
  return { parts, end: frames.at(-1)?.meta ?? {} };
}

/** The rows of each range, asked for until the last request is done. */
async function rangesOf(table: Table, ranges: Range[], more: object = {}): Promise<{ rows: Row[][]; requests: number }> {
  const rows: Row[][] = ranges.map(() => []);
  let at: object | undefined;
  for (let requests = 1; ; requests += 1) {
    const frames = await agent.frames('rows.ranges', { ...table, ranges, ...more, ...(at && { at }) });
    for (const { kind, meta, data } of frames)
      if (kind === 'R') rows[Number(meta['index'])]?.push(...unpackRows(data, table.columns.length));
    const end = frames.at(-1)?.meta as { done: boolean; next: object };
    if (end.done) return { rows, requests };
    at = end.next;
  }
}

/** Every row by itself, and the cursors at which frames of one row end. */
async function cursors(table: Table): Promise<{ rows: Row[]; at: string[] }> {
  const rows: Row[] = [];
  const at: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const frames = await agent.frames('rows.read', { ...table, cursor, budgetBytes: 1 });
    const read = frames.flatMap((frame) => (frame.kind === 'R' ? unpackRows(frame.data, table.columns.length) : []));
    const end = frames.at(-1)?.meta as { done: boolean; cursor: string };
    rows.push(...read);
    if (read.length > 0) at.push(end.cursor);
    if (end.done) return { rows, at };
    cursor = end.cursor;
  }
}

async function readBetween(table: Table, range: Range): Promise<{ rows: Row[]; sum: string }> {
  const frames = await agent.frames('rows.read', { ...table, cursor: range.after, upto: range.upto });
  const sum = new RowSum(table.columns.length);
  const data = Buffer.concat(frames.filter((frame) => frame.kind === 'R').map((frame) => frame.data));
  sum.add(data);
  return { rows: unpackRows(data, table.columns.length), sum: String(sum.checksum) };
}

const KEYS: Record<string, { create: string; insert: string; columns: string[]; key: string[] }> = {
  number: {
    create: '(id int PRIMARY KEY, v text)',
    insert: "(-3,'a'),(0,'b'),(7,'c'),(2147483647,'d')",
    columns: ['id', 'v'],
    key: ['id'],
  },
  composite: {
    create: '(a int, b varchar(20) COLLATE utf8mb4_unicode_ci, PRIMARY KEY (a, b))',
    insert: "(1,'x'),(1,'Y'),(1,'z '),(2,''),(2,'ä'),(3,'é')",
    columns: ['a', 'b'],
    key: ['a', 'b'],
  },
  'a text among none of the columns': {
    create: '(id int AUTO_INCREMENT PRIMARY KEY, name varchar(50) COLLATE utf8mb4_general_ci NOT NULL UNIQUE, v text)',
    insert: "(1,'zeta','1'),(2,'Alpha','2'),(3,'beta','3'),(4,'GAMMA','4'),(5,'_x','5')",
    columns: ['id', 'v'],
    key: ['name'],
  },
  temporal: {
    create: '(d datetime PRIMARY KEY)',
    insert: "('0000-00-00'),('2020-01-01 00:00:01'),('2021-01-01')",
    columns: ['d'],
    key: ['d'],
  },
  enum: { create: "(e enum('z','a','m') PRIMARY KEY)", insert: "('a'),('z'),('m')", columns: ['e'], key: ['e'] },
  bit: { create: '(b bit(40) PRIMARY KEY)', insert: '(0),(255),(1099511627775)', columns: ['b'], key: ['b'] },
  binary: { create: '(b varbinary(9) PRIMARY KEY)', insert: "(''),('a'),(x'ff00')", columns: ['b'], key: ['b'] },
};

for (const [name, { create, insert, columns, key }] of Object.entries(KEYS)) {
  it(`ranges by a ${name} key hold the rows behind their begin up to and including their end`, async () => {
    const table: Table = { table: `wp_key_${Object.keys(KEYS).indexOf(name)}`, columns, key };
    await sql.query(`SET sql_mode = ''`);
    await sql.query(`CREATE TABLE ${table.table} ${create} ENGINE=InnoDB DEFAULT CHARSET utf8mb4`);
    await sql.query(`INSERT INTO ${table.table} VALUES ${insert}`);
    const { rows, at } = await cursors(table);
    expect(rows).toHaveLength(insert.split('),(').length);
    const places = [null, ...at];
    const all = places.flatMap((after, from) =>
      [...at.slice(from), null].map((upto, index) => ({
        after,
        upto,
        rows: rows.slice(from, upto === null ? undefined : from + index + 1),
      })),
    );
    const { parts, end } = await digest(table, all);
    expect(end).toMatchObject({ done: true });
    expect(await rangesOf(table, all)).toEqual({ rows: all.map((range) => range.rows), requests: 1 });
    // Rows are handed out one by one, and none twice.
    expect((await rangesOf(table, all, { budgetBytes: 1 })).rows).toEqual(all.map((range) => range.rows));
    for (const [index, range] of all.entries()) {
      const read = await readBetween(table, range);
      expect({ index, rows: read.rows }).toEqual({ index, rows: range.rows });
      expect(parts[index]).toEqual({ index, rows: range.rows.length, checksum: read.sum });
    }
  });
}

it('goes on inside of a range, and its parts add up to the sum of the table', async () => {
  const table: Table = { table: 'wp_many', columns: ['id', 'v'], key: ['id'] };
  await sql.query('CREATE TABLE wp_many (id int PRIMARY KEY, v varchar(100)) ENGINE=InnoDB');
  await sql.query("INSERT INTO wp_many SELECT seq, REPEAT('x', seq % 90) FROM seq_1_to_30000");
  const [first] = (await digest(table, [{ after: null, upto: null }])).parts;
  const [checksum] = [(await agent.call('tables.checksum', { ...table, cursor: null }))['checksum']];
  expect(first).toEqual({ index: 0, rows: 30_000, checksum });
  const middle = Buffer.from(JSON.stringify({ k: [Buffer.from('20000').toString('base64')] })).toString('base64url');
  const ranges = [
    { after: null, upto: middle },
    { after: middle, upto: null },
  ];
  const sums = [0n, 0n];
  const rows = [0, 0];
  let slices = 0;
  for (let at: object | undefined; ; ) {
    const { parts, end } = await digest(table, ranges, { budgetMs: 1, ...(at && { at }) });
    slices += 1;
    for (const part of parts) {
      sums[part.index] = BigInt.asUintN(64, (sums[part.index] ?? 0n) + BigInt(part.checksum));
      rows[part.index] = (rows[part.index] ?? 0) + part.rows;
    }
    if (end.done) break;
    at = end.next;
  }
  expect(slices).toBeGreaterThan(5);
  expect(rows).toEqual([20_000, 10_000]);
  expect(String(BigInt.asUintN(64, (sums[0] ?? 0n) + (sums[1] ?? 0n)))).toBe(checksum);
});

it('answers thousands of ranges at once', async () => {
  const table: Table = { table: 'wp_ranges', columns: ['id'], key: ['id'] };
  await sql.query('CREATE TABLE wp_ranges (id int PRIMARY KEY) ENGINE=InnoDB');
  await sql.query('INSERT INTO wp_ranges SELECT seq FROM seq_1_to_6000');
  const cursor = (id: number) =>
    Buffer.from(JSON.stringify({ k: [Buffer.from(String(id)).toString('base64')] })).toString('base64url');
  const ranges = Array.from({ length: 3000 }, (_, index) => ({ after: cursor(2 * index), upto: cursor(2 * index + 2) }));
  const { parts, end } = await digest(table, ranges);
  expect(end).toMatchObject({ done: true });
  expect(parts).toHaveLength(3000);
  expect(parts.every((part) => part.rows === 2)).toBe(true);
});

it('refuses what makes no sense', async () => {
  await sql.query('CREATE TABLE wp_refused (a int, b int, PRIMARY KEY (a, b)) ENGINE=InnoDB');
  const table: Table = { table: 'wp_refused', columns: ['a'], key: ['a', 'b'] };
  const one = Buffer.from(JSON.stringify({ k: ['MQ=='] })).toString('base64url');
  const bad = { code: 'agent.invalid_arguments' };
  await expect(digest(table, [{ after: one, upto: null }])).rejects.toMatchObject(bad);
  await expect(digest(table, [{ after: null, upto: one }])).rejects.toMatchObject(bad);
  await expect(digest({ ...table, key: null }, [{ after: null, upto: one }])).rejects.toMatchObject(bad);
  await expect(agent.call('rows.read', { ...table, key: null, cursor: null, upto: one })).rejects.toMatchObject(bad);
});

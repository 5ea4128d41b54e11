import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TableSchema } from '../../../../packages/shared/src/contracts/agent-schema.ts';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { type Row, readRows, readSchema, tableOf } from './support/read-agent.ts';
import { newSession, rowsFrame, startWriteAgent, type WriteAgent } from './support/write-agent.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-merge-bytes-'));
let agent: WriteAgent;
let sql: Awaited<ReturnType<typeof connectAsRoot>>;

beforeAll(async () => {
  const server = await useMariaDb();
  const database = await server.createDatabase();
  sql = await connectAsRoot(server, database.name);
  await sql.query("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'");
  agent = await startWriteAgent({ server, database, dir });
});

afterAll(async () => {
  await agent?.stop();
  await sql?.end();
  rmSync(dir, { recursive: true, force: true });
});

/** Columns of a table, values of the row that both know, and values of what the row becomes; each pair is equal to the server or nearly so. */
const TYPES: Record<string, { type: string; values: [string, string] }> = {
  'upper and lower case': { type: 'varchar(20) COLLATE utf8mb4_general_ci', values: ["'abc'", "'ABC'"] },
  accents: { type: 'text COLLATE utf8mb4_unicode_ci', values: ["'grüße'", "'grusse'"] },
  'trailing spaces': { type: 'varchar(20) COLLATE utf8mb4_general_ci', values: ["'x'", "'x '"] },
  'characters nobody weighs': { type: 'text COLLATE utf8mb4_general_ci', values: ["'😀'", "'😁'"] },
  'null and empty': { type: 'longtext', values: ['NULL', "''"] },
  latin1: { type: 'varchar(20) CHARACTER SET latin1', values: ["x'e4'", "x'c4'"] },
  ucs2: { type: 'varchar(20) CHARACTER SET ucs2', values: ["_ucs2 x'00e40041'", "_ucs2 x'00c40041'"] },
  json: { type: 'json', values: ['\'{"a": 1, "b": 2}\'', '\'{"b": 2, "a": 1.0}\''] },
  blob: { type: 'longblob', values: ["x'00ff00'", "x'00ff0000'"] },
  varbinary: { type: 'varbinary(20)', values: ["'a'", "'A'"] },
  bit: { type: 'bit(64)', values: ['18446744073709551615', '18446744073709551614'] },
  decimal: { type: 'decimal(65,30)', values: ['1.000000000000000000000000000001', '1.000000000000000000000000000002'] },
  bigint: { type: 'bigint unsigned', values: ['18446744073709551615', '18446744073709551614'] },
  float: { type: 'float', values: ['0.1', '0.10000001'] },
  double: { type: 'double', values: ['0.1', '0.1000000000000000055511151231257827021181583404541015625'.concat('e0 + 2e-17')] },
  'zero dates': { type: 'datetime(6) NOT NULL', values: ["'0000-00-00'", "'2020-00-00'"] },
  'fractions of seconds': { type: 'timestamp(6) NULL', values: ["'2020-01-01 00:00:00.000001'", "'2020-01-01 00:00:00.000002'"] },
  time: { type: 'time(2)', values: ["'-838:59:59.00'", "'838:59:59.00'"] },
  geometry: { type: 'point', values: ["ST_GeomFromText('POINT(1 2)', 4326)", "ST_GeomFromText('POINT(1 2)', 0)"] },
  enum: { type: "enum('a','b','')", values: ["'a'", "'c'"] },
  set: { type: "set('a','b')", values: ["'a'", "'a,b'"] },
};

async function schemaOf(name: string): Promise<TableSchema> {
  return tableOf(await readSchema(agent.frames), name);
}

const namesOf = (schema: TableSchema) => schema.columns.filter((column) => !column.generated).map((column) => column.name);

async function stored(table: string): Promise<string[]> {
  return (await readRows(agent.frames, await schemaOf(table))).rows.map((row) =>
    row.map((value) => value?.toString('hex') ?? 'NULL').join(' '),
  );
}

/** Merges rows into a table; what is sent is what was read elsewhere. */
async function merge(table: string, key: string[], rows: readonly Row[], former: readonly Row[]): Promise<string> {
  const session = newSession();
  const schema = await schemaOf(table);
  const kinds = schema.columns.filter((column) => !column.generated);
  await agent.call('session.begin', { session, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  await agent.call('tables.merge', { session, tables: [{ name: table, columns: namesOf(schema), key }] });
  const frames = [
    ...(rows.length > 0 ? [rowsFrame(table, kinds, 1, rows, { part: 'rows' })] : []),
    ...(former.length > 0 ? [rowsFrame(table, kinds, 1, former, { part: 'former' })] : []),
  ];
  expect(await agent.call('rows.write', { session }, frames)).toMatchObject({ warnings: [] });
  return session;
}

for (const [name, { type, values }] of Object.entries(TYPES)) {
  it(`knows ${name} apart, and writes them byte for byte`, async () => {
    const table = `wp_type_${Object.keys(TYPES).indexOf(name)}`;
    const other = `${table}_clone`;
    for (const [made, value] of [
      [table, values[0]],
      [other, values[1]],
    ] as const) {
      await sql.query(`CREATE TABLE ${made} (id int PRIMARY KEY, v ${type}) ENGINE=InnoDB DEFAULT CHARSET utf8mb4`);
      await sql.query(`INSERT INTO ${made} VALUES (1, ${value})`);
    }
    const [target, clone] = [await stored(table), await stored(other)];
    expect(target).not.toEqual(clone);
    const before = (await readRows(agent.frames, await schemaOf(table))).rows;
    const after = (await readRows(agent.frames, await schemaOf(other))).rows;

    // The target holds something else than what was compared, however little.
    const stale = await merge(table, ['id'], after, after);
    await expect(agent.call('session.commit', { session: stale, keepRestorePoint: false })).rejects.toMatchObject({
      code: 'target.changed',
    });
    expect(await stored(table)).toEqual(target);

    const session = await merge(table, ['id'], after, before);
    await agent.call('session.commit', { session, keepRestorePoint: true });
    expect(await stored(table)).toEqual(clone);
    await agent.call('session.rollback', { session });
    expect(await stored(table)).toEqual(target);
    await agent.call('session.finish', { session });
  });
}

const bytes = (...values: (string | null)[]): Row => values.map((value) => (value === null ? null : Buffer.from(value)));

it('finds rows by composite keys, and by texts in their own collation', async () => {
  await sql.query(
    "CREATE TABLE wp_composite (a int, b varchar(20) COLLATE utf8mb4_general_ci, e enum('y','x'), v text, PRIMARY KEY (a, b, e)) ENGINE=InnoDB DEFAULT CHARSET utf8mb4",
  );
  await sql.query("INSERT INTO wp_composite VALUES (1,'k','x','1'),(1,'k','y','2'),(1,'l','x','3'),(2,'K','x','4')");
  const former = [bytes('1', 'k', 'x', '1'), bytes('2', 'K', 'x', '4')];
  const rows = [bytes('1', 'k', 'x', 'changed'), bytes('2', 'k', 'x', 'case of the key'), bytes('0', '', 'y', 'zero')];
  const before = await stored('wp_composite');
  const session = await merge('wp_composite', ['a', 'b', 'e'], rows, former);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  const [now] = await sql.query("SELECT CONCAT_WS(' ', a, b, e, v) AS t FROM wp_composite ORDER BY a, b, e");
  expect((now as { t: string }[]).map((row) => row.t)).toEqual([
    '0  y zero',
    '1 k y 2',
    '1 k x changed',
    '1 l x 3',
    '2 k x case of the key',
  ]);
  await agent.call('session.rollback', { session });
  expect(await stored('wp_composite')).toEqual(before);

  const other = await merge('wp_composite', ['a', 'b', 'e'], rows, [bytes('1', 'k', 'x', '1'), bytes('2', 'k', 'x', '4')]);
  await expect(agent.call('session.commit', { session: other, keepRestorePoint: false })).rejects.toMatchObject({
    code: 'target.changed',
    detail: { key: 'a 2, b k, e x' },
  });
});

it('merges by a unique key that is not the primary one, beside generated columns and foreign keys', async () => {
  await sql.query(
    'CREATE TABLE wp_opts (option_id bigint unsigned AUTO_INCREMENT PRIMARY KEY, option_name varchar(50) NOT NULL UNIQUE, v text, g int AS (CHAR_LENGTH(v)) VIRTUAL, parent bigint unsigned, FOREIGN KEY (parent) REFERENCES wp_opts (option_id) ON DELETE CASCADE) ENGINE=InnoDB DEFAULT CHARSET utf8mb4',
  );
  await sql.query(
    "INSERT INTO wp_opts (option_id, option_name, v, parent) VALUES (1,'home','x',NULL),(2,'child','y',1),(3,'z','z',2)",
  );
  const before = await stored('wp_opts');
  const former = [bytes('1', 'home', 'x', null)];
  const session = await merge(
    'wp_opts',
    ['option_name'],
    [bytes('1', 'home', 'changed', null), bytes('9', 'new', '', '3')],
    former,
  );
  await agent.call('session.commit', { session, keepRestorePoint: true });
  const [now] = await sql.query(
    "SELECT CONCAT_WS(' ', option_id, option_name, v, g, parent) AS t FROM wp_opts ORDER BY option_id",
  );
  expect((now as { t: string }[]).map((row) => row.t)).toEqual(['1 home changed 7', '2 child y 1 1', '3 z z 1 2', '9 new  0 3']);
  await agent.call('session.rollback', { session });
  expect(await stored('wp_opts')).toEqual(before);
});

it('takes for unchanged what the wire cannot tell apart', async () => {
  await sql.query("CREATE TABLE wp_blurred (id int PRIMARY KEY, e enum('a',''), d double) ENGINE=InnoDB");
  await sql.query("INSERT INTO wp_blurred VALUES (1, 'no member', -1e-200 * 1e-200)");
  const rows = (await readRows(agent.frames, await schemaOf('wp_blurred'))).rows;
  const session = await merge('wp_blurred', ['id'], [], rows);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  expect(await stored('wp_blurred')).toEqual([]);
  await agent.call('session.finish', { session, removeRestorePoint: true });
});

it('merges a hundred thousand rows', async () => {
  await sql.query(
    'CREATE TABLE wp_large (id int PRIMARY KEY, v varchar(200), w text, KEY (v(20))) ENGINE=InnoDB DEFAULT CHARSET utf8mb4',
  );
  await sql.query("INSERT INTO wp_large SELECT seq, CONCAT('value ', seq), REPEAT('x', 100) FROM seq_1_to_200000");
  const session = await merge('wp_large', ['id'], [], []);
  const pattern = session.slice(0, 6);
  await sql.query(`INSERT INTO wcrb${pattern}_1 SELECT * FROM wp_large WHERE id % 2`);
  await sql.query(`INSERT INTO wcr${pattern}_1 SELECT id, CONCAT('new ', v), w FROM wp_large WHERE id % 2`);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  const [rows] = await sql.query("SELECT COUNT(*) AS n FROM wp_large WHERE v LIKE 'new %'");
  expect(rows).toEqual([{ n: 100_000 }]);
  await agent.call('session.finish', { session, removeRestorePoint: true });
});

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { jsonOf } from '../../../worker/src/drivers/agent/answers.ts';
import { RowSum } from '../../../worker/src/drivers/agent/row-sum.ts';
import { readRows, readSchema, tableOf, textsOf } from './support/read-agent.ts';
import { startWriteAgent, type WriteAgent } from './support/write-agent.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-read-rows-'));
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

async function query(text: string): Promise<Record<string, unknown>[]> {
  const [rows] = await sql.query(text);
  return rows as Record<string, unknown>[];
}

async function schemaOf(name: string) {
  return tableOf(await readSchema(agent.frames), name);
}

/** A definition and values as SQL; what is read must be the bytes that HEX() shows. */
const BYTES: Record<string, { type: string; values: string[]; kind: string }> = {
  varchar: {
    type: 'varchar(50) CHARACTER SET utf8mb4',
    values: ["''", "'grüße 😀'", 'NULL', "'a\\\\b\\'c\\\"d\\n\\0'"],
    kind: 'text',
  },
  latin1: { type: 'varchar(50) CHARACTER SET latin1', values: ["x'e4f6fc8099'"], kind: 'text' },
  sjis: { type: 'text CHARACTER SET sjis', values: ["x'835c835c'"], kind: 'text' },
  ucs2: { type: 'varchar(9) CHARACTER SET ucs2', values: ["_ucs2 x'00e40041'"], kind: 'text' },
  enum: { type: "enum('x','ä','')", values: ["'ä'", "''"], kind: 'text' },
  set: { type: "set('a','b','c')", values: ["'a,c'", "''"], kind: 'text' },
  binary: { type: 'binary(8)', values: ["x'00ff00'", "x'0000000000000000'"], kind: 'binary' },
  varbinary: { type: 'varbinary(300)', values: ["''", "x'00010203fffefd27225c0a0d1a'"], kind: 'binary' },
  blob: { type: 'longblob', values: ["''", "x'1f8b0800c3'", "REPEAT(x'00ff', 5000)"], kind: 'binary' },
  geometry: { type: 'point', values: ['POINT(1.5, -2.25)', "ST_GeomFromText('POINT(3 4)', 4326)"], kind: 'geometry' },
  json: { type: 'json', values: ['\'{"a": [1.0, {}, null]}\''], kind: 'text' },
};

for (const [name, { type, values, kind }] of Object.entries(BYTES)) {
  it(`values of ${name} arrive byte for byte`, async () => {
    const table = `wp_bytes_${name}`;
    await sql.query(`CREATE TABLE ${table} (id int PRIMARY KEY, v ${type}) DEFAULT CHARSET utf8mb4`);
    for (const [index, value] of values.entries()) await sql.query(`INSERT INTO ${table} VALUES (${index}, ${value})`);
    const schema = await schemaOf(table);
    expect(schema.columns[1]?.kind).toBe(kind);
    const { rows } = await readRows(agent.frames, schema);
    const stored = await query(`SELECT HEX(CONVERT(v USING binary)) AS plain, HEX(v) AS hex FROM ${table} ORDER BY id`);
    const column = name === 'ucs2' || name === 'geometry' ? 'hex' : 'plain';
    // HEX() of texts in any character set shows the stored bytes once they count as binary.
    expect(rows.map((row) => row[1]?.toString('hex').toUpperCase() ?? null)).toEqual(stored.map((row) => row[column]));
  });
}

const TEXTS: Record<string, { type: string; values: string[]; kind: string; expected?: string[] }> = {
  bigint: { type: 'bigint unsigned', values: ['0', '18446744073709551615'], kind: 'number' },
  signed: { type: 'bigint', values: ['-9223372036854775808', '9223372036854775807'], kind: 'number' },
  decimal: {
    type: 'decimal(65,30)',
    values: ['-12345678901234567890123456789012345.123456789012345678901234567890'],
    kind: 'number',
  },
  zerofill: { type: 'int(6) zerofill', values: ['42'], expected: ['000042'], kind: 'number' },
  bit: { type: 'bit(64)', values: ['18446744073709551615', '0', '5'], kind: 'bit' },
  date: { type: 'date', values: ["'0000-00-00'", "'2024-02-29'"], expected: ['0000-00-00', '2024-02-29'], kind: 'temporal' },
  datetime: {
    type: 'datetime(6)',
    values: ["'0000-00-00'", "'2024-02-29 23:59:59.123456'"],
    expected: ['0000-00-00 00:00:00.000000', '2024-02-29 23:59:59.123456'],
    kind: 'temporal',
  },
  timestamp: { type: 'timestamp NULL', values: ["'2024-03-31 02:30:00'"], expected: ['2024-03-31 02:30:00'], kind: 'temporal' },
  time: { type: 'time(3)', values: ["'-838:59:58.999'"], expected: ['-838:59:58.999'], kind: 'temporal' },
  year: { type: 'year', values: ['0', '2155'], expected: ['0000', '2155'], kind: 'temporal' },
  uuid: {
    type: 'uuid',
    values: ["'123e4567-e89b-12d3-a456-426655440000'"],
    expected: ['123e4567-e89b-12d3-a456-426655440000'],
    kind: 'text',
  },
};

for (const [name, { type, values, kind, expected = values }] of Object.entries(TEXTS)) {
  it(`values of ${name} arrive as the server writes them`, async () => {
    const table = `wp_texts_${name}`;
    await sql.query(`CREATE TABLE ${table} (id int PRIMARY KEY, v ${type})`);
    for (const [index, value] of values.entries()) await sql.query(`INSERT INTO ${table} VALUES (${index}, ${value})`);
    const schema = await schemaOf(table);
    expect(schema.columns[1]?.kind).toBe(kind);
    expect(textsOf((await readRows(agent.frames, schema)).rows, 1)).toEqual(expected);
  });
}

it('floats arrive as the shortest decimals that give the same number again', async () => {
  const texts = ['0.1', '16777217', '3.4028235e38', '1.17549435e-38', '1e-45', '123456.789', '-0.3333333433', '1e15', '99999.99'];
  await sql.query('CREATE TABLE wp_floats (id int PRIMARY KEY, f float, d double, f2 float(9,2))');
  for (const [index, text] of texts.entries())
    await sql.query(`INSERT INTO wp_floats VALUES (${index}, ${text}, ${text}, 12345.67)`);
  await sql.query(
    'INSERT INTO wp_floats VALUES (100, 0.7, 1.7976931348623157e308, 0.1), (101, NULL, 2.2250738585072014e-308, -1), (102, 0, 5e-324, 0), (103, 0, 0.30000000000000004, 0)',
  );
  const { rows } = await readRows(agent.frames, await schemaOf('wp_floats'));
  await sql.query('CREATE TABLE floats_copy LIKE wp_floats');
  for (const row of rows)
    await sql.query(`INSERT INTO floats_copy VALUES (${row.map((value) => value?.toString() ?? 'NULL').join(', ')})`);
  const differences = await query(
    'SELECT a.id FROM wp_floats a JOIN floats_copy b USING (id) WHERE NOT (a.f+0e0 <=> b.f+0e0 AND a.d <=> b.d AND a.f2+0e0 <=> b.f2+0e0)',
  );
  expect(differences).toEqual([]);
  expect(rows).toHaveLength(texts.length + 4);
  expect(textsOf(rows, 1).slice(0, 3)).toEqual(['0.1', '16777216', '3.4028235e38']);
});

const collations = [
  'utf8mb4_general_ci',
  'utf8mb4_unicode_520_ci',
  'utf8mb4_bin',
  'utf8mb4_unicode_nopad_ci',
  'latin1_swedish_ci',
  'utf8mb4_swedish_ci',
];

for (const collation of collations) {
  it(`a text key in ${collation} visits each row exactly once`, async () => {
    const table = `wp_key_${collation}`;
    const charset = collation.split('_')[0];
    await sql.query(`CREATE TABLE ${table} (k varchar(40) NOT NULL PRIMARY KEY) CHARACTER SET ${charset} COLLATE ${collation}`);
    const words = [
      '',
      'a',
      'A',
      'á',
      'Ä',
      'ae',
      'æ',
      'ß',
      'ss',
      'z',
      'Z',
      'Ö',
      'o',
      "it's",
      'back\\slash',
      'zz ',
      ' lead',
      '😀',
      '日本',
      '_',
      '%',
    ];
    const wanted = [...words, ...Array.from({ length: 150 }, (_, index) => `w${(index * 7919) % 1000}`)];
    for (const word of wanted) await sql.query(`INSERT IGNORE INTO ${table} VALUES (?)`, [word]);
    const [{ n } = { n: 0 }] = await query(`SELECT COUNT(*) AS n FROM ${table}`);
    const { rows, slices } = await readRows(agent.frames, await schemaOf(table), { budgetBytes: 40 });
    expect(slices).toBeGreaterThan(20);
    const hex = rows.map((row) => row[0]?.toString('hex').toUpperCase());
    expect(hex).toEqual((await query(`SELECT HEX(k) AS h FROM ${table} ORDER BY k`)).map((row) => row['h']));
    expect(rows).toHaveLength(Number(n));
  });
}

it('binary, composite, enumeration, temporal, decimal and bit keys visit each row exactly once', async () => {
  const tables = {
    wp_k_binary:
      'CREATE TABLE wp_k_binary (k binary(4) NOT NULL PRIMARY KEY) SELECT UNHEX(LPAD(HEX((seq * 40503) % 65536), 8, "0")) AS k FROM seq_1_to_300',
    wp_k_pair:
      'CREATE TABLE wp_k_pair (a int NOT NULL, b varchar(9) COLLATE utf8mb4_unicode_ci NOT NULL, c bigint NOT NULL, PRIMARY KEY (a, b, c)) SELECT seq % 5 AS a, CHAR(65 + seq % 7) AS b, seq AS c FROM seq_1_to_400',
    wp_k_enum:
      "CREATE TABLE wp_k_enum (e enum('z','m','a') NOT NULL, n int NOT NULL, PRIMARY KEY (e, n)) SELECT ELT(1 + seq % 3, 'z', 'm', 'a') AS e, seq AS n FROM seq_1_to_200",
    wp_k_date:
      "CREATE TABLE wp_k_date (d datetime(3) NOT NULL, y year NOT NULL, PRIMARY KEY (d, y)) SELECT '2020-01-01' + INTERVAL seq DIV 2 HOUR AS d, 2000 + seq % 2 AS y FROM seq_1_to_200",
    wp_k_decimal:
      'CREATE TABLE wp_k_decimal (d decimal(20,5) NOT NULL PRIMARY KEY) SELECT (CAST(seq AS SIGNED) - 100) / 7 AS d FROM seq_1_to_200',
    wp_k_bit:
      'CREATE TABLE wp_k_bit (b bit(40) NOT NULL PRIMARY KEY, x int) SELECT seq * 1000003 AS b, seq AS x FROM seq_1_to_200',
  };
  for (const [name, definition] of Object.entries(tables)) {
    await sql.query(definition);
    const schema = await schemaOf(name);
    expect(schema.key, name).not.toBeNull();
    const { rows, slices } = await readRows(agent.frames, schema, { budgetBytes: 100 });
    const [count] = await query(`SELECT COUNT(*) AS n FROM ${name}`);
    expect(new Set(rows.map((row) => row.map((value) => value?.toString('hex')).join())).size, name).toBe(Number(count?.['n']));
    expect(rows.length, name).toBe(Number(count?.['n']));
    expect(slices, name).toBeGreaterThan(5);
  }
});

it('rows deleted and added behind and before the cursor do not disturb the others', async () => {
  await sql.query('CREATE TABLE wp_moving (id int PRIMARY KEY) SELECT seq * 2 AS id FROM seq_1_to_100');
  const first = await agent.frames('rows.read', {
    table: 'wp_moving',
    columns: ['id'],
    key: ['id'],
    cursor: null,
    budgetBytes: 80,
  });
  await sql.query('DELETE FROM wp_moving WHERE id <= 100');
  await sql.query('INSERT INTO wp_moving VALUES (1), (151)');
  const cursor = first.at(-1)?.meta['cursor'];
  const rest = await agent.frames('rows.read', { table: 'wp_moving', columns: ['id'], key: ['id'], cursor });
  expect(rest.at(-1)?.meta).toMatchObject({ done: true, rows: 51 });
});

it('tables without a usable key are read by offset, duplicates included', async () => {
  await sql.query(
    'CREATE TABLE wp_dup (a int, b varchar(20), KEY b (b)) SELECT seq % 3 AS a, CONCAT("v", seq % 4) AS b FROM seq_1_to_240',
  );
  await sql.query(
    'CREATE TABLE wp_prefix_key (k text NOT NULL, v int, UNIQUE KEY k (k(3))) SELECT CONCAT(LPAD(seq, 3, "0"), "tail") AS k, seq AS v FROM seq_1_to_50',
  );
  await sql.query('CREATE TABLE wp_null_key (k int NULL, UNIQUE KEY k (k))');
  await sql.query('INSERT INTO wp_null_key VALUES (NULL), (NULL), (1)');
  await sql.query('CREATE TABLE wp_float_key (k double NOT NULL PRIMARY KEY) SELECT seq / 3 AS k FROM seq_1_to_40');
  for (const [name, count] of Object.entries({ wp_dup: 240, wp_prefix_key: 50, wp_null_key: 3, wp_float_key: 40 })) {
    const schema = await schemaOf(name);
    expect(schema.key, name).toBeNull();
    const { rows, slices } = await readRows(agent.frames, schema, { budgetBytes: 60 });
    expect(rows.length, name).toBe(count);
    expect(slices, name).toBeGreaterThan(0);
  }
  const { rows } = await readRows(agent.frames, await schemaOf('wp_dup'), { budgetBytes: 60 });
  const counts = Map.groupBy(rows, (row) => row.map(String).join('|'));
  expect([...counts.values()].map((group) => group.length)).toEqual(Array.from({ length: 12 }, () => 20));
});

it('a unique key without NULL serves when there is no primary key', async () => {
  await sql.query('CREATE TABLE wp_unique (a int NOT NULL, b int NULL, c int NOT NULL, UNIQUE KEY ab (a, b), UNIQUE KEY c (c))');
  expect((await schemaOf('wp_unique')).key).toEqual(['c']);
});

it('generated and invisible columns, and odd names, are told and read', async () => {
  await sql.query(
    "CREATE TABLE `wp_o``dd 't` (`i``d` int PRIMARY KEY, `s p` int INVISIBLE DEFAULT 7, g int AS (`i``d` * 2) VIRTUAL, p int AS (`i``d` * 3) PERSISTENT)",
  );
  await sql.query("INSERT INTO `wp_o``dd 't` (`i``d`) VALUES (1), (2)");
  const schema = await schemaOf("wp_o`dd 't");
  expect(schema.columns.map(({ name, generated }) => [name, generated])).toEqual([
    ['i`d', false],
    ['s p', false],
    ['g', true],
    ['p', true],
  ]);
  expect(textsOf((await readRows(agent.frames, schema)).rows, 1)).toEqual(['7', '7']);
});

it('rows larger than a frame travel in frames of their own, and memory stays small', async () => {
  await sql.query('CREATE TABLE wp_large (id int PRIMARY KEY, v longblob)');
  await sql.query("INSERT INTO wp_large VALUES (1, 'small'), (2, REPEAT('x', 3000000)), (3, REPEAT('y', 5000000)), (4, 'small')");
  const { rows, frames } = await readRows(agent.frames, await schemaOf('wp_large'), { budgetBytes: 4_000_000, compress: true });
  expect(rows.map((row) => row[1]?.length)).toEqual([5, 3_000_000, 5_000_000, 5]);
  expect(frames.filter((frame) => frame.kind === 'R').map((frame) => frame.meta['rows'])).toEqual([1, 1, 1, 1]);
});

it('the agent’s own options never leave the site', async () => {
  await sql.query(
    'CREATE TABLE wp_options (option_id int AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) COLLATE utf8mb4_unicode_ci UNIQUE NOT NULL, option_value longtext, autoload varchar(20))',
  );
  await sql.query(
    "INSERT INTO wp_options (option_name, option_value) VALUES ('wcr_pairing_keys', 'secret'), ('home', 'x'), ('wcrx', 'kept')",
  );
  expect(textsOf((await readRows(agent.frames, await schemaOf('wp_options'))).rows, 1)).toEqual(['home', 'wcrx']);
});

it('a checksum is the sum over the packed rows, in any order and in parts', async () => {
  await sql.query('CREATE TABLE wp_sum (id int PRIMARY KEY, v varchar(30)) SELECT seq AS id, MD5(seq) AS v FROM seq_1_to_500');
  const { frames } = await readRows(agent.frames, await schemaOf('wp_sum'));
  let expected = 0n;
  for (const frame of frames.filter((candidate) => candidate.kind === 'R')) {
    for (let at = 0; at < frame.data.length; ) {
      const size = 8 + frame.data.readUInt32BE(at) + frame.data.readUInt32BE(at + 4);
      expected += createHash('md5')
        .update(frame.data.subarray(at, at + size))
        .digest()
        .readBigUInt64BE(0);
      at += size;
    }
  }
  const answer = jsonOf(
    await agent.frames('tables.checksum', { table: 'wp_sum', columns: ['id', 'v'], key: ['id'], cursor: null }),
  );
  expect(answer).toEqual({ rows: 500, checksum: String(expected % 2n ** 64n) });
});

it('a checksum over the first rows of a table without a key does not change when rows come behind them', async () => {
  await sql.query('CREATE TABLE wp_heap (v varchar(32)) SELECT MD5(seq) AS v FROM seq_1_to_500');
  const table = await schemaOf('wp_heap');
  const { frames } = await readRows(agent.frames, table);
  const sum = new RowSum(1);
  for (const frame of frames.filter((candidate) => candidate.kind === 'R')) sum.add(frame.data);
  const ask = (args: object) => agent.frames('tables.checksum', { table: 'wp_heap', columns: ['v'], key: null, ...args });
  const expected = { rows: 500, checksum: String(sum.checksum) };

  const first = await ask({ cursor: null, rows: 300 });
  const rest = await ask({ cursor: first.at(-1)?.meta['cursor'], rows: 200 });
  const parts = [first, rest].map((answer) => jsonOf(answer) as { rows: number; checksum: string });
  expect(parts.map((part) => part.rows)).toEqual([300, 200]);
  const added = parts.reduce((total, part) => total + BigInt(part.checksum), 0n);
  expect(String(added % 2n ** 64n)).toBe(expected.checksum);

  await sql.query("INSERT INTO wp_heap VALUES ('later')");
  expect(jsonOf(await ask({ cursor: null, rows: 500 }))).toEqual(expected);
  await sql.query('DELETE FROM wp_heap WHERE v = MD5(1)');
  expect(jsonOf(await ask({ cursor: null, rows: 500 }))).not.toEqual(expected);
});

it('a table, column or cursor that does not exist is refused', async () => {
  await sql.query('CREATE TABLE wp_exists (id int PRIMARY KEY)');
  await sql.query('CREATE TABLE other_table (id int PRIMARY KEY)');
  const wrong = [
    { table: 'other_table', columns: ['id'], key: ['id'] },
    { table: 'wp_exists', columns: ['nope'], key: ['id'] },
    { table: 'wp_exists', columns: ['id'], key: ['nope'] },
    { table: 'wp_exists', columns: ['id'], key: ['id'], cursor: 'bm9uc2Vuc2U' },
    { table: 'wp_exists', columns: ['id'], key: ['id'], cursor: Buffer.from('{"k":["MSBPUiAx"]}').toString('base64url') },
  ];
  for (const args of wrong)
    await expect(agent.frames('rows.read', { cursor: null, ...args })).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
});

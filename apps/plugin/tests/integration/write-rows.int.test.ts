import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectAsRoot, startMariaDb } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { newSession, rowsFrame, startWriteAgent, type WriteAgent } from './support/write-agent.ts';

type Sql = Awaited<ReturnType<typeof connectAsRoot>>;

const dir = mkdtempSync(join(tmpdir(), 'wcr-write-rows-'));
let agent: WriteAgent;
let sql: Sql;
let session: string;

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

beforeEach(async () => {
  session = newSession();
  await agent.call('session.begin', { session, mode: 'replace', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
});

async function create(name: string, definition: string): Promise<void> {
  await agent.call('tables.create', { session, tables: [{ name, createSql: `CREATE TABLE {{table}} ${definition}` }] });
}

async function query(text: string): Promise<Record<string, unknown>[]> {
  const [rows] = await sql.query(text);
  return rows as Record<string, unknown>[];
}

/** Every column kind with bytes that are easy to get wrong; what is sent must be what the server's HEX() shows. */
const KINDS: { type: string; kind: string; value: Buffer | string; hex?: string; read?: string }[] = [
  { type: 'bigint unsigned', kind: 'number', value: '18446744073709551615' },
  { type: 'bigint', kind: 'number', value: '-9223372036854775808' },
  { type: 'decimal(65,30)', kind: 'number', value: '-12345678901234567890123456789012345.123456789012345678901234567890' },
  { type: 'int(6) unsigned zerofill', kind: 'number', value: '000042' },
  { type: 'double', kind: 'float', value: '0.1' },
  { type: 'double', kind: 'float', value: '1.7976931348623157e308' },
  { type: 'float', kind: 'float', value: '3.4028e38' },
  { type: 'bit(64)', kind: 'bit', value: '18446744073709551615', read: 'v + 0' },
  { type: 'bit(1)', kind: 'bit', value: '0', read: 'v + 0' },
  { type: 'varchar(99) charset utf8mb4', kind: 'text', value: `it's a "quote" \\ back\\'slash \n\r\t\0\x1a % _ 😀 ü {{table}}` },
  { type: 'longtext charset latin1', kind: 'text', value: Buffer.from([0xe4, 0x80, 0x81, 0xc3, 0xbc, 0x27, 0x5c]) },
  { type: 'text charset gbk', kind: 'text', value: Buffer.from([0xbf, 0x5c, 0x27, 0xd5, 0x5c, 0x41]) },
  { type: 'text charset sjis', kind: 'text', value: Buffer.from([0x95, 0x5c, 0x83, 0x5c, 0x27]) },
  { type: 'text charset ucs2', kind: 'text', value: Buffer.from('00e4005c00270000', 'hex') },
  { type: 'text charset utf8mb3', kind: 'text', value: 'ä\u0000ö' },
  { type: 'char(5) charset utf8mb4 collate utf8mb4_bin', kind: 'text', value: 'ab' },
  { type: "enum('a','ü','x''y')", kind: 'text', value: 'ü' },
  { type: "set('one','two')", kind: 'text', value: 'one,two' },
  { type: 'varbinary(300)', kind: 'binary', value: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)) },
  { type: 'longblob', kind: 'binary', value: Buffer.from('fffe00275c0a0d1a22', 'hex') },
  { type: 'binary(4)', kind: 'binary', value: Buffer.from('00ff2000', 'hex') },
  { type: 'datetime(6)', kind: 'temporal', value: '2020-02-29 23:59:59.123456' },
  { type: 'datetime', kind: 'temporal', value: '0000-00-00 00:00:00' },
  { type: 'date', kind: 'temporal', value: '2010-00-00' },
  { type: 'timestamp null', kind: 'temporal', value: '2021-03-28 02:30:00' },
  { type: 'time(3)', kind: 'temporal', value: '-838:59:58.999' },
  { type: 'year', kind: 'temporal', value: '0000' },
  { type: 'json', kind: 'json', value: '{"a":1.0,"b":"ü\\u0041\\/","c":[]}' },
  { type: 'geometry', kind: 'geometry', value: Buffer.from('e61000000101000000000000000000f03f0000000000000040', 'hex') },
];

it('stores every kind of column byte for byte', async () => {
  const columns = KINDS.map(({ kind }, index) => ({ name: `c${index}`, kind }));
  const definition = KINDS.map(({ type }, index) => `c${index} ${type}`).join(', ');
  await create('wp_kinds', `(id int primary key, ${definition}, g int AS (id + 1) VIRTUAL) ENGINE=InnoDB CHARSET=utf8mb4`);
  const all = [{ name: 'id', kind: 'number' }, ...columns];
  const rows = [
    ['1', ...KINDS.map(({ value }) => value)],
    ['2', ...KINDS.map(() => null)],
  ];
  expect(await agent.call('rows.write', { session }, [rowsFrame('wp_kinds', all, 1, rows)])).toEqual({
    tables: { wp_kinds: 1 },
    warnings: [],
  });

  for (const [index, { type, value, hex, read = 'v' }] of KINDS.entries()) {
    const expression = read.replace(/\bv\b/, `c${index}`);
    const column = /^(bit|double|float|bigint|decimal|int|year|time|date)/.test(type)
      ? `CAST(${expression} AS CHAR)`
      : expression;
    const [row] = await query(`SET time_zone = '+00:00'`).then(() =>
      query(`SELECT LOWER(HEX(${column})) AS hex FROM wp_kinds WHERE id = 1`),
    );
    expect({ type, hex: row?.['hex'] }).toEqual({ type, hex: hex ?? Buffer.from(value as string).toString('hex') });
  }
  const nulls = KINDS.map((_, index) => `c${index} IS NULL`).join(' AND ');
  expect(await query(`SELECT id, g, ${nulls} AS empty FROM wp_kinds WHERE id = 2`)).toEqual([{ id: 2, g: 3, empty: 1 }]);
});

it('writes each frame once, however often it comes, and refuses a gap', async () => {
  await create('wp_once', '(id int primary key, t text) ENGINE=InnoDB');
  const columns = [
    { name: 'id', kind: 'number' },
    { name: 't', kind: 'text' },
  ];
  const frame = (sequence: number) => rowsFrame('wp_once', columns, sequence, [[String(sequence), `row ${sequence}`]]);
  await agent.call('rows.write', { session }, [frame(1), frame(2)]);
  const again = await agent.call('rows.write', { session }, [frame(1), frame(2), frame(3)]);
  expect(again).toEqual({ tables: { wp_once: 3 }, warnings: [] });
  await expect(agent.call('rows.write', { session }, [frame(5)])).rejects.toMatchObject({ code: 'agent.sequence_gap' });
  expect(await query('SELECT COUNT(*) AS n FROM wp_once')).toEqual([{ n: 3 }]);
  const state = await agent.call('session.state', { session });
  expect(state).toEqual({ phase: 'open', tables: { wp_once: { sequence: 3, cursor: 'after 3', rows: 3 } } });
});

it('begins a table anew rather than take frames of another cut for its own', async () => {
  const definition = '(id int primary key) ENGINE=InnoDB';
  const frame = (sequence: number, ids: string[], from: string | null) =>
    rowsFrame(
      'wp_cut',
      [{ name: 'id', kind: 'number' }],
      sequence,
      ids.map((id) => [id]),
      { from, cursor: `after row ${ids.at(-1)}` },
    );
  const write = (...frames: Buffer[][]) => agent.call('rows.write', { session }, frames);
  const restart = { code: 'agent.table_restart' };
  await create('wp_cut', definition);
  await write(frame(1, ['1', '2'], null));
  // What a worker that was replaced had still on its way: it comes after its successor has asked where the table stands.
  await write(frame(2, ['3', '4'], 'after row 2'), frame(3, ['5'], 'after row 4'));
  await expect(write(frame(2, ['3', '4', '5', '6'], 'after row 2'))).rejects.toMatchObject(restart);
  await expect(write(frame(2, ['3'], 'after row 2'), frame(3, ['4'], 'after row 3'))).rejects.toMatchObject(restart);
  await expect(write(frame(4, ['7'], 'after row 6'))).rejects.toMatchObject(restart);
  expect(await query('SELECT COUNT(*) AS n FROM wp_cut')).toEqual([{ n: 5 }]);

  await create('wp_cut', definition);
  expect(await write(frame(1, ['1'], null), frame(2, ['2'], 'after row 1'))).toMatchObject({ tables: { wp_cut: 2 } });
  expect(await write(frame(1, ['1'], null), frame(2, ['2'], 'after row 1'))).toMatchObject({ tables: { wp_cut: 2 } });
});

it('leaves tables alone that the session has made, when only missing ones are asked for', async () => {
  const table = { name: 'wp_made', createSql: 'CREATE TABLE {{table}} (id int primary key) ENGINE=InnoDB' };
  const make = (missing: boolean) => agent.call('tables.create', { session, tables: [table], missing });
  const count = async () => (await query('SELECT COUNT(*) AS n FROM wp_made'))[0]?.['n'];
  await make(true);
  await agent.call('rows.write', { session }, [rowsFrame('wp_made', [{ name: 'id', kind: 'number' }], 1, [['1']])]);
  await make(true);
  expect(await count()).toBe(1);
  await make(false);
  expect(await count()).toBe(0);
  expect(await agent.call('session.state', { session })).toMatchObject({ tables: { wp_made: { sequence: 0 } } });
});

it('lets an earlier row give way to one that came again under a later key', async () => {
  const columns = ['id', 'name', 'value'].map((name) => ({ name, kind: name === 'id' ? 'number' : 'text' }));
  const first = [
    ['1', 'siteurl', 'x'],
    ['2', 'transient', 'old'],
  ];
  const second = [
    ['3', 'transient', 'new'],
    ['4', 'home', 'x'],
  ];
  const definition = '(id int primary key, name varchar(20) NOT NULL UNIQUE, value text)';
  await create('wp_lively', `${definition} ENGINE=InnoDB`);
  await agent.call('rows.write', { session }, [rowsFrame('wp_lively', columns, 1, first)]);
  await agent.call('rows.write', { session }, [rowsFrame('wp_lively', columns, 2, second)]);
  expect(await query('SELECT id, value FROM wp_lively ORDER BY id')).toEqual([
    { id: 1, value: 'x' },
    { id: 3, value: 'new' },
    { id: 4, value: 'x' },
  ]);
  const state = await agent.call('session.state', { session });
  expect(state).toMatchObject({ tables: { wp_lively: { sequence: 2, rows: 3 } } });

  await create('wp_lively', `${definition} ENGINE=MyISAM`);
  await agent.call('rows.write', { session }, [rowsFrame('wp_lively', columns, 1, first)]);
  const again = agent.call('rows.write', { session }, [rowsFrame('wp_lively', columns, 2, second)]);
  await expect(again).rejects.toMatchObject({ code: 'agent.table_restart' });
});

it('loses no row whose key is another row’s to the target’s collation alone', async () => {
  const columns = [
    { name: 'id', kind: 'number' },
    { name: 'name', kind: 'text' },
    { name: 'lang', kind: 'text' },
  ];
  const text = 'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NOT NULL';
  await create('wp_padded', `(id int primary key, name ${text}, lang ${text}, UNIQUE pair (name(4), lang)) ENGINE=InnoDB`);
  const write = (sequence: number, rows: string[][]) =>
    agent.call('rows.write', { session }, [rowsFrame('wp_padded', columns, sequence, rows)]);
  const collision = { code: 'source.database_unsupported', detail: { table: 'wp_padded', key: 'pair' } };
  await expect(
    write(1, [
      ['1', 'a', 'en'],
      ['2', 'a ', 'en'],
    ]),
  ).rejects.toMatchObject(collision);
  await write(1, [
    ['1', 'caffè', 'en'],
    ['2', 'other', 'en'],
  ]);
  await expect(write(2, [['3', 'CAFFE', 'en']])).rejects.toMatchObject(collision);
  expect(await query('SELECT id FROM wp_padded ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  // The very same bytes are the same row, come again; also where only the beginning is in the key.
  await write(2, [
    ['3', 'caffè', 'en'],
    ['4', 'othello', 'en'],
    ['5', 'other', 'de'],
    ['6', 'other', 'de'],
  ]);
  expect(await query('SELECT id FROM wp_padded ORDER BY id')).toEqual([{ id: 3 }, { id: 4 }, { id: 6 }]);
  const state = await agent.call('session.state', { session });
  expect(state).toMatchObject({ tables: { wp_padded: { sequence: 2, rows: 3 } } });

  await create('wp_named', `(name ${text}, PRIMARY KEY (name)) ENGINE=InnoDB`);
  const named = rowsFrame('wp_named', [{ name: 'name', kind: 'text' }], 1, [['a'], ['a ']]);
  await expect(agent.call('rows.write', { session }, [named])).rejects.toMatchObject({ code: 'source.database_unsupported' });
});

it('keeps nothing of a frame that fails in the middle', async () => {
  await create('wp_whole', '(id int primary key) ENGINE=InnoDB');
  const bad = rowsFrame('wp_whole', [{ name: 'id', kind: 'number' }], 1, [['1'], ['2'], ['1']]);
  await expect(agent.call('rows.write', { session }, [bad])).rejects.toMatchObject({ code: 'target.database_failed' });
  expect(await query('SELECT COUNT(*) AS n FROM wp_whole')).toEqual([{ n: 0 }]);
});

it('begins a table that has no transactions anew when a write was interrupted', async () => {
  await create('wp_myisam', '(id int primary key) ENGINE=MyISAM');
  const columns = [{ name: 'id', kind: 'number' }];
  await agent.call('rows.write', { session }, [rowsFrame('wp_myisam', columns, 1, [['1']])]);
  const half = rowsFrame('wp_myisam', columns, 2, [['2'], ['3'], ['1']]);
  await expect(agent.call('rows.write', { session }, [half])).rejects.toMatchObject({ code: 'target.database_failed' });
  const retry = rowsFrame('wp_myisam', columns, 2, [['2'], ['3'], ['4']]);
  await expect(agent.call('rows.write', { session }, [retry])).rejects.toMatchObject({ code: 'agent.table_restart' });

  await create('wp_myisam', '(id int primary key) ENGINE=MyISAM');
  expect(await agent.call('rows.write', { session }, [rowsFrame('wp_myisam', columns, 1, [['1'], ['2']])])).toMatchObject({
    tables: { wp_myisam: 1 },
  });
  expect(await query('SELECT COUNT(*) AS n FROM wp_myisam')).toEqual([{ n: 2 }]);
});

it('reports values the server had to change', async () => {
  await create(
    'wp_narrow',
    '(id int primary key, t varchar(3) charset utf8mb4, n tinyint, u varchar(9) charset utf8mb4) ENGINE=InnoDB',
  );
  const columns = ['id', 't', 'n', 'u'].map((name) => ({ name, kind: name === 't' || name === 'u' ? 'text' : 'number' }));
  const rows = [
    ['1', 'long text', '1', 'ok'],
    ['2', 'longer text', '300', Buffer.from('61ff62', 'hex')],
  ];
  const { warnings } = await agent.call('rows.write', { session }, [rowsFrame('wp_narrow', columns, 1, rows)]);
  expect(warnings).toEqual([
    "wp_narrow: Data truncated for column 't' (1265)",
    "wp_narrow: Out of range value for column 'n' (1264)",
    expect.stringMatching(/^wp_narrow: Incorrect string value for column .*u.* \(1366\)$/),
  ]);
});

it('names a row that does not fit into a packet', async () => {
  const small = 1_048_576;
  // A server of its own: the limit holds for everybody.
  await using server = await startMariaDb({ dir: join(dir, 'small'), settings: { 'max-allowed-packet': String(small) } });
  const database = await server.createDatabase({ name: 'small' });
  await using tight = await startWriteAgent({ server, database, dir: mkdtempSync(join(dir, 'tight-')) });
  await tight.call('session.begin', { session, mode: 'replace', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  const createSql = 'CREATE TABLE {{table}} (id int primary key, t longtext) ENGINE=InnoDB';
  await tight.call('tables.create', { session, tables: [{ name: 'wp_big', createSql }] });
  const columns = [
    { name: 'id', kind: 'number' },
    { name: 't', kind: 'text' },
  ];
  const frame = rowsFrame('wp_big', columns, 1, [
    ['1', 'small'],
    ['2', Buffer.alloc(small, 'x')],
  ]);
  await expect(tight.call('rows.write', { session }, [frame])).rejects.toMatchObject({
    code: 'source.row_too_large',
    detail: { table: 'wp_big', bytes: small + 6 },
  });
  const verdict = await tight.call('session.verify', { session, tables: [{ name: 'wp_big', columns: [], rows: 0 }] });
  expect(verdict).toEqual({ ok: true, problems: [] });
});

it('does not know sessions that were never begun or have ended', async () => {
  await agent.call('session.finish', { session });
  await agent.call('session.finish', { session });
  await expect(agent.call('rows.write', { session })).rejects.toMatchObject({ code: 'agent.session_unknown' });
  expect(await query("SHOW TABLES LIKE 'wp\\_wcr\\_session'")).toEqual([]);
});

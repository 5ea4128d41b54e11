import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import {
  fileFrame,
  newSession,
  rowsFrame,
  startWriteAgent,
  type WriteAgent,
  type WriteAgentOptions,
  wirePath,
} from './support/write-agent.ts';

type Sql = Awaited<ReturnType<typeof connectAsRoot>>;
type Rows = (string | Buffer | null)[][];

const top = mkdtempSync(join(tmpdir(), 'wcr-write-merge-'));
let options: WriteAgentOptions;
let agent: WriteAgent;
let sql: Sql;
let session: string;
let count = 0;

beforeEach(async () => {
  count += 1;
  const server = await useMariaDb();
  const database = await server.createDatabase();
  options = { server, database, dir: join(top, String(count)) };
  mkdirSync(options.dir);
  sql = await connectAsRoot(server, database.name);
  await sql.query("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'");
  agent = await startWriteAgent(options);
  session = newSession();
  await sql.query(
    "CREATE TABLE wp_posts (ID bigint unsigned AUTO_INCREMENT PRIMARY KEY, title text, slug varchar(50) NOT NULL UNIQUE, long_slug varchar(80) AS (CONCAT(slug, '!')) STORED) ENGINE=InnoDB DEFAULT CHARSET utf8mb4",
  );
  await sql.query("INSERT INTO wp_posts (ID, title, slug) VALUES (1,'one','a'),(2,'two','b'),(3,'three','c'),(4,NULL,'d')");
});

afterEach(async () => {
  await agent.stop();
  await sql.query(`DROP DATABASE \`${options.database.name}\``);
  await sql.end();
});

afterAll(() => rmSync(top, { recursive: true, force: true }));

const COLUMNS = ['ID', 'title', 'slug'];
const KINDS = [
  { name: 'ID', kind: 'number' },
  { name: 'title', kind: 'text' },
  { name: 'slug', kind: 'text' },
];
const POSTS = { name: 'wp_posts', columns: COLUMNS, key: ['ID'] };
const begin = () => agent.call('session.begin', { session, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
const commit = (more: object = {}) => agent.call('session.commit', { session, keepRestorePoint: true, ...more });

/** Frames of both parts of a table. */
function parts(table: string, kinds: { name: string; kind: string }[], rows: Rows, former: Rows): Buffer[][] {
  const frame = (part: 'rows' | 'former', values: Rows) => rowsFrame(table, kinds, 1, values, { part });
  return [...(rows.length > 0 ? [frame('rows', rows)] : []), ...(former.length > 0 ? [frame('former', former)] : [])];
}

/** 1 is changed, 2 removed, 1000 new. */
async function stage(): Promise<void> {
  await begin();
  await agent.call('tables.merge', { session, tables: [POSTS] });
  await agent.call(
    'rows.write',
    { session },
    parts(
      'wp_posts',
      KINDS,
      [
        ['1', 'ONE', 'a'],
        ['1000', 'new', 'b'],
      ],
      [
        ['1', 'one', 'a'],
        ['2', 'two', 'b'],
      ],
    ),
  );
}

async function posts(): Promise<string[]> {
  const [rows] = await sql.query('SELECT ID, title, slug, long_slug FROM wp_posts ORDER BY ID');
  return (rows as Record<string, unknown>[]).map((row) => Object.values(row).join(' '));
}

async function leftovers(): Promise<string[]> {
  const [rows] = await sql.query("SHOW TABLES LIKE '%wcr%'");
  return (rows as Record<string, string>[]).flatMap((row) => Object.values(row));
}

const BEFORE = ['1 one a a!', '2 two b b!', '3 three c c!', '4  d d!'];
const AFTER = ['1 ONE a a!', '3 three c c!', '4  d d!', '1000 new b b!'];

it('changes rows and no others, and brings them back', async () => {
  await stage();
  expect(await posts()).toEqual(BEFORE);
  const first = await commit();
  expect(first).toMatchObject({ phase: 'committed', maintenanceMs: expect.any(Number) });
  expect(await commit()).toEqual(first);
  expect(await posts()).toEqual(AFTER);
  expect(await agent.call('session.rollback', { session })).toEqual({ phase: 'rolled-back' });
  await agent.call('session.rollback', { session });
  expect(await posts()).toEqual(BEFORE);
  await commit();
  expect(await posts()).toEqual(AFTER);
  await agent.call('session.finish', { session, removeRestorePoint: true });
  expect(await leftovers()).toEqual([]);
});

it('begins anew when it is told again, and says where it stands', async () => {
  await stage();
  expect(await agent.call('session.state', { session })).toMatchObject({
    tables: { wp_posts: { sequence: 1, rows: 2 } },
    former: { wp_posts: { sequence: 1, rows: 2 } },
  });
  await agent.call('tables.merge', { session, tables: [POSTS], missing: true });
  expect(await agent.call('session.state', { session })).toMatchObject({ tables: { wp_posts: { sequence: 1 } } });
  await agent.call('tables.merge', { session, tables: [POSTS] });
  expect(await agent.call('session.state', { session })).toMatchObject({
    tables: { wp_posts: { sequence: 0, rows: 0 } },
    former: { wp_posts: { sequence: 0, rows: 0 } },
  });
  const frames = parts('wp_posts', KINDS, [['3', 'THREE', 'c']], [['3', 'three', 'c']]);
  expect(await agent.call('rows.write', { session }, frames)).toEqual({
    tables: { wp_posts: 1 },
    former: { wp_posts: 1 },
    warnings: [],
  });
  await agent.call('rows.write', { session }, frames);
  await commit();
  expect(await posts()).toEqual(['1 one a a!', '2 two b b!', '3 THREE c c!', '4  d d!']);
});

it('tells what is staged as it tells what is live', async () => {
  await stage();
  const args = { table: 'wp_posts', columns: COLUMNS, key: ['ID'], cursor: null };
  const former = await agent.call('tables.checksum', { ...args, session, part: 'former' });
  await sql.query('CREATE TABLE wp_same LIKE wp_posts');
  await sql.query("INSERT INTO wp_same (ID, title, slug) VALUES (1,'one','a'),(2,'two','b')");
  expect(former).toEqual(await agent.call('tables.checksum', { ...args, table: 'wp_same' }));
  const ranges = [{ after: null, upto: null }];
  expect(await agent.call('rows.digest', { ...args, session, part: 'former', ranges })).toEqual({
    ranges: [{ index: 0, ...former }],
  });
  expect(await agent.call('tables.checksum', { ...args, session })).toMatchObject({ rows: 2 });
  const verify = (rows: number) =>
    agent.call('session.verify', { session, tables: [{ name: 'wp_posts', columns: COLUMNS, part: 'rows', rows }] });
  expect(await verify(2)).toEqual({ ok: true, problems: [] });
  expect(await verify(3)).toMatchObject({ ok: false });
  const unknown = agent.call('tables.checksum', { ...args, table: 'wp_same', session });
  await expect(unknown).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
});

it.each([
  ["UPDATE wp_posts SET title = 'One' WHERE ID = 1", 'wp_posts: the row with ID 1 was changed or removed'],
  ['UPDATE wp_posts SET title = NULL WHERE ID = 1', 'wp_posts: the row with ID 1 was changed or removed'],
  ["UPDATE wp_posts SET title = 'one ' WHERE ID = 1", 'wp_posts: the row with ID 1 was changed or removed'],
  ['DELETE FROM wp_posts WHERE ID = 2', 'wp_posts: the row with ID 2 was changed or removed'],
  ["INSERT INTO wp_posts (ID, title, slug) VALUES (1000, 'x', 'y')", 'wp_posts: the row with ID 1000 came into being'],
  ["UPDATE wp_posts SET slug = 'zz' WHERE ID = 2", 'wp_posts: the row with ID 2 was changed or removed'],
])('stops without a change when a visitor was faster: %s', async (statement, reason) => {
  await stage();
  await sql.query(statement);
  const changed = await posts();
  const refused = { code: 'target.changed', detail: { reason, table: 'wp_posts' } };
  await expect(commit()).rejects.toMatchObject(refused);
  await expect(commit()).rejects.toMatchObject(refused);
  expect(await posts()).toEqual(changed);
  expect(await agent.call('session.state', { session })).toMatchObject({ phase: 'open' });
});

it('stops without a change when another row has taken a unique value', async () => {
  await begin();
  await agent.call('tables.merge', { session, tables: [POSTS] });
  await agent.call('rows.write', { session }, parts('wp_posts', KINDS, [['1000', 'new', 'D']], []));
  await expect(commit()).rejects.toMatchObject({ code: 'target.changed', detail: { table: 'wp_posts', key: 'slug' } });
  expect(await posts()).toEqual(BEFORE);
  expect(await agent.call('session.state', { session })).toMatchObject({ phase: 'rolled-back' });
});

it('leaves alone what visitors write before and after the commit', async () => {
  await stage();
  await sql.query("INSERT INTO wp_posts (title, slug) VALUES ('order 5', 'e')");
  await sql.query("UPDATE wp_posts SET title = 'edited' WHERE ID = 3");
  await commit();
  await sql.query("INSERT INTO wp_posts (title, slug) VALUES ('order 1001', 'f')");
  await agent.call('session.finish', { session });
  const order = ['5 order 5 e e!', '1001 order 1001 f f!'];
  expect(await posts()).toEqual(['1 ONE a a!', '3 edited c c!', '4  d d!', order[0], '1000 new b b!', order[1]]);
  await agent.call('session.rollback', { session });
  expect(await posts()).toEqual(['1 one a a!', '2 two b b!', '3 edited c c!', '4  d d!', ...order]);
  await agent.call('session.finish', { session, removeRestorePoint: true });
  expect(await leftovers()).toEqual([]);
});

it('stays as restored when a visitor’s row is in the way of a former one', async () => {
  await stage();
  await commit();
  await agent.call('session.finish', { session });
  await sql.query('DELETE FROM wp_posts WHERE ID = 1000');
  await sql.query("INSERT INTO wp_posts (ID, title, slug) VALUES (1001, 'x', 'b')");
  const now = await posts();
  for (let turn = 0; turn < 2; turn += 1) {
    const refused = agent.call('session.rollback', { session });
    await expect(refused).rejects.toMatchObject({ code: 'target.changed', detail: { table: 'wp_posts', key: 'slug' } });
    expect(await posts()).toEqual(now);
    expect(await agent.call('session.state', { session })).toMatchObject({ phase: 'kept' });
  }
  await sql.query('DELETE FROM wp_posts WHERE ID = 1001');
  await agent.call('session.rollback', { session });
  expect(await posts()).toEqual(BEFORE);
});

it('a later session removes a restore point whose time is up, and no other', async () => {
  const later = async () => {
    const id = newSession();
    await agent.call('session.begin', { session: id, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
    await agent.call('session.finish', { session: id });
  };
  await stage();
  await commit({ restorePointUntil: Math.floor(Date.now() / 1000) + 3600 });
  await agent.call('session.finish', { session });
  await later();
  expect(await agent.call('session.rollback', { session })).toEqual({ phase: 'rolled-back' });
  expect(await posts()).toEqual(BEFORE);
  session = newSession();
  await stage();
  await commit({ restorePointUntil: Math.floor(Date.now() / 1000) - 1 });
  await agent.call('session.finish', { session });
  await later();
  expect(await leftovers()).toEqual([]);
  await expect(agent.call('session.rollback', { session })).rejects.toMatchObject({ code: 'agent.session_unknown' });
});

it('refuses what cannot be merged', async () => {
  await begin();
  await sql.query('CREATE TABLE wp_plain (id int, KEY (id)) ENGINE=InnoDB');
  await sql.query('CREATE TABLE wp_isam (id int PRIMARY KEY) ENGINE=MyISAM');
  await sql.query('CREATE TABLE wp_null (id int UNIQUE) ENGINE=InnoDB');
  await sql.query('CREATE TABLE wp_triggers (id int PRIMARY KEY) ENGINE=InnoDB');
  await sql.query('CREATE TRIGGER t BEFORE INSERT ON wp_triggers FOR EACH ROW SET NEW.id = 1');
  await sql.query('CREATE TABLE other (id int PRIMARY KEY) ENGINE=InnoDB');
  const id = { columns: ['id'], key: ['id'] };
  for (const table of [
    { ...id, name: 'wp_plain' },
    { ...id, name: 'wp_isam' },
    { ...id, name: 'wp_null' },
    { ...id, name: 'wp_triggers' },
    { ...id, name: 'other' },
    { ...id, name: 'wp_missing' },
    { ...id, name: 'wp_wcr_session' },
    { ...POSTS, columns: ['ID', 'title'] },
    { ...POSTS, columns: [...COLUMNS, 'long_slug'] },
    { ...POSTS, key: ['title'] },
    { name: 'wp_posts' },
  ]) {
    const refused = agent.call('tables.merge', { session, tables: [table] });
    await expect(refused, JSON.stringify(table)).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
  }
  await agent.call('tables.create', { session, tables: [{ name: 'wp_plain', createSql: 'CREATE TABLE {{table}} (id int)' }] });
  await agent.call('tables.merge', { session, tables: [POSTS] });
  const again = agent.call('tables.create', {
    session,
    tables: [{ name: 'wp_posts', createSql: 'CREATE TABLE {{table}} (id int)' }],
  });
  await expect(again).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
});

it('hashes files that wait for the commit', async () => {
  await begin();
  await agent.call('files.write', { session }, [fileFrame('wp-content/staged.txt', 'staged')]);
  const hash = (args: object) => agent.call('files.hash', { files: ['wp-content/staged.txt', 'none'].map(wirePath), ...args });
  expect(await hash({})).toMatchObject({ hashes: [{ error: 'missing' }, { error: 'missing' }] });
  const crc32b = crc32('staged').toString(16).padStart(8, '0');
  expect(await hash({ session, algorithm: 'crc32b' })).toMatchObject({ hashes: [{ size: 6, crc32b }, { error: 'missing' }] });
  await commit();
  expect(await hash({ algorithm: 'crc32b' })).toMatchObject({ hashes: [{ size: 6, crc32b }, { error: 'missing' }] });
  await expect(hash({ session })).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
});

it('is done again when it loses against a visitor’s transaction', async () => {
  await stage();
  await sql.query('CREATE TABLE visits (id int) ENGINE=InnoDB');
  const other = await connectAsRoot(options.server, options.database.name);
  // The visitor holds the later row, the commit the earlier one, which the visitor wants next and has more to lose.
  await other.query('START TRANSACTION');
  await other.query('INSERT INTO visits SELECT seq FROM seq_1_to_500');
  await other.query('SELECT * FROM wp_posts WHERE ID = 2 FOR UPDATE');
  const committed = agent.call('session.commit', { session, keepRestorePoint: true });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await other.query('SELECT * FROM wp_posts WHERE ID = 1 FOR UPDATE');
  await other.query('COMMIT');
  await other.end();
  expect(await committed).toMatchObject({ phase: 'committed' });
  expect(await posts()).toEqual(AFTER);
});

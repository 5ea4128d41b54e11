import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { newSession, rowsFrame, startWriteAgent, type WriteAgent, type WriteAgentOptions } from './support/write-agent.ts';

type Sql = Awaited<ReturnType<typeof connectAsRoot>>;

const dir = mkdtempSync(join(tmpdir(), 'wcr-write-session-'));
const NUMBER = [{ name: 'id', kind: 'number' }];
let options: WriteAgentOptions;
let agent: WriteAgent;
let sql: Sql;
let session: string;

beforeAll(async () => {
  const server = await useMariaDb();
  const database = await server.createDatabase();
  options = { server, database, dir };
  sql = await connectAsRoot(server, database.name);
  agent = await startWriteAgent(options);
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
  return (await sql.query(text))[0] as Record<string, unknown>[];
}

function range(from: number, count: number): string[][] {
  return Array.from({ length: count }, (_, index) => [String(from + index)]);
}

it('a PHP killed again and again while it writes loses no row and doubles none', async () => {
  await create('wp_killed', '(id int) ENGINE=InnoDB');
  const frames = 40;
  const rows = 4000;
  for (let kills = 0; ; kills += 1) {
    const state = await agent.call('session.state', { session });
    const place = (state['tables'] as Record<string, { sequence: number; rows: number }>)['wp_killed'];
    const done = place?.sequence ?? 0;
    expect(await query('SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d FROM wp_killed')).toEqual([
      { n: done * rows, d: done * rows },
    ]);
    expect(place?.rows).toBe(done * rows);
    if (done === frames) break;
    const left = Array.from({ length: frames - done }, (_, index) =>
      rowsFrame('wp_killed', NUMBER, done + 1 + index, range((done + index) * rows, rows)),
    );
    const answer = agent.call('rows.write', { session }, left).catch(() => undefined);
    if (kills < 5) {
      // Somewhere in the middle: as soon as another connection sees more rows than before.
      while (Number((await query('SELECT COUNT(*) AS n FROM wp_killed'))[0]?.['n']) < (done + 2) * rows)
        await new Promise((resolve) => setImmediate(resolve));
      agent.kill('SIGKILL');
      await answer;
      await agent.stop();
      agent = await startWriteAgent(options);
    }
    await answer;
  }
});

it('the same request twice at the same time writes once', async () => {
  await create('wp_twice', '(id int) ENGINE=InnoDB');
  const request = () =>
    agent.call('rows.write', { session }, [
      rowsFrame('wp_twice', NUMBER, 1, range(0, 5000)),
      rowsFrame('wp_twice', NUMBER, 2, range(5000, 5000)),
    ]);
  const answers = await Promise.all([request(), request(), request()]);
  expect(answers.map((answer) => answer['tables'])).toEqual([{ wp_twice: 2 }, { wp_twice: 2 }, { wp_twice: 2 }]);
  expect(await query('SELECT COUNT(*) AS n FROM wp_twice')).toEqual([{ n: 10_000 }]);
});

it('several tables are written at the same time', async () => {
  const names = ['wp_lane1', 'wp_lane2', 'wp_lane3'];
  await Promise.all(names.map((name) => create(name, '(id int) ENGINE=InnoDB')));
  await Promise.all(names.map((name) => agent.call('rows.write', { session }, [rowsFrame(name, NUMBER, 1, range(0, 3000))])));
  const tables = names.map((name) => ({ name, columns: ['id'], rows: 3000 }));
  expect(await agent.call('session.verify', { session, tables })).toEqual({ ok: true, problems: [] });
});

it('tells what differs from what was sent', async () => {
  await create('wp_differs', '(id int) ENGINE=InnoDB');
  const tables = [
    { name: 'wp_differs', columns: ['id'], rows: 1 },
    { name: 'wp_differs', columns: ['id', 'gone'], rows: 0 },
    { name: 'wp_nowhere', columns: [], rows: 0 },
  ];
  expect(await agent.call('session.verify', { session, tables })).toEqual({
    ok: false,
    problems: ['wp_differs has 0 rows instead of 1', 'wp_differs lacks the column gone', 'wp_nowhere is missing'],
  });
});

it('makes its administrator once and touches no other user', async () => {
  await create(
    'wp_users',
    "(ID bigint unsigned AUTO_INCREMENT PRIMARY KEY, user_login varchar(60) NOT NULL DEFAULT '', user_pass varchar(255) NOT NULL DEFAULT '', user_nicename varchar(50) NOT NULL DEFAULT '', user_email varchar(100) NOT NULL DEFAULT '', user_url varchar(100) NOT NULL DEFAULT '', user_registered datetime NOT NULL DEFAULT '0000-00-00 00:00:00', user_activation_key varchar(255) NOT NULL DEFAULT '', user_status int NOT NULL DEFAULT 0, display_name varchar(250) NOT NULL DEFAULT '') ENGINE=InnoDB",
  );
  await create(
    'wp_usermeta',
    '(umeta_id bigint unsigned AUTO_INCREMENT PRIMARY KEY, user_id bigint unsigned NOT NULL DEFAULT 0, meta_key varchar(255), meta_value longtext) ENGINE=InnoDB',
  );
  await sql.query("INSERT INTO wp_users (user_login, user_pass, user_email) VALUES ('owner', 'hash', 'owner@example.org')");
  const account = { session, login: 'clone-admin', email: 'c@clone.invalid', passwordHash: '$P$first', marker: 'clone-1' };
  const first = await agent.call('users.ensure-admin', account);
  const second = await agent.call('users.ensure-admin', { ...account, passwordHash: '$P$second' });
  expect(second).toEqual(first);
  expect(await query('SELECT ID, user_login, user_pass, user_email FROM wp_users ORDER BY ID')).toEqual([
    { ID: 1, user_login: 'owner', user_pass: 'hash', user_email: 'owner@example.org' },
    { ID: 2, user_login: 'clone-admin', user_pass: '$P$second', user_email: 'c@clone.invalid' },
  ]);
  expect(await query('SELECT user_id, meta_key, meta_value FROM wp_usermeta ORDER BY umeta_id')).toEqual([
    { user_id: 2, meta_key: 'wp_capabilities', meta_value: 'a:1:{s:13:"administrator";b:1;}' },
    { user_id: 2, meta_key: 'wp_user_level', meta_value: '10' },
    { user_id: 2, meta_key: 'wcr_clone_admin', meta_value: 'clone-1' },
  ]);
  const taken = { ...account, login: 'owner', marker: 'clone-2' };
  await expect(agent.call('users.ensure-admin', taken)).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
});

it('sets and deletes options, whatever is in them', async () => {
  await create(
    'wp_options',
    "(option_id bigint unsigned AUTO_INCREMENT PRIMARY KEY, option_name varchar(191) NOT NULL UNIQUE, option_value longtext NOT NULL, autoload varchar(20) NOT NULL DEFAULT 'yes') ENGINE=InnoDB CHARSET=utf8mb4",
  );
  const write = (list: { name: string; value: string | null }[]) =>
    agent.call('options.write', { session, table: 'wp_options', options: list });
  await write([
    { name: 'blogname', value: 'It\'s "ü😀" \\' },
    { name: 'gone', value: 'x' },
    { name: 'a:2', value: 'a:1:{i:0;s:3:"a\'b";}' },
  ]);
  await write([
    { name: 'gone', value: null },
    { name: 'never', value: null },
    { name: 'blogname', value: 'new' },
  ]);
  expect(await query('SELECT option_name AS n, option_value AS v, autoload AS a FROM wp_options ORDER BY option_id')).toEqual([
    { n: 'blogname', v: 'new', a: 'yes' },
    { n: 'a:2', v: 'a:1:{i:0;s:3:"a\'b";}', a: 'yes' },
  ]);
  expect((await agent.call('cache.reset', {}))['reset']).toContain('stat');
});

it('refuses statements and tables that make no sense', async () => {
  const bad = (operation: string, args: object) =>
    expect(agent.call(operation, { session, ...args })).rejects.toMatchObject({ code: 'agent.invalid_arguments' });
  await bad('tables.create', { tables: [{ name: 'wp_x', createSql: 'DROP DATABASE x' }] });
  await bad('tables.create', { tables: [{ name: 'wp_wcr_session', createSql: 'CREATE TABLE {{table}} (a int)' }] });
  await bad('session.execute', { phase: 'after-rows', statements: [{ kind: 'view', name: 'v', sql: 'DROP TABLE wp_x' }] });
  await bad('session.begin', { session: '../../../etc', mode: 'replace', prefix: 'wp_' });
  await bad('session.begin', { mode: 'sideways', prefix: 'wp_' });
  await bad('session.rollback', {});
});

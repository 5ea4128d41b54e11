import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { makeTarget, snapshot, stage } from './support/target-site.ts';
import { newSession, startWriteAgent, type WriteAgent, type WriteAgentOptions } from './support/write-agent.ts';

type Sql = Awaited<ReturnType<typeof connectAsRoot>>;

const top = mkdtempSync(join(tmpdir(), 'wcr-merge-locks-'));
let options: WriteAgentOptions;
let agent: WriteAgent;
let sql: Sql;
/** Somebody else. */
let other: Sql;
let session: string;
let count = 0;

beforeEach(async () => {
  count += 1;
  const server = await useMariaDb();
  const database = await server.createDatabase();
  options = { server, database, dir: join(top, String(count)) };
  mkdirSync(options.dir);
  const address = { ...server, rootUser: database.user, rootPassword: database.password };
  sql = await connectAsRoot(address, database.name);
  other = await connectAsRoot(address, database.name);
  agent = await startWriteAgent(options);
  await makeTarget(sql, agent.root);
  session = newSession();
});

afterEach(async () => {
  await other.end();
  await agent.stop();
  await sql.query(`DROP DATABASE \`${options.database.name}\``);
  await sql.end();
});

afterAll(() => rmSync(top, { recursive: true, force: true }));

const maintenance = () => existsSync(join(agent.root, '.maintenance'));

it.each([
  [
    'a row that is merged',
    [
      'START TRANSACTION',
      "UPDATE wp_comments SET t = t WHERE id = 1 AND t <> 'x'",
      'SELECT * FROM wp_comments WHERE id = 1 FOR UPDATE',
    ],
  ],
  ['a table that is swapped, in a transaction that does not end', ['START TRANSACTION', 'SELECT * FROM wp_options']],
])(
  '%s is held: nothing happens, and later it works',
  async (_what, statements) => {
    await stage(agent, session);
    const before = await snapshot(sql, agent.root);
    for (const statement of statements) await other.query(statement);
    await expect(agent.call('session.commit', { session, keepRestorePoint: true })).rejects.toMatchObject({
      code: 'target.locked',
    });
    expect(maintenance()).toBe(false);
    await other.query('UNLOCK TABLES');
    await other.query('ROLLBACK');
    expect(await snapshot(sql, agent.root)).toEqual(before);
    await agent.call('session.commit', { session, keepRestorePoint: true });
    const after = await snapshot(sql, agent.root);

    for (const statement of statements) await other.query(statement);
    await expect(agent.call('session.rollback', { session })).rejects.toMatchObject({ code: 'target.locked' });
    expect(maintenance()).toBe(false);
    await other.query('UNLOCK TABLES');
    await other.query('ROLLBACK');
    expect(await snapshot(sql, agent.root)).toEqual(after);
    await agent.call('session.rollback', { session });
    expect(await snapshot(sql, agent.root)).toEqual(before);
  },
  120_000,
);

it('a row that cannot be merged in the last moment undoes tables and files', async () => {
  await stage(agent, session);
  await sql.query('ALTER TABLE wp_comments ADD UNIQUE (t)');
  await sql.query("INSERT INTO wp_comments VALUES (50, 'new', 1)");
  const before = await snapshot(sql, agent.root);
  await expect(agent.call('session.commit', { session, keepRestorePoint: true })).rejects.toMatchObject({
    code: 'target.changed',
    detail: { table: 'wp_comments', key: 't' },
  });
  expect(maintenance()).toBe(false);
  expect(await snapshot(sql, agent.root)).toEqual(before);
});

it('waits for the transaction of a request that was killed while the server still works for it', async () => {
  await stage(agent, session);
  const before = await snapshot(sql, agent.root);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  const after = await snapshot(sql, agent.root);
  for (const end of ['COMMIT', 'ROLLBACK']) {
    await agent.call('session.rollback', { session });
    const short = session.slice(0, 6);
    const journal = join(agent.work, 'sessions', session, 'journal.json');
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('"phase":"rolled-back"', '"phase":"committing"'));
    await other.query('SET foreign_key_checks = 0');
    await other.query('START TRANSACTION');
    await other.query(`DELETE l FROM wcrb${short}_5 f JOIN wp_comments l USING (id)`);
    await other.query(`INSERT INTO wp_comments SELECT * FROM wcr${short}_5`);
    await other.query("REPLACE INTO wp_wcr_session (session, table_name, state) VALUES (?, '\\0merged', 'merged')", [session]);
    // The one at work holds no lock that recovery needs before its transaction but that of the tables it exchanges.
    const state = agent.call('session.state', { session });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await other.query(end);
    expect(await state).toMatchObject({ phase: 'committed' });
    expect(await snapshot(sql, agent.root)).toEqual(after);
  }
  await agent.call('session.rollback', { session });
  expect(await snapshot(sql, agent.root)).toEqual(before);
});

it('a swapped table must still hold what was compared', async () => {
  await stage(agent, session);
  const compared = {
    table: 'wp_options',
    columns: ['option_id', 'option_name', 'option_value', 'autoload'],
    key: ['option_name'],
  };
  const seen = await agent.call('tables.checksum', { ...compared, cursor: null });
  const commit = () => agent.call('session.commit', { session, keepRestorePoint: true, expect: [{ ...compared, ...seen }] });
  await sql.query("UPDATE wp_options SET option_value = 'Live' WHERE option_name = 'blogname'");
  const before = await snapshot(sql, agent.root);
  await expect(commit()).rejects.toMatchObject({ code: 'target.changed', detail: { table: 'wp_options' } });
  expect(maintenance()).toBe(false);
  expect(await snapshot(sql, agent.root)).toEqual(before);
  await sql.query("UPDATE wp_options SET option_value = 'live' WHERE option_name = 'blogname'");
  // The agent's own options are none of the table's.
  await sql.query("UPDATE wp_options SET option_value = 'other' WHERE option_name = 'wcr_work_suffix'");
  expect(await commit()).toMatchObject({ phase: 'committed' });
});

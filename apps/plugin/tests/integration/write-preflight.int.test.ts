import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { newSession, rowsFrame, startWriteAgent, wirePath } from './support/write-agent.ts';

const top = mkdtempSync(join(tmpdir(), 'wcr-write-preflight-'));
const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX'];
const EXPECT = { dbBytes: 0, fileBytes: 0 };

afterAll(() => rmSync(top, { recursive: true, force: true }));

async function start(grants: string[]) {
  const server = await useMariaDb();
  const database = await server.createDatabase({ grants });
  const sql = await connectAsRoot(server, database.name);
  await sql.query('CREATE TABLE wp_posts (ID int PRIMARY KEY, title text) ENGINE=InnoDB');
  await sql.query("INSERT INTO wp_posts VALUES (1, 'one'), (2, 'two')");
  const agent = await startWriteAgent({ server, database, dir: mkdtempSync(join(top, 'site-')) });
  const stop = async () => {
    await agent.stop();
    await sql.end();
  };
  return { agent, sql, [Symbol.asyncDispose]: stop };
}

it.each(RIGHTS)('without the right to %s nothing is begun', async (missing) => {
  await using site = await start(RIGHTS.filter((right) => right !== missing));
  const session = newSession();
  const begin = site.agent.call('session.begin', { session, mode: 'merge', prefix: 'wp_', expect: EXPECT });
  await expect(begin).rejects.toMatchObject({ code: 'target.rights_missing' });
  const [tables] = await site.sql.query("SHOW TABLES LIKE '%wcr%'");
  // Who may not drop tables leaves none behind; who may not change one drops it.
  expect(tables).toEqual([]);
  expect(readdirSync(join(site.agent.work, 'sessions')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
});

it('needs no other rights than these', async () => {
  await using site = await start(RIGHTS);
  const { agent, sql } = site;
  const session = newSession();
  await agent.call('session.begin', { session, mode: 'merge', prefix: 'wp_', expect: EXPECT });
  await agent.call('tables.merge', { session, tables: [{ name: 'wp_posts', columns: ['ID', 'title'], key: ['ID'] }] });
  await agent.call('tables.create', {
    session,
    tables: [{ name: 'wp_new', createSql: 'CREATE TABLE {{table}} (id int PRIMARY KEY) ENGINE=InnoDB' }],
  });
  const kinds = [
    { name: 'ID', kind: 'number' },
    { name: 'title', kind: 'text' },
  ];
  await agent.call('rows.write', { session }, [
    rowsFrame('wp_posts', kinds, 1, [['1', 'ONE']], { part: 'rows' }),
    rowsFrame('wp_posts', kinds, 1, [['1', 'one']], { part: 'former' }),
  ]);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  const titles = async () => (await sql.query('SELECT title FROM wp_posts ORDER BY ID'))[0];
  expect(await titles()).toEqual([{ title: 'ONE' }, { title: 'two' }]);
  await agent.call('session.rollback', { session });
  expect(await titles()).toEqual([{ title: 'one' }, { title: 'two' }]);
  await agent.call('session.finish', { session });
});

/** Root writes where modes forbid it. */
function forbidWrites(folder: string, forbidden: boolean): void {
  if (process.getuid?.() === 0) execFileSync('sh', ['-c', 'chattr "$0" "$1"', forbidden ? '+i' : '-i', folder]);
  else chmodSync(folder, forbidden ? 0o555 : 0o755);
}

it('tries folders that will be written, before anything is staged', async () => {
  await using site = await start(['ALL PRIVILEGES']);
  const { agent } = site;
  mkdirSync(join(agent.root, 'wp-content/uploads/2024'), { recursive: true });
  mkdirSync(join(agent.root, 'wp-content/plugins/shop'), { recursive: true });
  const session = newSession();
  const begin = (...paths: string[]) =>
    agent.call('session.begin', { session, mode: 'merge', prefix: 'wp_', expect: EXPECT, writes: paths.map(wirePath) });
  await begin('wp-content/uploads', 'wp-content/uploads/2024', 'wp-content/plugins/new', 'not/there');
  await agent.call('session.finish', { session });
  const folder = join(agent.root, 'wp-content/plugins');
  forbidWrites(folder, true);
  try {
    await expect(begin('wp-content/uploads', 'wp-content/plugins')).rejects.toMatchObject({
      code: 'target.not_writable',
      detail: { path: 'wp-content/plugins' },
    });
    await expect(begin('wp-content/plugins/new/deep')).rejects.toMatchObject({ code: 'target.not_writable' });
    await begin('wp-content/plugins/shop');
  } finally {
    forbidWrites(folder, false);
  }
  await expect(begin('../outside')).rejects.toMatchObject({ code: 'agent.path_refused' });
  expect(readdirSync(join(agent.root, 'wp-content/uploads'))).toEqual(['2024']);
  await agent.call('session.finish', { session });
});

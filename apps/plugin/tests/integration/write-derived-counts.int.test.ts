import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { connectAsRoot } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { newSession, rowsFrame, startWriteAgent, type WriteAgent, type WriteAgentOptions } from './support/write-agent.ts';

const top = mkdtempSync(join(tmpdir(), 'wcr-write-counts-'));
let options: WriteAgentOptions;
let agent: WriteAgent;
let sql: Awaited<ReturnType<typeof connectAsRoot>>;
let session: string;
let count = 0;

beforeEach(async () => {
  count += 1;
  const server = await useMariaDb();
  const database = await server.createDatabase();
  options = { server, database, dir: join(top, String(count)) };
  mkdirSync(options.dir);
  sql = await connectAsRoot(server, database.name);
  for (const statement of SITE) await sql.query(statement);
  agent = await startWriteAgent(options);
  session = newSession();
  await agent.call('session.begin', { session, mode: 'merge', prefix: 'wp_', expect: { dbBytes: 0, fileBytes: 0 } });
  await agent.call('tables.merge', { session, tables: Object.values(TABLES) });
});

afterEach(async () => {
  await agent.stop();
  await sql.query(`DROP DATABASE \`${options.database.name}\``);
  await sql.end();
});

afterAll(() => rmSync(top, { recursive: true, force: true }));

/** One post with a comment and a category; what the category stores is one more than there is, as an import may leave it. */
const SITE = [
  'CREATE TABLE wp_posts (ID bigint unsigned PRIMARY KEY, post_title text, post_status varchar(20), comment_count bigint NOT NULL DEFAULT 0) ENGINE=InnoDB',
  'CREATE TABLE wp_comments (comment_ID bigint unsigned PRIMARY KEY, comment_post_ID bigint unsigned, comment_approved varchar(20)) ENGINE=InnoDB',
  'CREATE TABLE wp_term_taxonomy (term_taxonomy_id bigint unsigned PRIMARY KEY, count bigint NOT NULL DEFAULT 0) ENGINE=InnoDB',
  'CREATE TABLE wp_term_relationships (object_id bigint unsigned, term_taxonomy_id bigint unsigned, PRIMARY KEY (object_id, term_taxonomy_id)) ENGINE=InnoDB',
  "INSERT INTO wp_posts VALUES (1, 'one', 'publish', 1)",
  "INSERT INTO wp_comments VALUES (1, 1, '1')",
  'INSERT INTO wp_term_taxonomy VALUES (7, 2), (8, 0)',
  'INSERT INTO wp_term_relationships VALUES (1, 7)',
];
const TABLES = {
  posts: { name: 'wp_posts', columns: ['ID', 'post_title', 'post_status', 'comment_count'], key: ['ID'] },
  comments: { name: 'wp_comments', columns: ['comment_ID', 'comment_post_ID', 'comment_approved'], key: ['comment_ID'] },
  relations: {
    name: 'wp_term_relationships',
    columns: ['object_id', 'term_taxonomy_id'],
    key: ['object_id', 'term_taxonomy_id'],
  },
} as const;

async function write(table: keyof typeof TABLES, part: 'rows' | 'former', rows: string[][]): Promise<void> {
  const { name, columns } = TABLES[table];
  const kinds = columns.map((column) => ({ name: column, kind: /title|status|approved/.test(column) ? 'text' : 'number' }));
  await agent.call('rows.write', { session }, [rowsFrame(name, kinds, 1, rows, { part })]);
}

async function counts(): Promise<Record<string, number>> {
  const [rows] = await sql.query(
    "SELECT CONCAT('post ', ID) AS what, comment_count AS number FROM wp_posts UNION ALL SELECT CONCAT('term ', term_taxonomy_id), count FROM wp_term_taxonomy ORDER BY 1",
  );
  return Object.fromEntries((rows as { what: string; number: number }[]).map(({ what, number }) => [what, Number(number)]));
}

it('counts comments and posts that come, and those that go again', async () => {
  await write('posts', 'rows', [['2', 'new', 'publish', '0']]);
  await write('comments', 'rows', [
    ['20', '1', '1'],
    ['21', '1', 'spam'],
  ]);
  await write('relations', 'rows', [
    ['2', '7'],
    ['2', '8'],
  ]);
  const before = await counts();
  await agent.call('session.commit', { session, keepRestorePoint: true });
  expect(await counts()).toEqual({ 'post 1': 2, 'post 2': 0, 'term 7': 3, 'term 8': 1 });
  await agent.call('session.rollback', { session });
  expect(await counts()).toEqual(before);
});

it('a comment that came after the restore is still counted after a rollback', async () => {
  await write('posts', 'rows', [['1', 'edited', 'publish', '1']]);
  await write('posts', 'former', [['1', 'one', 'publish', '1']]);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  await sql.query("INSERT INTO wp_comments VALUES (2, 1, '1')");
  await sql.query('UPDATE wp_posts SET comment_count = 2 WHERE ID = 1');
  await agent.call('session.rollback', { session });
  expect(await counts()).toMatchObject({ 'post 1': 2 });
});

it('a post that becomes a draft is not counted any more', async () => {
  await write('posts', 'rows', [['1', 'one', 'draft', '1']]);
  await write('posts', 'former', [['1', 'one', 'publish', '1']]);
  await agent.call('session.commit', { session, keepRestorePoint: true });
  expect(await counts()).toEqual({ 'post 1': 1, 'term 7': 1, 'term 8': 0 });
});

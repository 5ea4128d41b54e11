import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectAsRoot, type Database } from '../../../../packages/stack/src/services/mariadb.ts';
import { useMariaDb } from '../../../../packages/stack/src/testing/services.ts';
import { readSchema, tableOf } from './support/read-agent.ts';
import { startWriteAgent, type WriteAgent } from './support/write-agent.ts';

const dir = mkdtempSync(join(tmpdir(), 'wcr-read-schema-'));
let agent: WriteAgent;
let sql: Awaited<ReturnType<typeof connectAsRoot>>;
let database: Database;

beforeAll(async () => {
  const server = await useMariaDb();
  database = await server.createDatabase();
  sql = await connectAsRoot(server, database.name);
  agent = await startWriteAgent({ server, database, dir, prefix: 'wp_' });
});

afterAll(async () => {
  await agent?.stop();
  await sql?.end();
  rmSync(dir, { recursive: true, force: true });
});

it('lists the site’s tables and no others', async () => {
  const names = [
    'wp_posts',
    'wp_plugin_data',
    'wpxposts',
    'WP_posts',
    'wp',
    'other_posts',
    'wp_wcr_session',
    'wcr123456_1',
    'wp_2_posts',
  ];
  const core = ['options', 'posts', 'postmeta', 'terms', 'term_taxonomy', 'users', 'usermeta', 'own_plugin'].map(
    (name) => `wp_blog_${name}`,
  );
  for (const name of [...names, ...core]) await sql.query(`CREATE TABLE ${name} (id int PRIMARY KEY)`);
  await sql.query('CREATE SEQUENCE wp_sequence');
  const schema = await readSchema(agent.frames);
  expect(schema.tables.map((table) => table.name).sort()).toEqual(['wp_2_posts', 'wp_plugin_data', 'wp_posts']);
  expect(schema.skipped.map((skipped) => skipped.name).sort()).toEqual([...core, 'wp_sequence'].sort());
  expect(schema.skipped.find((skipped) => skipped.name === 'wp_blog_posts')?.reason).toContain('wp_blog_');
});

it('splits foreign keys off, whatever names and comments say', async () => {
  await sql.query(`CREATE TABLE wp_parent (id int PRIMARY KEY, up int, note varchar(99) DEFAULT 'a, CONSTRAINT \`x\` FOREIGN KEY (b)' COMMENT 'it''s (one), "two" \\\\',
    CONSTRAINT self FOREIGN KEY (up) REFERENCES wp_parent (id) ON DELETE SET NULL) COMMENT='tail, FOREIGN KEY'`);
  await sql.query(
    `CREATE TABLE \`wp_chi\`\`ld\` (\`a\`\`b\` int, c int, KEY c (c), CONSTRAINT \`na\`\`me\` FOREIGN KEY (\`a\`\`b\`) REFERENCES wp_parent (id) ON DELETE CASCADE ON UPDATE CASCADE, CHECK (c > 0))`,
  );
  const schema = await readSchema(agent.frames);
  const parent = tableOf(schema, 'wp_parent');
  expect(parent.foreignKeys).toEqual([
    {
      name: 'self',
      sql: 'ALTER TABLE {{table}} ADD CONSTRAINT `self` FOREIGN KEY (`up`) REFERENCES {{table:wp_parent}} (`id`) ON DELETE SET NULL',
    },
  ]);
  const child = tableOf(schema, 'wp_chi`ld');
  expect(child.foreignKeys).toEqual([
    {
      name: 'na`me',
      sql: 'ALTER TABLE {{table}} ADD CONSTRAINT `na``me` FOREIGN KEY (`a``b`) REFERENCES {{table:wp_parent}} (`id`) ON DELETE CASCADE ON UPDATE CASCADE',
    },
  ]);
  expect(child.createSql).toMatch(/^CREATE TABLE \{\{table\}\} \(\n/);
  // The definition without keys, and then the keys, make the same table again.
  await sql.query('CREATE DATABASE IF NOT EXISTS schema_again');
  for (const table of [parent, child]) {
    const name = `schema_again.\`${table.name.replaceAll('`', '``')}\``;
    const fill = (text: string) => text.replace('{{table}}', name).replace('{{table:wp_parent}}', 'schema_again.`wp_parent`');
    await sql.query(fill(table.createSql));
    for (const key of table.foreignKeys) await sql.query(fill(key.sql));
    const show = async (what: string) =>
      ((await sql.query(`SHOW CREATE TABLE ${what}`))[0] as Record<string, string>[])[0]?.['Create Table'];
    expect(await show(name)).toBe(await show(`\`${table.name.replaceAll('`', '``')}\``));
  }
  await sql.query('DROP DATABASE schema_again');
});

it('gives views in an order in which they can be made, without definer and database', async () => {
  await sql.query('CREATE TABLE wp_base (id int PRIMARY KEY)');
  await sql.query('CREATE VIEW wp_z AS SELECT id FROM wp_base');
  await sql.query(
    `CREATE VIEW wp_m AS SELECT z.id FROM wp_z z JOIN ${database.name}.wp_base b ON b.id = z.id WHERE '${database.name}.' <> ''`,
  );
  await sql.query('CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW wp_a AS SELECT id FROM wp_m');
  const { views } = await readSchema(agent.frames);
  expect(views.map((view) => view.name)).toEqual(['wp_z', 'wp_m', 'wp_a']);
  for (const { sql: text } of views) {
    expect(text).toMatch(/^CREATE VIEW `wp_/);
    expect(text).not.toMatch(/DEFINER|SECURITY|ALGORITHM/);
    expect(text.replaceAll(`'${database.name}.'`, '')).not.toContain(database.name);
  }
  expect(views[1]?.sql).toContain(`'${database.name}.'`);
});

it('gives triggers of the site’s tables without definer and database', async () => {
  await sql.query('CREATE TABLE wp_watched (id int PRIMARY KEY, v int)');
  await sql.query('CREATE TABLE not_ours (id int PRIMARY KEY)');
  await sql
    .query(
      `CREATE DEFINER='ro''ot'@'%' TRIGGER wp_tr BEFORE INSERT ON ${database.name}.wp_watched FOR EACH ROW SET NEW.v = NEW.id * 2, @x = 'a \`b\` "c"'`,
    )
    .catch(async () => {
      await sql.query(
        `CREATE TRIGGER wp_tr BEFORE INSERT ON ${database.name}.wp_watched FOR EACH ROW SET NEW.v = NEW.id * 2, @x = 'a \`b\` "c"'`,
      );
    });
  await sql.query('CREATE TRIGGER foreign_tr BEFORE INSERT ON not_ours FOR EACH ROW SET @y = 1');
  const { triggers } = await readSchema(agent.frames);
  expect(triggers).toHaveLength(1);
  expect(triggers[0]).toMatchObject({ name: 'wp_tr', table: 'wp_watched' });
  expect(triggers[0]?.sql).toMatch(/^CREATE TRIGGER wp_tr BEFORE INSERT ON /);
  expect(triggers[0]?.sql).toContain('\'a `b` "c"\'');
});

it('tells engine, size and what the server estimates', async () => {
  await sql.query(
    'CREATE TABLE wp_myisam (id int PRIMARY KEY, v varchar(200)) ENGINE=MyISAM SELECT seq AS id, REPEAT("x", 100) AS v FROM seq_1_to_1000',
  );
  const table = tableOf(await readSchema(agent.frames), 'wp_myisam');
  expect(table).toMatchObject({ engine: 'MyISAM', transactional: false, approximateRows: 1000, key: ['id'] });
  expect(table.sizeBytes).toBeGreaterThan(100_000);
});

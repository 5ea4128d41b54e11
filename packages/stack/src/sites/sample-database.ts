import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { connectAsRoot, type Database, type MariaDbAddress } from '../services/mariadb.ts';
import { sampleFolder } from './sample-files.ts';

export type Rights = 'all' | 'plain';

const PLAIN_RIGHTS = 'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER';
const CORE_TABLES = [
  'commentmeta',
  'comments',
  'links',
  'options',
  'postmeta',
  'posts',
  'term_relationships',
  'term_taxonomy',
  'termmeta',
  'terms',
  'usermeta',
  'users',
];

/** Adds the shop's tables and those of strangers; as root, so that triggers and views have a definer the site is not. */
export async function writeSampleTables(options: {
  readonly mariaDb: MariaDbAddress;
  readonly database: string;
  readonly url: string;
  readonly prefix: string;
  readonly rows: number;
  readonly exportMb: number;
}): Promise<void> {
  const { mariaDb, url, prefix } = options;
  const oldTables = CORE_TABLES.map(
    (table) => `CREATE TABLE \`${prefix}old_${table}\` LIKE \`${prefix}${table}\`;
INSERT INTO \`${prefix}old_${table}\` SELECT * FROM \`${prefix}${table}\`;`,
  );
  const values: Record<string, string> = {
    prefix,
    url,
    // One backslash in the value is two in SQL.
    json_url: url.replaceAll('/', '\\\\/'),
    rows: String(options.rows),
    export_mb: String(options.exportMb),
    old_tables: oldTables.join('\n'),
  };
  const template = await readFile(join(sampleFolder, 'shop.sql'), 'utf8');
  const connection = await createConnection({
    ...{ host: mariaDb.host, port: mariaDb.port, user: mariaDb.rootUser, password: mariaDb.rootPassword },
    ...{ database: options.database, multipleStatements: true },
  });
  try {
    await connection.query(template.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole));
  } finally {
    await connection.end();
  }
}

/** Takes from the site's user what cheap hosting does not give. */
export async function limitRights(mariaDb: MariaDbAddress, database: Database): Promise<void> {
  const connection = await connectAsRoot(mariaDb);
  try {
    const account = `${connection.escape(database.user)}@'%'`;
    const pattern = connection.escapeId(database.name).replaceAll('_', '\\_');
    await connection.query(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account}`);
    await connection.query(`GRANT ${PLAIN_RIGHTS} ON ${pattern}.* TO ${account}`);
  } finally {
    await connection.end();
  }
}

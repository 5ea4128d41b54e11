import { createHash } from 'node:crypto';
import { existsSync, globSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connectAsRoot, type MariaDbAddress } from '@wcr/stack/services/mariadb';
import type { SampleSite } from '@wcr/stack/sites/sample-site';
import type { Connection, RowDataPacket } from 'mysql2/promise';

/** A site as visitors could see it, by table and path: definitions, triggers, rows, contents, modes. Equal states are equal maps. */
export type SiteState = ReadonlyMap<string, string>;

type Site = Pick<SampleSite, 'dir' | 'prefix' | 'database'>;

/** Who writes as this author does so while a restore runs; what they write is no part of the state. */
export const VISITOR = 'Visitor of the test';

/** Rows that every request may change, by table without prefix. */
const VOLATILE: Readonly<Record<string, string>> = {
  options: "option_name = 'cron' OR option_name LIKE '\\_transient\\_%' OR option_name LIKE '\\_site\\_transient\\_%'",
  usermeta: "meta_key = 'session_tokens'",
  comments: `comment_author = '${VISITOR}'`,
};
const OURS = /^wcrb?[0-9a-f]{6}_/;
const WORK_FOLDER = /^wp-content\/wcr-work-/;

export async function readSiteState(server: MariaDbAddress, site: Site): Promise<SiteState> {
  const state = new Map<string, string>();
  const connection = await connectAsRoot(server, site.database.name);
  try {
    for (const table of await tablesOf(connection)) {
      if (OURS.test(table) || table === `${site.prefix}wcr_session`) continue;
      state.set(`table ${table}`, await hashTable(connection, table, site.prefix));
    }
    const [triggers] = await connection.query<RowDataPacket[]>('SHOW TRIGGERS');
    for (const { Trigger, Table, Statement } of triggers) state.set(`trigger ${Trigger}`, `${Table} ${Statement}`);
  } finally {
    await connection.end();
  }
  hashFolder(site.dir, '', state);
  return state;
}

/** What differs between two states, by name; empty when they are equal. */
export function differencesOf(one: SiteState, other: SiteState): string[] {
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names].filter((name) => one.get(name) !== other.get(name)).sort();
}

/**
 * What restores have left on a site: maintenance mode, and sessions with their tables, but for a restore point that is to be there.
 * @param restorePoint whether the site is to have one
 */
export async function findRestoreLeftovers(server: MariaDbAddress, site: Site, restorePoint: boolean): Promise<string[]> {
  const journals = globSync(join(site.dir, 'wp-content/wcr-work-*/sessions/*/journal.json'));
  const kept = journals.filter((file) => restorePoint && JSON.parse(readFileSync(file, 'utf8')).phase === 'kept');
  const entries = globSync(join(site.dir, 'wp-content/wcr-work-*/sessions/*'));
  const excess = entries.filter((entry) => !kept.some((file) => [dirname(file), `${dirname(file)}.lock`].includes(entry)));
  const staged = kept.map((file) => join(dirname(file), 'files')).filter((folder) => existsSync(folder));
  const connection = await connectAsRoot(server, site.database.name);
  try {
    const tables = (await tablesOf(connection)).filter((name) => OURS.test(name) || name === `${site.prefix}wcr_session`);
    return [
      ...(existsSync(join(site.dir, '.maintenance')) ? ['.maintenance'] : []),
      ...excess,
      ...staged,
      ...(restorePoint ? [] : tables),
      ...(restorePoint && kept.length !== 1 ? [`${kept.length} restore points`] : []),
    ];
  } finally {
    await connection.end();
  }
}

async function tablesOf(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'");
  return rows.map((row) => String(Object.values(row)[0]));
}

async function hashTable(connection: Connection, table: string, prefix: string): Promise<string> {
  const name = connection.escapeId(table);
  const [create] = await connection.query<RowDataPacket[]>(`SHOW CREATE TABLE ${name}`);
  const definition = String(create[0]?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, '');
  const volatile = VOLATILE[table.slice(prefix.length)];
  const where = volatile === undefined ? '' : ` WHERE NOT (${volatile})`;
  const sql = `SELECT * FROM ${name}${where}`;
  const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true, typeCast: false });
  const hashes = (rows as unknown as (Buffer | null)[][]).map((cells) => hashOf(...cells)).sort();
  return hashOf(definition, ...hashes);
}

function hashOf(...parts: readonly (Buffer | string | null)[]): string {
  const hash = createHash('sha1');
  for (const part of parts) {
    hash.update(part === null ? 'N' : `${part.length}:`);
    if (part !== null) hash.update(part);
  }
  return hash.digest('base64');
}

function hashFolder(root: string, folder: string, state: Map<string, string>): void {
  for (const name of readdirSync(join(root, folder))) {
    const path = folder + name;
    if (WORK_FOLDER.test(path)) continue;
    const file = join(root, path);
    const facts = lstatSync(file);
    const mode = facts.mode.toString(8);
    if (facts.isSymbolicLink()) state.set(path, `-> ${readlinkSync(file)}`);
    else if (facts.isDirectory()) {
      state.set(path, mode);
      hashFolder(root, `${path}/`, state);
    } else state.set(path, `${mode} ${hashFile(file, `${facts.ino} ${facts.size} ${facts.mtimeMs} ${facts.ctimeMs}`)}`);
  }
}

/** Thousands of files are the same each time. */
const known = new Map<string, string>();

function hashFile(file: string, identity: string): string {
  const key = `${file} ${identity}`;
  const hash = known.get(key) ?? hashOf(readFileSync(file));
  known.set(key, hash);
  return hash;
}

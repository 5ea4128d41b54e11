import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { runCommand } from '@wcr/stack/services/run';
import type { SampleSite } from '@wcr/stack/sites/sample-site';
import { columnsOf, createStatement, readRows, tablesOf } from './compare-databases.ts';
import type { TestStack } from './test-stack.ts';

/** Everything a site holds: rows and structure by table, files by path. */
export type SiteSnapshot = {
  readonly tables: ReadonlyMap<string, { readonly structure: string; readonly rows: ReadonlyMap<string, number> }>;
  readonly files: ReadonlyMap<string, string>;
};

/** What WordPress writes by itself when somebody visits, and what our plugin keeps for itself. */
const OWN_OPTIONS =
  "option_name IN ('cron', 'recovery_keys', 'recovery_mode_email_last_sent') OR option_name LIKE '%\\_transient\\_%' OR option_name LIKE 'wcr\\_%'";
const OWN_TABLES = /wcr/;
const OWN_FILES = /^wp-content\/wcr-work-/;

/** Every table of the site's database, also those of others, and every file with its mode and time. */
export async function takeSnapshot(
  stack: TestStack,
  site: Pick<SampleSite, 'dir' | 'prefix' | 'database'>,
): Promise<SiteSnapshot> {
  const connection = await connectAsRoot(stack.mariaDb, site.database.name);
  try {
    const tables = new Map<string, { structure: string; rows: Map<string, number> }>();
    for (const { name, type } of await tablesOf(connection)) {
      if (type !== 'BASE TABLE' || OWN_TABLES.test(name)) continue;
      const own = name === `${site.prefix}options` ? [OWN_OPTIONS] : [];
      const rows = await readRows(connection, name, await columnsOf(connection, name), own);
      const counts = new Map<string, number>();
      for (const row of rows) {
        const text = row.map((value) => (value === null ? 'NULL' : `“${value.toString('latin1')}”`)).join(' ');
        counts.set(text, (counts.get(text) ?? 0) + 1);
      }
      tables.set(name, { structure: await createStatement(connection, name), rows: counts });
    }
    return { tables, files: readFiles(site.dir) };
  } finally {
    await connection.end();
  }
}

function readFiles(dir: string): Map<string, string> {
  const root = dir.replace(/\/$/, '');
  const files = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length + 1);
    if (!OWN_FILES.test(name)) files.set(name, describeFile(path));
  }
  return files;
}

function describeFile(path: string): string {
  const entry = lstatSync(path);
  if (entry.isSymbolicLink()) return `→ ${readlinkSync(path)}`;
  const about = `${entry.mode.toString(8)} ${entry.uid}:${entry.gid}`;
  if (entry.isDirectory()) return about;
  const hash = createHash('md5').update(readFileSync(path)).digest('hex');
  return `${about} ${entry.size} ${Math.floor(entry.mtimeMs / 1000)} ${hash}`;
}

/** Names of tables and files that are not the same in both. */
export function changesBetween(before: SiteSnapshot, after: SiteSnapshot): { tables: string[]; files: string[] } {
  const tables = new Set([...before.tables.keys(), ...after.tables.keys()]);
  const files = new Set([...before.files.keys(), ...after.files.keys()]);
  return {
    tables: [...tables].filter((name) => differencesIn(before, after, name).length > 0).sort(),
    files: [...files].filter((name) => before.files.get(name) !== after.files.get(name)).sort(),
  };
}

/** Every difference as a line for people: `-` what is gone, `+` what came. */
export function differencesBetween(before: SiteSnapshot, after: SiteSnapshot): string[] {
  const { tables, files } = changesBetween(before, after);
  return [
    ...tables.flatMap((name) => differencesIn(before, after, name)),
    ...files.map((name) => `${name}: ${before.files.get(name) ?? 'missing'} → ${after.files.get(name) ?? 'missing'}`),
  ];
}

function differencesIn(before: SiteSnapshot, after: SiteSnapshot, name: string): string[] {
  const [left, right] = [before.tables.get(name), after.tables.get(name)];
  if (left === undefined || right === undefined) return [`${name}: ${left ? 'gone' : 'new'}`];
  const structure = left.structure === right.structure ? [] : [`${name}: ${left.structure} → ${right.structure}`];
  const texts = new Set([...left.rows.keys(), ...right.rows.keys()]);
  const rows = [...texts].flatMap((text) => {
    const [was, is] = [left.rows.get(text) ?? 0, right.rows.get(text) ?? 0];
    return was === is ? [] : [`${was > is ? '-' : '+'} ${name}: ${text.slice(0, 600)}`];
  });
  return [...structure, ...rows];
}

/** Where a text stands in a site: rows and files. */
export async function findMentions(snapshot: SiteSnapshot, dir: string, text: string): Promise<string[]> {
  const rows = [...snapshot.tables].flatMap(([name, table]) =>
    [...table.rows.keys()].filter((row) => row.includes(text)).map((row) => `${name}: ${row.slice(0, 600)}`),
  );
  const files = await runCommand('sh', ['-c', 'grep -rlF --exclude-dir="wcr-work-*" -- "$1" "$2" || true', 'sh', text, dir]);
  return [...rows, ...files.split('\n').filter((line) => line !== '')];
}

/** What a restore that has ended may not leave on its target: staging, sessions, maintenance mode, probes. */
export async function findStaged(stack: TestStack, site: Pick<SampleSite, 'dir' | 'database'>): Promise<string[]> {
  const connection = await connectAsRoot(stack.mariaDb, site.database.name);
  try {
    const tables = (await tablesOf(connection)).map(({ name }) => name).filter((name) => OWN_TABLES.test(name));
    const probes = readdirSync(site.dir).filter((name) => name === '.maintenance' || name.startsWith('.wcr-'));
    return [...tables, ...probes, ...readSessions(site.dir)];
  } finally {
    await connection.end();
  }
}

function readSessions(dir: string): string[] {
  const content = join(dir, 'wp-content');
  return readdirSync(content)
    .filter((name) => name.startsWith('wcr-work-'))
    .map((name) => join(content, name, 'sessions'))
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []))
    .filter((name) => !name.endsWith('.lock'));
}

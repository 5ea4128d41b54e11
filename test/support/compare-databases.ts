import { isUtf8 } from 'node:buffer';
import type { MariaDbAddress } from '@wcr/stack/services/mariadb';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Difference, Neutralise } from './difference.ts';

export type DatabaseSide = { readonly server: MariaDbAddress; readonly database: string };
export type DatabaseRules = {
  /** Tables of the source that must be in the clone, and no others. */
  readonly isSiteTable: (name: string) => boolean;
  /** Rows the clone has of its own, as `table.column LIKE pattern`. */
  readonly ownRows: readonly { table: string; where: string }[];
  /** Columns that keep the source's address. */
  readonly keepsAddress: (table: string, column: string) => boolean;
  readonly sourceMarks: readonly string[];
  /** Addresses that merely look like the source's. */
  readonly foreign: readonly string[];
};

type Column = { name: string };

/** Compares structure and every row of the site's tables, byte for byte but for what `neutralise` undoes. */
export async function compareDatabases(
  source: DatabaseSide,
  clone: DatabaseSide,
  rules: DatabaseRules,
  neutralise: Neutralise,
): Promise<Difference[]> {
  const left = await connectAsRoot(source.server, source.database);
  const right = await connectAsRoot(clone.server, clone.database);
  try {
    const wanted = (await tablesOf(left)).filter(({ name }) => rules.isSiteTable(name));
    const found = await tablesOf(right);
    const differences = compareSets('table', wanted.map(nameAndType), found.map(nameAndType));
    for (const { name } of wanted.filter(
      (table) => table.type === 'BASE TABLE' && found.some((other) => other.name === table.name),
    )) {
      differences.push(...(await compareStructure(left, right, name)));
      differences.push(...(await compareRows({ left, right }, name, rules, neutralise)));
    }
    return differences;
  } finally {
    await Promise.all([left.end(), right.end()]);
  }
}

export function compareSets(kind: Difference['kind'], wanted: readonly string[], found: readonly string[]): Difference[] {
  const left = new Set(wanted);
  const right = new Set(found);
  return [
    ...wanted.filter((name) => !right.has(name)).map((where): Difference => ({ kind, where, detail: 'missing in the clone' })),
    ...found.filter((name) => !left.has(name)).map((where): Difference => ({ kind, where, detail: 'only in the clone' })),
  ];
}

const nameAndType = ({ name, type }: { name: string; type: string }) => `${name} (${type})`;

export async function tablesOf(connection: Connection): Promise<{ name: string; type: string }[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1',
  );
  return rows as { name: string; type: string }[];
}

async function compareStructure(left: Connection, right: Connection, table: string): Promise<Difference[]> {
  const [before, after] = await Promise.all([left, right].map((connection) => createStatement(connection, table)));
  return before === after ? [] : [{ kind: 'structure', where: table, detail: `${before}\n---\n${after}` }];
}

export async function createStatement(connection: Connection, table: string): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(`SHOW CREATE TABLE ${connection.escapeId(table)}`);
  return String(rows[0]?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, '');
}

async function compareRows(
  sides: { left: Connection; right: Connection },
  table: string,
  rules: DatabaseRules,
  neutralise: Neutralise,
): Promise<Difference[]> {
  const columns = await columnsOf(sides.left, table);
  const own = rules.ownRows.filter((rule) => rule.table === table).map((rule) => rule.where);
  const before = (await readRows(sides.left, table, columns, own)).map((row) =>
    row.map((value) => hex(value && neutralise.source(value))).join('|'),
  );
  const copied = await readRows(sides.right, table, columns, own);
  const after = copied.map((row) => row.map((value) => hex(value && neutralise.clone(value))).join('|'));
  const differences = compareMultisets(table, before, after);
  const leaks = copied.flatMap((row) => row.flatMap((value, index) => leaksIn(value, columns[index]?.name ?? '', table, rules)));
  return [...differences, ...leaks];
}

function leaksIn(value: Buffer | null, column: string, table: string, rules: DatabaseRules): Difference[] {
  if (value === null || rules.keepsAddress(table, column)) return [];
  if (!isUtf8(value)) return [];
  return leaksInText(value, { marks: rules.sourceMarks, foreign: rules.foreign }).map((detail) => ({
    ...{ kind: 'leak', where: `${table}.${column}`, detail },
  }));
}

/**
 * The first of the source's marks that stands in a text otherwise than as part of a foreign address, with what stands around it.
 * @param marks in ASCII and lower case
 */
export function leaksInText(
  bytes: Buffer,
  { marks, foreign }: { marks: readonly string[]; foreign: readonly string[] },
): string[] {
  // Nearly all texts have no mark at all, which is seen at a glance.
  const glance = bytes.toString('latin1').toLowerCase();
  if (!marks.some((mark) => glance.includes(mark))) return [];
  const text = foreign.reduce((left, address) => left.replaceAll(address, ''), bytes.toString('utf8')).toLowerCase();
  const mark = marks.find((candidate) => text.includes(candidate));
  return mark === undefined ? [] : [around(text, mark)];
}

function around(text: string, mark: string): string {
  const at = text.indexOf(mark);
  return `… ${text.slice(Math.max(0, at - 60), at + mark.length + 60)} …`;
}

export async function columnsOf(connection: Connection, table: string): Promise<Column[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [table],
  );
  return rows.map((row) => ({ name: String(row['name']) }));
}

export async function readRows(
  connection: Connection,
  table: string,
  columns: readonly Column[],
  own: readonly string[],
): Promise<(Buffer | null)[][]> {
  await connection.query("SET NAMES utf8mb4, time_zone = '+00:00'");
  const names = columns.map((column, index) => `CAST(${connection.escapeId(column.name)} AS BINARY) AS c${index}`).join(', ');
  const where = own.length > 0 ? `WHERE NOT (${own.join(' OR ')})` : '';
  const [rows] = await connection.query<RowDataPacket[][]>({
    sql: `SELECT ${names} FROM ${connection.escapeId(table)} ${where}`,
    rowsAsArray: true,
  });
  return rows as unknown as (Buffer | null)[][];
}

function hex(value: Buffer | null): string {
  return value === null ? 'NULL' : Buffer.from(value).toString('hex');
}

function compareMultisets(table: string, before: readonly string[], after: readonly string[]): Difference[] {
  const counts = new Map<string, number>();
  for (const row of before) counts.set(row, (counts.get(row) ?? 0) + 1);
  for (const row of after) counts.set(row, (counts.get(row) ?? 0) - 1);
  return [...counts]
    .filter(([, count]) => count !== 0)
    .slice(0, 5)
    .map(([row, count]) => ({
      kind: 'row',
      where: table,
      detail: `${count > 0 ? 'only in the source' : 'only in the clone'}: ${readable(row)}`,
    }));
}

function readable(row: string): string {
  return row
    .split('|')
    .map((value) => (value === 'NULL' ? value : Buffer.from(value, 'hex').toString('utf8').slice(0, 200)))
    .join(' | ')
    .slice(0, 800);
}

import { z } from 'zod';

/** How a column's bytes travel and are written as a literal; see docs/protocol.md, packed rows. */
export const ColumnKind = z.enum(['number', 'float', 'bit', 'text', 'binary', 'temporal', 'json', 'geometry']);
export type ColumnKind = z.infer<typeof ColumnKind>;

export const ColumnSchema = z.object({
  name: z.string(),
  /** Full column type as the server prints it, e.g. `varchar(191)`. */
  type: z.string(),
  kind: ColumnKind,
  /** Character set of a text column; null for the others. */
  charset: z.string().nullable(),
  nullable: z.boolean(),
  /** Generated columns are part of the definition and never of the rows. */
  generated: z.boolean(),
});
export type ColumnSchema = z.infer<typeof ColumnSchema>;

export const TableSchema = z.object({
  name: z.string(),
  engine: z.string(),
  /** `CREATE TABLE {{table}} (…)`, without foreign keys; comments and row format as in the source. */
  createSql: z.string(),
  /** `ALTER TABLE {{table}} ADD CONSTRAINT …` per foreign key; the referenced table, also itself, as `{{table:name}}`. */
  foreignKeys: z.array(z.object({ name: z.string(), sql: z.string() })),
  columns: z.array(ColumnSchema),
  /** Columns of the key that rows are read by, or null. */
  key: z.array(z.string()).nullable(),
  transactional: z.boolean(),
  /** The server's estimate; progress only. */
  approximateRows: z.number(),
  sizeBytes: z.number(),
});
export type TableSchema = z.infer<typeof TableSchema>;

export const TablesAnswer = z.object({
  tables: z.array(TableSchema),
  /** In an order in which each view comes after those it reads. DEFINER, ALGORITHM and SQL SECURITY are removed. */
  views: z.array(z.object({ name: z.string(), sql: z.string() })),
  triggers: z.array(z.object({ name: z.string(), table: z.string(), sql: z.string() })),
  skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
});
export type TablesAnswer = z.infer<typeof TablesAnswer>;

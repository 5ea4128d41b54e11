import type { ColumnSchema, TableSchema } from '@wcr/shared/contracts/agent-schema';

/** How rows of a table are told apart and compared. */
export type RowIdentity = {
  /** Names of the columns that tell which row is which; unique and not NULL. */
  readonly key: readonly string[];
  /** Names of the columns that count when two rows are compared, in the table's order. */
  readonly compared: readonly string[];
  /** The key is not one that ranges of rows can be asked for by: all rows are compared at once, in memory. */
  readonly isWhole: boolean;
};

/**
 * Columns that WordPress derives from other rows (`wp_update_comment_count_now`, `wp_update_term_count_now`): a new comment on
 * the live site is no change of the post.
 */
export const DERIVED_COLUMNS: Readonly<Record<string, string>> = { posts: 'comment_count', term_taxonomy: 'count' };

/** An option is its name: two sites that both add one give it different numbers. */
export const NATURAL_KEYS: Readonly<Record<string, { key: readonly string[]; surrogate: string }>> = {
  options: { key: ['option_name'], surrogate: 'option_id' },
};

/** What WordPress stores when somebody only opens an empty editor: nothing of a site until it becomes more. */
const UNSETTLED_ROWS: Readonly<Record<string, { column: string; value: string }>> = {
  posts: { column: 'post_status', value: 'auto-draft' },
};

/** Whether a row is none yet that somebody made: its coming, going and becoming a real one is no change of that row. */
export function isUnsettled(bareTable: string, cellAt: (column: string) => string | undefined): boolean {
  const rule = UNSETTLED_ROWS[bareTable];
  return rule !== undefined && cellAt(rule.column) === rule.value;
}

/** @returns undefined for a table in which rows cannot be told apart */
export function identityOf(table: TableSchema, prefix: string): RowIdentity | undefined {
  if (table.key === null) return undefined;
  const bare = bareName(table.name, prefix);
  const natural = NATURAL_KEYS[bare];
  const ignored = new Set([DERIVED_COLUMNS[bare], natural?.surrogate]);
  const columns = plainColumns(table);
  const compared = columns.map(({ name }) => name).filter((name) => !ignored.has(name));
  if (natural?.key.every((name) => compared.includes(name))) {
    return { key: natural.key, compared, isWhole: true };
  }
  const { key } = table;
  const isWhole = columns.some((column) => key.includes(column.name) && !isRangeable(column));
  return { key, compared, isWhole };
}

/** A table's name without the site's prefix. */
export function bareName(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name.slice(prefix.length) : name;
}

/** Columns whose values travel: all that are not generated. */
export function plainColumns(table: Pick<TableSchema, 'columns'>): ColumnSchema[] {
  return table.columns.filter((column) => !column.generated);
}

/** Enumerations are ordered by a number that their rows don't carry. */
function isRangeable({ kind, type }: ColumnSchema): boolean {
  return (kind === 'number' || kind === 'text' || kind === 'binary' || kind === 'temporal') && !/^(enum|set)\(/i.test(type);
}

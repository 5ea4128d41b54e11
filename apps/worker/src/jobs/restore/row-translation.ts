import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import { type Cell, cellsOf, packCells } from '../../base/packed-row.ts';
import { bareName, plainColumns } from '../../base/row-identity.ts';
import type { Rewriter } from '../../rewriter/rewriter.types.ts';
import { createRowRewriting } from '../clone/row-rewriting.ts';
import type { SitePair } from './site-pair.ts';

/** Columns that name a user; what the clone's own administrator wrote goes to somebody the target has. */
const AUTHOR_COLUMNS: Readonly<Record<string, string>> = { posts: 'post_author', comments: 'user_id', links: 'link_owner' };
/** Columns that hold names which begin with the table prefix. */
const PREFIXED_COLUMNS: Readonly<Record<string, string>> = { options: 'option_name', usermeta: 'meta_key' };

export type RowTranslation = {
  /** A row of the clone as the target should have it. */
  translate(row: Buffer): Buffer;
  readonly replacements: () => number;
  readonly tooLong: () => ReadonlyMap<string, number>;
};

/** Addresses, paths, authors and prefixed names. Rows come in the order of `table.columns` without generated ones. */
export function createRowTranslation(
  table: TableSchema,
  pair: Pick<SitePair, 'from' | 'to' | 'adminId' | 'heirId'>,
  rewriter: Rewriter,
): RowTranslation {
  const bare = bareName(table.name, pair.to.prefix);
  const columns = plainColumns(table).map(({ name }) => name);
  const rewriting = createRowRewriting(table, undefined, rewriter);
  const changes = [authorChange(bare, pair), prefixChange(bare, pair)]
    .filter((change) => change !== undefined)
    .map(({ column, map }) => ({ place: columns.indexOf(column), map }));
  return {
    translate(row) {
      const rewritten = rewriting.rewrite(row);
      return changes.length === 0 ? rewritten : mapCells(rewritten, columns.length, changes);
    },
    replacements: rewriting.replacements,
    tooLong: rewriting.tooLong,
  };
}

type CellChange = { place: number; map: (cell: Buffer) => Buffer };

function mapCells(row: Buffer, count: number, changes: readonly CellChange[]): Buffer {
  const cells: Cell[] = cellsOf(row, count);
  let isChanged = false;
  for (const { place, map } of changes) {
    const cell = cells[place];
    const mapped = cell ? map(cell) : cell;
    if (mapped === cell || mapped === undefined) continue;
    cells[place] = mapped;
    isChanged = true;
  }
  return isChanged ? packCells(cells) : row;
}

function authorChange(bare: string, { adminId, heirId }: Pick<SitePair, 'adminId' | 'heirId'>) {
  const column = AUTHOR_COLUMNS[bare];
  if (column === undefined || adminId === null || heirId === null) return undefined;
  const heir = Buffer.from(String(heirId));
  return { column, map: (cell: Buffer) => (cell.toString('latin1') === String(adminId) ? heir : cell) };
}

function prefixChange(bare: string, { from, to }: Pick<SitePair, 'from' | 'to'>) {
  const column = PREFIXED_COLUMNS[bare];
  if (column === undefined || from.prefix === to.prefix) return undefined;
  const isPrefixed = (name: string) => (bare === 'options' ? name === `${from.prefix}user_roles` : name.startsWith(from.prefix));
  return {
    column,
    map: (cell: Buffer) => {
      const name = cell.toString('latin1');
      return isPrefixed(name) ? Buffer.from(to.prefix + name.slice(from.prefix.length), 'latin1') : cell;
    },
  };
}

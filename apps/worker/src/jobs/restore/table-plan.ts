import type { ColumnSchema, TableSchema, TablesAnswer } from '@wcr/shared/contracts/agent-schema';
import type { BaseMeta, BaseTable } from '../../base/base-meta.ts';
import { bareName, plainColumns } from '../../base/row-identity.ts';
import { travelsAtAll } from './row-rules.ts';
import type { SitePair } from './site-pair.ts';

/** What is done with one table of the clone. */
export type TablePlan =
  /** Changed rows only, in one transaction with those of other tables. */
  | {
      readonly how: 'rows';
      readonly name: string;
      readonly clone: TableSchema;
      readonly target: TableSchema;
      readonly hasBase: boolean;
    }
  /** The whole table takes the place of the target's, if it has one; `mergesRows`: with the target's rows, changed as the clone changed them; else with the clone's. */
  | {
      readonly how: 'swap';
      readonly name: string;
      readonly clone: TableSchema;
      readonly target: TableSchema | undefined;
      readonly hasBase: boolean;
      readonly mergesRows: boolean;
    }
  /** Left as the target has it; if the clone changed it, people are told why. */
  | {
      readonly how: 'kept';
      readonly name: string;
      readonly clone: TableSchema;
      readonly reason: string;
      readonly hasBase: boolean;
    };

/** What decides about tables beside their structure now. */
export type KnownTables = {
  readonly pair: SitePair;
  readonly base: BaseMeta | undefined;
  /** Tables that an earlier restore of the clone has brought whole, by their names in the clone. */
  readonly brought: ReadonlySet<string>;
};

/** Decides for each table of the clone. Tables that only the target has stay. */
export function planTables(clone: TablesAnswer, target: TablesAnswer, known: KnownTables): TablePlan[] {
  const { pair, base, brought } = known;
  const there = {
    tables: new Map(target.tables.map((table) => [table.name, table])),
    withTriggers: new Set(target.triggers.map(({ table }) => table)),
  };
  const formers = new Map((pair.hasBase ? (base?.tables ?? []) : []).map((table) => [table.name, table]));
  return clone.tables
    .filter((table) => travelsAtAll(bareName(table.name, pair.from.prefix)))
    .map((table) => {
      const name = pair.to.prefix + bareName(table.name, pair.from.prefix);
      const isSiteOwn = SITE_OWN.has(bareName(table.name, pair.from.prefix));
      const isBrought = brought.has(table.name);
      return planTable({ name, isSiteOwn, isBrought, clone: table, former: formers.get(table.name) }, there);
    });
}

/** Some of their rows belong to one site only: they are never taken over as a whole. */
const SITE_OWN = new Set(['options', 'users', 'usermeta']);

type Known = { name: string; isSiteOwn: boolean; isBrought: boolean; clone: TableSchema; former: BaseTable | undefined };
type There = { tables: ReadonlyMap<string, TableSchema>; withTriggers: ReadonlySet<string> };

function planTable(known: Known, there: There): TablePlan {
  const { name, clone, former } = known;
  const target = there.tables.get(name);
  if (target !== undefined) return planPresent(known, target, there.withTriggers.has(name));
  const at = { name, clone, hasBase: former?.exact === true };
  return former === undefined
    ? { ...at, how: 'swap', target: undefined, mergesRows: false }
    : { ...at, how: 'kept', reason: 'the target has removed the table' };
}

function planPresent(known: Known, target: TableSchema, hasTriggers: boolean): TablePlan {
  const { name, clone, former, isSiteOwn, isBrought } = known;
  const at = { name, clone, hasBase: former?.exact === true };
  // An earlier restore brought it whole, and there are no sums of its rows.
  if (isBrought) return { ...at, how: 'swap', target, mergesRows: false };
  if (former !== undefined && !hasSameShape(former, target))
    return { ...at, how: 'kept', reason: 'its structure is another one on the target' };
  const mergesRows = hasSameShape(clone, target) && target.key !== null;
  if (!mergesRows && isSiteOwn) return { ...at, how: 'kept', reason: 'its structure was changed in the clone' };
  const inPlace = mergesRows && target.transactional && !hasTriggers;
  return inPlace ? { ...at, how: 'rows', target } : { ...at, how: 'swap', target, mergesRows };
}

/** Whether rows of one fit into the other: names, types and order may differ only in order. */
export function hasSameShape(
  a: { columns: readonly ColumnSchema[]; key: readonly string[] | null },
  b: { columns: readonly ColumnSchema[]; key: readonly string[] | null },
): boolean {
  return shapeOf(a) === shapeOf(b);
}

function shapeOf({ columns, key }: { columns: readonly ColumnSchema[]; key: readonly string[] | null }): string {
  const list = columns.map(({ name, type, generated }) => `${name} ${plainType(type)} ${generated}`).sort();
  return JSON.stringify([list, key]);
}

/** MySQL 8 prints integers without the display width that others print. */
function plainType(type: string): string {
  return type.toLowerCase().replace(/^((?:tiny|small|medium|big)?int)\(\d+\)/, '$1');
}

export function columnNames(table: Pick<TableSchema, 'columns'>): string[] {
  return plainColumns(table).map(({ name }) => name);
}

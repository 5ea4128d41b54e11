import { AppError } from '@wcr/shared/errors/app-error';
import { expect, it } from 'vitest';
import { type BaseMeta, baseTableOf } from '../../../base/base-meta.ts';
import { cellsOf } from '../../../base/packed-row.ts';
import { publishNotes, readNotes } from '../../../base/restored-notes.ts';
import { decodeStream, encodeStream } from '../../../drivers/agent/frame-codec.ts';
import { splitPackedRows } from '../../../drivers/agent/row-codec.ts';
import type { RowSelection, SourceAgent } from '../../../drivers/agent/source-agent.ts';
import type { TargetAgent } from '../../../drivers/agent/target-agent.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import { createRewriter } from '../../../rewriter/rewriter.ts';
import type { TableWork } from '../restore-tables.ts';
import { restoreMapOf } from '../site-pair.ts';
import { createMemorySite, type MemoryRow, type MemoryTable, recordBase, schemaOf } from '../testing/memory-site.ts';
import { OPTIONS, pairOf } from '../testing/site-pair.fixture.ts';
import { commitRestore } from './commit-restore.ts';
import { compareTables } from './compare-tables.ts';
import { stageTables } from './stage-tables.ts';

const THINGS = schemaOf('wp_things', { id: 'bigint', v: 'text' }, ['id']);
const COUNTERS = schemaOf('wp_counters', { id: 'bigint', v: 'text' }, ['id'], { transactional: false });
const LOG = schemaOf('wp_log', { v: 'text' }, null);
const begun = { maxRequestBytes: 1 << 20, maxPacketBytes: 1 << 20, charsets: [], collations: [] };
const step = {
  ...{ key: 'k', signal: new AbortController().signal, log: () => undefined, report: () => undefined },
  scratch: { read: async () => undefined, write: async () => undefined },
} as unknown as StepContext;

type Tables = { schema: MemoryTable['schema']; base: MemoryRow[]; clone: MemoryRow[]; target: MemoryRow[] }[];

async function setUp(tables: Tables, options: Partial<TableWork['options']> = {}) {
  const side = (name: 'clone' | 'target'): MemoryTable[] => tables.map((table) => ({ schema: table.schema, rows: table[name] }));
  const [clone, target] = [side('clone'), side('target')];
  let base = await recordBase({ schema: schemaOf('wp_none', { id: 'int' }, ['id']), rows: [] });
  for (const { schema, base: rows } of tables) base = await recordBase({ schema, rows }, undefined, { store: base });
  const staged = new Map<string, string[]>();
  const writer = writerInto(staged);
  const live = createMemorySite(target).agent;
  const meta: BaseMeta = {
    ...{ version: 1, home: '', root: '', prefix: 'wp_', wordpressVersion: '6.8', adminId: 77, activePlugins: [] },
    tables: tables.map(({ schema }) => baseTableOf(schema, true)),
  };
  const pair = pairOf();
  const work: TableWork = {
    sides: { clone: createMemorySite(clone).agent, base, target: withStaged(live, staged), writer, session: 's' },
    ...{ pair, base: meta, options: { ...OPTIONS, ...options }, rewriter: createRewriter(restoreMapOf(pair)), concurrency: 2 },
  };
  return { work, staged, target, writer };
}

/** Rows of staging tables as texts; `name/former` for what the target held. */
function writerInto(staged: Map<string, string[]>): TargetAgent {
  const writer = {
    resetTables: async () => staged.clear(),
    mergeTables: async (tables: { name: string }[]) => {
      for (const { name } of tables) staged.set(name, []).set(`${name}/former`, []);
    },
    createTables: async (tables: { name: string }[]) => {
      for (const { name } of tables) staged.set(name, []);
    },
    writeRows: async (frames: Buffer[][]) => {
      for await (const { meta, data } of decodeStream(one(encodeStream(frames)))) {
        const { table, part, columns } = meta as { table: string; part?: string; columns: object[] };
        const rows = [...splitPackedRows(data, columns.length)].map((row) => cellsOf(row, columns.length).join('|'));
        staged.get(part ? `${table}/${part}` : table)?.push(...rows);
      }
      return [];
    },
    execute: async () => [],
  };
  return writer as unknown as TargetAgent;
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** The target's agent, which also sums what was staged. */
function withStaged(live: SourceAgent, staged: ReadonlyMap<string, string[]>): SourceAgent {
  return {
    schema: () => live.schema(),
    rowsIn: (...args: Parameters<SourceAgent['rowsIn']>) => live.rowsIn(...args),
    ask: (operation: string, args: RowSelection & { session?: string; part?: string }) => {
      if (args.session === undefined) return live.ask(operation, args);
      const rows = staged.get(args.part === 'former' ? `${args.table}/former` : args.table) ?? [];
      const schema = { ...THINGS, name: args.table };
      return createMemorySite([{ schema, rows: rows.map((row) => row.split('|')) }]).agent.ask(operation, args);
    },
  } as unknown as SourceAgent;
}

const rows = (...values: string[]): MemoryRow[] => values.map((v, at) => [`${at + 1}`, v]);
const same = (schema: MemoryTable['schema'], values = rows('a')) => ({ schema, base: values, clone: values, target: values });

it('tells tables that differ in the order of the schema, whichever was compared first', async () => {
  const tables = ['wp_a', 'wp_b', 'wp_c', 'wp_d'].map((name) => ({ ...same({ ...THINGS, name }), clone: rows('a', name) }));
  const { work } = await setUp([...tables, same({ ...THINGS, name: 'wp_e' })]);
  const compared = await compareTables(work, step);
  expect(compared.tables.map(({ name, inserted }) => `${name} ${inserted}`)).toEqual(['wp_a 1', 'wp_b 1', 'wp_c 1', 'wp_d 1']);
  expect(compared.unchanged).toBe(1);
});

it('stages only rows that change, with what the target holds of them', async () => {
  const { work, staged } = await setUp([
    { schema: THINGS, base: rows('a', 'b', 'c'), clone: [...rows('a', 'B'), ['9', 'new']], target: rows('a', 'b', 'c') },
    same({ ...THINGS, name: 'wp_same' }),
  ]);
  const result = await stageTables(work, begun, step);
  expect(Object.fromEntries(staged)).toEqual({ wp_things: ['2|B', '9|new'], 'wp_things/former': ['2|b', '3|c'] });
  expect(result).toMatchObject({ tables: [{ inserted: 1, updated: 1, deleted: 1 }], unchanged: 1, expect: [], swapped: [] });
});

it('stages anew when it runs again', async () => {
  const { work, staged } = await setUp([{ ...same(THINGS), clone: rows('b') }]);
  await stageTables(work, begun, step);
  await stageTables(work, begun, step);
  expect(staged.get('wp_things')).toEqual(['1|b']);
});

it('refuses what the target would lose, unless that is allowed', async () => {
  const conflict = { schema: THINGS, base: rows('a'), clone: rows('b'), target: rows('c') };
  const careful = await setUp([conflict]);
  await expect(stageTables(careful.work, begun, step)).rejects.toMatchObject({ code: 'restore.target_changed' });
  const bold = await setUp([conflict], { overwriteTargetChanges: true });
  await stageTables(bold.work, begun, step);
  expect(Object.fromEntries(bold.staged)).toEqual({ wp_things: ['1|b'], 'wp_things/former': ['1|c'] });
});

it('swaps a table without transactions for the target’s rows with the clone’s changes, and expects what it has read', async () => {
  const { work, staged } = await setUp([
    {
      schema: COUNTERS,
      base: rows('a', 'b', 'c'),
      clone: [...rows('A', 'b'), ['9', 'new']],
      target: [...rows('a', 'b', 'c'), ['7', 'theirs']],
    },
  ]);
  const result = await stageTables(work, begun, step);
  expect(staged.get('wp_counters')).toEqual(['1|A', '2|b', '7|theirs', '9|new']);
  expect(result).toMatchObject({ swapped: ['wp_counters'], expect: [{ table: 'wp_counters', rows: 4 }] });
});

it.each<[string, MemoryRow[]]>([
  ['changed', rows('visitor', 'b')],
  ['removed', [['2', 'b']]],
])('does not lose a row that is %s between the comparison and the copy of such a table', async (_case, later) => {
  const { work, target } = await setUp([
    { schema: COUNTERS, base: rows('a', 'b'), clone: rows('A', 'b'), target: rows('a', 'b') },
  ]);
  const createTables = work.sides.writer.createTables.bind(work.sides.writer);
  work.sides.writer.createTables = async (...args) => {
    for (const table of target) table.rows = later;
    await createTables(...args);
  };
  await expect(stageTables(work, begun, step)).rejects.toMatchObject({ code: 'target.changed' });
});

it('brings a table without a key whole, if the clone changed it', async () => {
  const log = { schema: LOG, base: [['a']], clone: [['a'], ['b']], target: [['a']] };
  const changed = await setUp([log]);
  const result = await stageTables(changed.work, begun, step);
  expect(changed.staged.get('wp_log')).toEqual(['a', 'b']);
  expect(result.expect).toMatchObject([{ table: 'wp_log', rows: 1 }]);
  const untouched = await setUp([{ ...log, clone: [['a']], target: [['a'], ['theirs']] }]);
  await stageTables(untouched.work, begun, step);
  expect([...untouched.staged.keys()]).toEqual([]);
});

it('a table that was brought whole is no change of the target when it is restored again', async () => {
  const { work, staged, target } = await setUp([{ schema: LOG, base: [['a']], clone: [['a'], ['b']], target: [['a']] }]);
  await stageTables(work, begun, step);
  for (const table of target) table.rows = [['a'], ['b']];
  await publishNotes(work.sides.base ?? expect.fail(), 's');
  const restored = await readNotes(work.sides.base ?? expect.fail());
  const again = await stageTables({ ...work, restored }, begun, step);
  expect(again).toMatchObject({ unchanged: 1, changes: { blocking: 0 } });
  for (const table of target) table.rows = [['a'], ['b'], ['theirs']];
  await stageTables({ ...work, restored }, begun, step);
  expect([...staged.keys()]).toEqual([]);
});

it('compares and stages again when the target changed before the commit', async () => {
  const { work, staged, target, writer } = await setUp(
    [{ schema: THINGS, base: rows('a', 'b'), clone: rows('A', 'b'), target: rows('a', 'b') }],
    { overwriteTargetChanges: true },
  );
  let commits = 0;
  writer.commit = async () => {
    commits += 1;
    if (commits > 1) return { phase: 'committed', maintenanceMs: 5 };
    for (const table of target) table.rows = rows('visitor', 'b');
    throw new AppError('target.changed', { reason: 'wp_things: the row with id 1 was changed' });
  };
  const first = await stageTables(work, begun, step);
  const committed = await commitRestore(work, { begun, staged: first, restorePointUntil: 99 }, step);
  expect(commits).toBe(2);
  expect(staged.get('wp_things/former')).toEqual(['1|visitor']);
  expect(committed).toMatchObject({ maintenanceMs: 5, tables: { changes: { blocking: 1 } } });
});

it('stops when the target never stands still, and when the change would be lost', async () => {
  const thing = { schema: THINGS, base: rows('a'), clone: rows('A'), target: rows('a') };
  const busy = await setUp([thing]);
  let commits = 0;
  busy.writer.commit = async () => {
    commits += 1;
    throw new AppError('target.changed', { reason: 'again' });
  };
  const known = { begun, staged: await stageTables(busy.work, begun, step), restorePointUntil: 99 };
  await expect(commitRestore(busy.work, known, step)).rejects.toMatchObject({ code: 'target.changed' });
  expect(commits).toBe(5);
  for (const table of busy.target) table.rows = rows('visitor');
  await expect(commitRestore(busy.work, known, step)).rejects.toMatchObject({ code: 'restore.target_changed' });
});

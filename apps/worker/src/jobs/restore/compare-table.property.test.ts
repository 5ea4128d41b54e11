import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cellsOf, packCells } from '../../base/packed-row.ts';
import { type RowChange, TableComparison } from './compare-table.ts';
import { noChanges, noteChange } from './findings.ts';
import { rulesFor } from './row-rules.ts';
import { createMemorySite, type MemoryRow, pack, recordBase, schemaOf } from './testing/memory-site.ts';

/** Values of rows by their number; addresses are written differently in the clone, as a clone job does. */
type State = ReadonlyMap<number, string>;

const SCHEMA = schemaOf('wp_things', { id: 'bigint', v: 'text' }, ['id']);
const inClone = (v: string) => v.replace('//live/', '//clone/');
const onTarget = (v: string) => v.replace('//clone/', '//live/');
const translation = {
  translate: (row: Buffer) => packCells(cellsOf(row, 2).map((cell) => cell && Buffer.from(onTarget(cell.toString())))),
  replacements: () => 0,
  tooLong: () => new Map<string, number>(),
};

const id = fc.integer({ min: 1, max: 30 });
const value = fc.constantFrom('a', 'b', '', '//live/a', '//live/b');
const state: fc.Arbitrary<State> = fc.array(fc.tuple(id, value), { maxLength: 25 }).map((entries) => new Map(entries));
const edits = fc.array(fc.tuple(id, fc.option(value, { nil: undefined })), { maxLength: 8 });

function edited(base: State, changes: readonly (readonly [number, string | undefined])[]): State {
  const next = new Map(base);
  for (const [key, v] of changes) v === undefined ? next.delete(key) : next.set(key, v);
  return next;
}

const rowsOf = (states: State, map = (v: string) => v): MemoryRow[] => [...states].map(([key, v]) => [String(key), map(v)]);
const packed = (states: State) => new Map(rowsOf(states).map((row) => [row[0], pack(row).toString('latin1')]));
const keyOf = (row: Buffer) => cellsOf(row, 2)[0]?.toString();

/** As the target's agent exchanges rows: those of one side go if they are what was thought, then the others come. */
function exchange(
  live: Map<string | null | undefined, string>,
  changes: readonly RowChange[],
  [goes, comes]: ['former' | 'row', 'row' | 'former'],
) {
  for (const change of changes) {
    const going = change[goes];
    if (going === null) continue;
    expect(live.get(keyOf(going))).toBe(going.toString('latin1'));
    live.delete(keyOf(going));
  }
  for (const change of changes) {
    const coming = change[comes];
    if (coming === null) continue;
    expect(live.has(keyOf(coming))).toBe(false);
    live.set(keyOf(coming), coming.toString('latin1'));
  }
}

it('gives the three-way merge, stops for exactly what would be lost, and can be taken back', async () => {
  const edit = fc.record({
    base: state,
    ours: edits,
    theirs: edits,
    batch: fc.integer({ min: 1, max: 9 }),
    isWatched: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(edit, async ({ base, ours, theirs, batch, isWatched }) => {
      const [clone, target] = [edited(base, ours), edited(base, theirs)];
      const store = await recordBase({ schema: SCHEMA, rows: rowsOf(base) }, ([key = '', v]) => [key, inClone(v ?? '')], {
        batch,
      });
      const sides = {
        clone: createMemorySite([{ schema: SCHEMA, rows: rowsOf(clone, inClone) }]).agent,
        target: createMemorySite([{ schema: SCHEMA, rows: rowsOf(target) }]).agent,
      };
      const rules = { ...rulesFor('things', ['id'], { adminId: null, preserveThemes: true }), isWatched };
      const comparison = new TableComparison(sides, {
        ...{ table: SCHEMA, cloneName: 'wp_things', prefix: 'wp_', base: store, rules, translation },
      });
      const changes: RowChange[] = [];
      const told = noChanges();
      for await (const { change, targetChange, isLenient } of comparison.findings()) {
        if (change) changes.push(change);
        if (targetChange) noteChange(told, targetChange, isLenient);
      }

      const keys = [...new Set([...base.keys(), ...clone.keys(), ...target.keys()])];
      const isOurs = (key: number) => clone.get(key) !== base.get(key);
      const isTheirs = (key: number) => target.get(key) !== base.get(key);
      const merged = new Map(keys.map((key) => [key, isOurs(key) ? clone.get(key) : target.get(key)]));
      const expected = new Map([...merged].filter((entry): entry is [number, string] => entry[1] !== undefined));
      const live = packed(target);
      exchange(live, changes, ['former', 'row']);
      expect(live).toEqual(packed(expected));
      const conflicts = keys.filter((key) => isOurs(key) && isTheirs(key) && clone.get(key) !== target.get(key));
      expect(told.blocking).toBe(conflicts.length);
      if (isWatched) expect(told.total).toBe(keys.filter((key) => isTheirs(key) && clone.get(key) !== target.get(key)).length);
      exchange(live, changes, ['row', 'former']);
      expect(live).toEqual(packed(target));
    }),
    { numRuns: 150 },
  );
}, 60_000);

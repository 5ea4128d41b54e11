import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import type { TargetChange } from '@wcr/shared/contracts/restore';
import { type BaseChunk, type BaseEntry, readChunks } from '../../base/base-chunks.ts';
import { keyText, RowShape } from '../../base/packed-row.ts';
import type { RowNote } from '../../base/restored-notes.ts';
import { bareName, identityOf, isUnsettled, plainColumns, type RowIdentity } from '../../base/row-identity.ts';
import { tableBaseName } from '../../base/table-recorder.ts';
import type { BaseStore } from '../../drivers/agent/base-store.ts';
import { digestRows } from '../../drivers/agent/compare-reads.ts';
import { splitPackedRows } from '../../drivers/agent/row-codec.ts';
import type { RowRange, RowSelection, SourceAgent } from '../../drivers/agent/source-agent.ts';
import { type PlacedRange, readInStep, type StepSides } from './read-in-step.ts';
import { createRowAdoption, type RowAdoption } from './row-adoption.ts';
import { type RowRules, viewRow } from './row-rules.ts';
import type { RowTranslation } from './row-translation.ts';

/** What a restore does to one row of the target. */
export type RowChange = {
  readonly kind: 'insert' | 'update' | 'delete';
  /** The row as it will be, packed; null for one that goes. */
  readonly row: Buffer | null;
  /** The row as the target has it; null for one that is new. */
  readonly former: Buffer | null;
  /** What a later restore must know of it. */
  readonly note?: RowNote;
};

/** What comparing one row found. */
export type RowFinding = { readonly change?: RowChange; readonly targetChange?: TargetChange; readonly isLenient: boolean };

export type ComparedTable = {
  /** The table on the target. Both have the same columns. */
  readonly table: TableSchema;
  readonly cloneName: string;
  readonly prefix: string;
  /** What is known of the rows when the clone was made; undefined where nothing is: then all that differs is the target's own change. */
  readonly base: BaseStore | undefined;
  /** What earlier restores of the clone have left. */
  readonly notes?: readonly RowNote[] | undefined;
  readonly rules: RowRules;
  readonly translation: RowTranslation;
  /** Changes a row of the target that does not travel; undefined leaves it. */
  readonly amend?: ((row: Buffer, columns: readonly string[]) => Buffer | undefined) | undefined;
};
export type ReadSides = { readonly clone: SourceAgent; readonly target: SourceAgent };

/** Rows by their key; those that do not travel apart. */
type Rows = { readonly travelling: Map<string, Buffer>; readonly staying: Map<string, Buffer> };
const NO_ROWS: Rows = { travelling: new Map(), staying: new Map() };
/** One row: whether the clone changed it, what it would become, what the target has, and its hash there when the clone was made. */
type Judged = {
  /** Its key in the clone. */
  readonly key: string;
  readonly isChanged: boolean;
  readonly outgoing: Buffer | undefined;
  readonly former: Buffer | undefined;
  readonly source: bigint | undefined;
  /** Its hash in the clone now; undefined for one that is gone there. */
  readonly written?: bigint;
};

/** The place of what comes behind the last chunk. */
const BEHIND_LAST = -1;

/** Compares the rows of one table three ways; reads only ranges in which something is different. Memory: a range at a time. */
export class TableComparison {
  readonly #sides: ReadSides;
  readonly #compared: ComparedTable;
  readonly #identity: RowIdentity;
  readonly #shape: RowShape;
  readonly #adoption: RowAdoption;
  readonly #amended: RowChange[] = [];
  readonly #bare: string;
  /** Where the chunk of the range begins that is looked into. */
  #place = BEHIND_LAST;
  readonly columns: readonly string[];
  #ranges: PlacedRange[] | undefined;
  #noted: ReadonlyMap<number, readonly RowNote[]> | undefined;

  /** @param compared a table with a key */
  constructor(sides: ReadSides, compared: ComparedTable) {
    const { table, prefix } = compared;
    const identity = identityOf(table, prefix);
    if (identity === undefined) throw new TypeError(`${table.name} has no key`);
    this.#sides = sides;
    this.#compared = compared;
    this.#identity = identity;
    this.columns = plainColumns(table).map(({ name }) => name);
    this.#shape = new RowShape(this.columns, identity);
    this.#bare = bareName(table.name, prefix);
    this.#adoption = createRowAdoption(this.#bare, this.columns);
  }

  /**
   * Finds out where the sites differ, so that `findings` need not; cheap, and worth doing for several tables at a time. What comes
   * into being in the clone afterwards may be missed; of the target nothing, since its rows are read by `findings`.
   */
  async prepare(): Promise<void> {
    this.#ranges = await this.#differing(await this.#chunks());
  }

  /** Every row that the restore changes, and every change of the target that somebody should hear of. */
  async *findings(): AsyncGenerator<RowFinding> {
    if (this.#ranges === undefined) await this.prepare();
    const ranges = this.#ranges ?? [];
    const isBounded = ({ range }: PlacedRange) => this.#identity.isWhole || range.upto !== null;
    for await (const { chunk, clone, target, entries } of readInStep(this.#stepSides(), ranges.filter(isBounded))) {
      this.#place = placeOf(chunk);
      yield* this.#compareRows(this.#keyed('clone', clone), this.#keyed('target', target), this.#withNotes(entries));
    }
    this.#place = BEHIND_LAST;
    for (const { range } of ranges.filter((placed) => !isBounded(placed))) yield* this.#compareRest(range.after);
    for (const change of this.#amended.splice(0)) yield { change, isLenient: true };
  }

  #stepSides(): StepSides {
    const { base, cloneName } = this.#compared;
    return {
      clone: { agent: this.#sides.clone, rows: this.#selection('clone') },
      target: { agent: this.#sides.target, rows: this.#selection('target') },
      base: base && { store: base, table: cloneName },
    };
  }

  async #chunks(): Promise<BaseChunk[]> {
    const { base, cloneName } = this.#compared;
    return base === undefined ? [] : await Array.fromAsync(readChunks(base.read(tableBaseName(cloneName))));
  }

  /** The ranges to look into: those the clone changed, and in watched tables those the target changed. */
  async #differing(chunks: readonly BaseChunk[]): Promise<PlacedRange[]> {
    const { base, rules, table, cloneName } = this.#compared;
    if (base === undefined) return [{ range: { after: null, upto: null }, chunk: undefined }];
    const ranges: PlacedRange[] = chunks.map((chunk) => ({ range: chunk, chunk }));
    // Rows behind the last one that there was.
    if (!this.#identity.isWhole || chunks.length === 0)
      ranges.push({ range: { after: chunks.at(-1)?.upto ?? null, upto: null }, chunk: undefined });
    const wanted = ranges.map(({ range: { after, upto } }) => ({ after, upto }));
    const selection = { columns: this.#identity.compared, key: table.key };
    const [clone, target] = await Promise.all([
      digestRows(this.#sides.clone, { ...selection, table: cloneName }, wanted),
      rules.isWatched ? digestRows(this.#sides.target, { ...selection, table: table.name }, wanted) : [],
    ]);
    const noted = this.#notesByPlace();
    return ranges.filter(({ chunk }, index) => {
      // What was restored may have become in the clone again what it was.
      if (noted.has(placeOf(chunk))) return true;
      const isCloneSame = isSame(clone[index], chunk?.rows, chunk?.written);
      return !isCloneSame || (rules.isWatched && !isSame(target[index], chunk?.rows, chunk?.source));
    });
  }

  /** What earlier restores left of rows in the range that is looked into. */
  #withNotes(entries: Map<string, BaseEntry>): Map<string, BaseEntry> {
    for (const { key, entry } of this.#notesByPlace().get(this.#place) ?? []) {
      if (entry === undefined) entries.delete(key);
      else entries.set(key, entry);
    }
    return entries;
  }

  #notesByPlace(): ReadonlyMap<number, readonly RowNote[]> {
    this.#noted ??= Map.groupBy((this.#compared.base && this.#compared.notes) ?? [], ({ place }) => place);
    return this.#noted;
  }

  /** What comes behind the last range may be any number of rows: it is gone through batch by batch of the clone. */
  async *#compareRest(begin: string | null): AsyncGenerator<RowFinding> {
    const entries = this.#withNotes(new Map());
    let after = begin;
    for await (const batch of this.#sides.clone.rowsIn(this.#selection('clone'), { after, upto: null })) {
      const part = { after, upto: batch.cursor };
      yield* this.#compareRows(this.#keyed('clone', [batch.data]), await this.#targetRows(part), entries);
      after = batch.cursor;
    }
    for await (const batch of this.#sides.target.rowsIn(this.#selection('target'), { after, upto: null }))
      yield* this.#compareRows(NO_ROWS, this.#keyed('target', [batch.data]), entries);
  }

  #selection(side: 'clone' | 'target'): RowSelection {
    const { table, cloneName } = this.#compared;
    return { table: side === 'clone' ? cloneName : table.name, columns: this.columns, key: table.key };
  }

  async #targetRows(range: RowRange): Promise<Rows> {
    const batches = await Array.fromAsync(this.#sides.target.rowsIn(this.#selection('target'), range));
    return this.#keyed(
      'target',
      batches.map((batch) => batch.data),
    );
  }

  #keyed(side: 'clone' | 'target', parts: readonly Buffer[]): Rows {
    const rows: Rows = { travelling: new Map(), staying: new Map() };
    for (const part of parts) {
      for (const row of splitPackedRows(part, this.columns.length)) {
        const travels = this.#compared.rules.travels(viewRow(row, this.columns));
        (travels ? rows.travelling : rows.staying).set(keyText(this.#shape.keyCells(row)), row);
        if (side === 'target') this.#seeLive(row, travels);
      }
    }
    return rows;
  }

  #seeLive(row: Buffer, travels: boolean): void {
    this.#adoption.see(row);
    if (!travels) this.#amend(row);
  }

  #amend(former: Buffer): void {
    const row = this.#compared.amend?.(former, this.columns);
    if (row !== undefined) this.#amended.push({ kind: 'update', row, former });
  }

  *#compareRows(clone: Rows, target: Rows, entries: ReadonlyMap<string, BaseEntry>): Generator<RowFinding> {
    const done = new Set<string>();
    for (const [cloneKey, row] of clone.travelling) {
      const outgoing = this.#compared.translation.translate(row);
      const key = outgoing === row ? cloneKey : keyText(this.#shape.keyCells(outgoing));
      done.add(key);
      const entry = entries.get(cloneKey);
      const isChanged = this.#isChanged(this.#shape.hash(row), entry?.written);
      // What the target has under this key must make way, whether or not it would travel itself.
      const former = target.travelling.get(key) ?? target.staying.get(key);
      yield* this.#judge({ key: cloneKey, isChanged, outgoing, former, source: entry?.source, written: this.#shape.hash(row) });
    }
    for (const key of clone.staying.keys()) {
      if (done.has(key)) continue;
      done.add(key);
      // The clone has the row, so it is not gone there; and what it says of it is for the clone alone.
      const former = target.travelling.get(key);
      yield* this.#judge({ key, isChanged: false, outgoing: undefined, former, source: entries.get(key)?.source });
    }
    const others = [...target.travelling.keys(), ...entries.keys()].filter((key) => !done.has(key));
    yield* this.#compareGone(others, target, entries);
  }

  /** Rows that the clone does not have, or not any more. */
  *#compareGone(keys: readonly string[], target: Rows, entries: ReadonlyMap<string, BaseEntry>): Generator<RowFinding> {
    for (const key of new Set(keys)) {
      const entry = entries.get(key);
      const isChanged = this.#isChanged(undefined, entry?.written);
      yield* this.#judge({ key, isChanged, outgoing: undefined, former: target.travelling.get(key), source: entry?.source });
    }
  }

  /** Whether the clone's row is another one than when the clone was made; without a base everything is. */
  #isChanged(now: bigint | undefined, then: bigint | undefined): boolean {
    return this.#compared.base === undefined || now !== then;
  }

  *#judge(row: Judged): Generator<RowFinding> {
    const { outgoing, former, source, isChanged } = row;
    const { isLenient, isWatched } = this.#compared.rules;
    const formerHash = former && this.#shape.hash(former);
    const isSameNow = (outgoing && this.#shape.hash(outgoing)) === formerHash;
    const hasTargetChanged = formerHash !== source && !this.#isUnsettled(former);
    if (isSameNow || (!isChanged && !(hasTargetChanged && isWatched))) return;
    const lost = isChanged && hasTargetChanged;
    const told = hasTargetChanged && { targetChange: this.#tell(row, lost) };
    yield { isLenient, ...told, ...(isChanged && { change: this.#changeOf(row) }) };
  }

  #isUnsettled(row: Buffer | undefined): boolean {
    return row !== undefined && isUnsettled(this.#bare, viewRow(row, this.columns));
  }

  #tell({ outgoing, former, source }: Judged, lost: boolean): TargetChange {
    const row = former ?? outgoing;
    const known = row
      ? this.#compared.rules.describe(viewRow(row, this.columns))
      : { kind: 'row', what: this.#compared.table.name };
    const whenThere = source === undefined ? 'new' : 'changed';
    return { ...known, change: former === undefined ? 'removed' : whenThere, lost };
  }

  #changeOf({ key, outgoing, former, written }: Judged): RowChange {
    const place = this.#place;
    if (outgoing === undefined)
      return { kind: 'delete', row: null, former: former ?? null, note: { key, place, entry: undefined } };
    const row = this.#adoption.adopt(outgoing, former);
    const source = this.#shape.hash(row);
    const note: RowNote = { key, place, entry: { source, written: written ?? source } };
    return former === undefined ? { kind: 'insert', row, former: null, note } : { kind: 'update', row, former, note };
  }
}

function placeOf(chunk: BaseChunk | undefined): number {
  return chunk?.at ?? BEHIND_LAST;
}

function isSame(digest: { rows: number; checksum: bigint } | undefined, rows = 0, sum = 0n): boolean {
  return digest?.rows === rows && digest.checksum === sum;
}

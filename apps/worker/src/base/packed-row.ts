import { hash } from 'node:crypto';
import { NULL_LENGTH } from '@wcr/shared/contracts/agent-frames';

/** One value of a row; null is NULL. */
export type Cell = Buffer | null;

/** The values of one packed row (docs/protocol.md). */
export function cellsOf(row: Buffer, columnCount: number): Cell[] {
  const cells: Cell[] = [];
  let at = columnCount * 4;
  for (let index = 0; index < columnCount; index += 1) {
    const length = row.readUInt32BE(index * 4);
    cells.push(length === NULL_LENGTH ? null : row.subarray(at, at + length));
    if (length !== NULL_LENGTH) at += length;
  }
  return cells;
}

/** One value alone: keys come first in most rows, and each row of a clone is asked for its. */
function cellAt(row: Buffer, columnCount: number, place: number): Cell {
  let at = columnCount * 4;
  for (let index = 0; index < place; index += 1) {
    const length = row.readUInt32BE(index * 4);
    if (length !== NULL_LENGTH) at += length;
  }
  const length = row.readUInt32BE(place * 4);
  return length === NULL_LENGTH ? null : row.subarray(at, at + length);
}

/** The packed form of a row's values. */
export function packCells(cells: readonly Cell[]): Buffer {
  const lengths = Buffer.allocUnsafe(cells.length * 4);
  cells.forEach((cell, index) => {
    lengths.writeUInt32BE(cell === null ? NULL_LENGTH : cell.length, index * 4);
  });
  return Buffer.concat([lengths, ...cells.filter((cell) => cell !== null)]);
}

/** The first eight bytes of the MD5 of a packed row, as `rows.digest` and `tables.checksum` sum it. */
export function hashRow(row: Buffer): bigint {
  return hash('md5', row, 'buffer').readBigUInt64BE(0);
}

/** The sum of two sums of row hashes, modulo 2^64. */
export function addSums(a: bigint, b: bigint): bigint {
  return BigInt.asUintN(64, a + b);
}

/**
 * Reads rows of one shape: which row it is, and the hash of what counts of it. Of rows whose every column counts nothing is
 * copied.
 */
export class RowShape {
  readonly columns: readonly string[];
  readonly #keyPlaces: readonly number[];
  readonly #comparedPlaces: readonly number[] | undefined;

  /** @param columns names of the columns rows consist of, in their order */
  constructor(columns: readonly string[], identity: { key: readonly string[]; compared: readonly string[] }) {
    this.columns = columns;
    this.#keyPlaces = identity.key.map((name) => columns.indexOf(name));
    const places = identity.compared.map((name) => columns.indexOf(name));
    this.#comparedPlaces = places.length === columns.length ? undefined : places;
  }

  /** The key's values. */
  keyCells(row: Buffer): Buffer[] {
    return this.#keyPlaces.map((place) => cellAt(row, this.columns.length, place) ?? Buffer.alloc(0));
  }

  /** What `rows.digest` counts for this row. */
  hash(row: Buffer): bigint {
    if (this.#comparedPlaces === undefined) return hashRow(row);
    const cells = cellsOf(row, this.columns.length);
    return hashRow(packCells(this.#comparedPlaces.map((place) => cells[place] ?? null)));
  }
}

/** One text for the values of a key, whatever bytes they hold. */
export function keyText(cells: readonly Buffer[]): string {
  const [only] = cells;
  if (cells.length === 1 && only !== undefined) return only.toString('latin1');
  return cells.map((cell) => `${cell.length}:${cell.toString('latin1')}`).join('');
}

/**
 * The place behind the row with these key values, as the agent's cursors tell it: base64url of `{"k":[base64, …]}`, slashes
 * escaped as PHP does, so that equal places are equal texts.
 */
export function cursorAfter(cells: readonly Buffer[]): string {
  const json = JSON.stringify({ k: cells.map((cell) => cell.toString('base64')) }).replaceAll('/', '\\/');
  return Buffer.from(json).toString('base64url');
}

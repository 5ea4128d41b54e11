import { cellsOf, packCells } from '../../base/packed-row.ts';
import { DERIVED_COLUMNS, NATURAL_KEYS } from '../../base/row-identity.ts';

/** Makes a row of the clone one of the target: what is derived or numbered there stays as it is there. */
export type RowAdoption = {
  /** Notes a row of the target, whose number is taken. */
  see(row: Buffer): void;
  adopt(row: Buffer, former: Buffer | undefined): Buffer;
};

/** Visitors may add rows between now and the commit. */
const NUMBER_GAP = 1_000;

/** @param columns names of the columns rows consist of */
export function createRowAdoption(bareTable: string, columns: readonly string[]): RowAdoption {
  const derived = columns.indexOf(DERIVED_COLUMNS[bareTable] ?? '');
  const numbered = columns.indexOf(NATURAL_KEYS[bareTable]?.surrogate ?? '');
  let highest = 0;
  let given = 0;
  const keepCell = (row: Buffer, place: number, value: Buffer | null) => {
    const cells = cellsOf(row, columns.length);
    cells[place] = value;
    return packCells(cells);
  };
  return {
    see(row) {
      if (numbered >= 0) highest = Math.max(highest, Number(cellsOf(row, columns.length)[numbered]?.toString('latin1') ?? 0));
    },
    adopt(row, former) {
      const kept = Math.max(derived, numbered);
      if (kept < 0) return row;
      if (former !== undefined) return keepCell(row, kept, cellsOf(former, columns.length)[kept] ?? null);
      if (numbered < 0) return row;
      given += 1;
      return keepCell(row, numbered, Buffer.from(String(highest + NUMBER_GAP + given)));
    },
  };
}

import { hash } from 'node:crypto';
import { splitPackedRows } from './row-codec.ts';

/**
 * The sum that `tables.checksum` gives, over rows that were read: the first 8 bytes of the MD5 of each packed row, modulo
 * 2^64. It does not depend on the rows' order.
 */
export class RowSum {
  readonly #columns: number;
  #sum = 0n;
  #rows = 0;

  /** @param columns number of columns of a row */
  constructor(columns: number) {
    this.#columns = columns;
  }

  /**
   * @param data packed rows
   * @throws AppError `agent.malformed` when lengths do not add up to the data.
   */
  add(data: Buffer): void {
    for (const row of splitPackedRows(data, this.#columns)) {
      this.#sum = BigInt.asUintN(64, this.#sum + hash('md5', row, 'buffer').readBigUInt64BE(0));
      this.#rows += 1;
    }
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rows;
  }

  get checksum(): bigint {
    return this.#sum;
  }
}

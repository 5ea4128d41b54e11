import type { TableSchema } from '@wcr/shared/contracts/agent-schema';
import { addSums, hashRow } from '../../base/packed-row.ts';
import { plainColumns } from '../../base/row-identity.ts';
import { encodeFrame } from '../../drivers/agent/frame-codec.ts';
import type { TargetAgent } from '../../drivers/agent/target-agent.ts';
import { WriteBehind } from '../../drivers/agent/write-behind.ts';

const FRAME_BYTES = 1 << 20;
const FRAME_ROWS = 20_000;

/** Sends rows to one staging table, in frames of bounded size; one is on its way while the next is filled. */
export class RowStager implements AsyncDisposable {
  readonly #writer: TargetAgent;
  readonly #meta: object;
  readonly #limit: number;
  #rows: Buffer[] = [];
  #rowBytes = 0;
  #sequence = 0;
  readonly #behind = new WriteBehind();
  /** What was sent: rows, bytes, and the sum that `rows.digest` of the staging table must give. */
  readonly sent = { rows: 0, bytes: 0, checksum: 0n };
  readonly warnings: string[] = [];

  /** @param to.part `former` for what the target holds now; without it what the rows become */
  constructor(writer: TargetAgent, to: { name: string; table: TableSchema; part?: 'former'; maxRequestBytes: number }) {
    const columns = plainColumns(to.table).map(({ name, kind, charset }) => ({ name, kind, charset }));
    this.#writer = writer;
    this.#meta = { table: to.name, columns, ...(to.part && { part: to.part }) };
    this.#limit = Math.min(FRAME_BYTES, Math.floor(to.maxRequestBytes * 0.9));
  }

  async add(row: Buffer): Promise<void> {
    if (this.#rowBytes > 0 && (this.#rowBytes + row.length > this.#limit || this.#rows.length >= FRAME_ROWS)) await this.#send();
    this.#rows.push(row);
    this.#rowBytes += row.length;
    this.sent.rows += 1;
    this.sent.bytes += row.length;
    this.sent.checksum = addSums(this.sent.checksum, hashRow(row));
  }

  /** Sends what is left and waits for all of it; to be called at the end. */
  async flush(): Promise<void> {
    if (this.#rows.length > 0) await this.#send();
    await this.#behind.settle();
  }

  /** Nothing is sent any more afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#behind[Symbol.asyncDispose]();
  }

  async #send(): Promise<void> {
    const from = this.#sequence === 0 ? null : String(this.#sequence);
    this.#sequence += 1;
    const place = { sequence: this.#sequence, from, cursor: String(this.#sequence), rows: this.#rows.length };
    const frame = encodeFrame('R', { ...this.#meta, ...place }, Buffer.concat(this.#rows));
    this.#rows = [];
    this.#rowBytes = 0;
    await this.#behind.push(async () => {
      this.warnings.push(...(await this.#writer.writeRows([frame])));
    });
  }
}

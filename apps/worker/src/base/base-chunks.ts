import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';

/**
 * A run of rows in the order of their key, as they were when the clone was made: behind `after` up to and including `upto`
 * (cursors; null is the table's begin). Sums are those of `rows.digest`, of the rows as the source had them and as they
 * were written to the clone.
 */
export type BaseChunk = {
  readonly after: string | null;
  readonly upto: string | null;
  readonly rows: number;
  readonly source: bigint;
  readonly written: bigint;
  /** Where the entries of its rows are in the file. */
  readonly at: number;
  readonly bytes: number;
};

/** The hashes of one row. */
export type BaseEntry = { readonly source: bigint; readonly written: bigint };

const Sum = z.string().regex(/^\d{1,20}$/);
const Head = z.object({
  after: z.string().nullable(),
  upto: z.string().nullable(),
  rows: z.number().int().nonnegative(),
  source: Sum,
  written: Sum,
  bytes: z.number().int().nonnegative(),
});

/** A chunk as it stands in a base file: length of its head (u32 BE), the head as JSON, the entries. */
export function encodeChunk(chunk: Omit<BaseChunk, 'at' | 'bytes'>, entries: Buffer): Buffer {
  const { after, upto, rows, source, written } = chunk;
  const head = Buffer.from(
    JSON.stringify({ after, upto, rows, source: String(source), written: String(written), bytes: entries.length }),
  );
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, entries]);
}

/** `key length (u16 BE) · key · hash in the clone (u64 BE) · 0, or 1 and the hash in the source where it is another`. */
export function encodeEntry(key: string, { source, written }: BaseEntry): Buffer {
  const same = source === written;
  const entry = Buffer.allocUnsafe(2 + key.length + 8 + (same ? 1 : 9));
  entry.writeUInt16BE(key.length);
  entry.write(key, 2, 'latin1');
  entry.writeBigUInt64BE(written, 2 + key.length);
  entry.writeUInt8(same ? 0 : 1, 10 + key.length);
  if (!same) entry.writeBigUInt64BE(source, 11 + key.length);
  return entry;
}

/** The entries of one chunk by key. @throws AppError `agent.malformed` */
export function decodeEntries(data: Buffer): Map<string, BaseEntry> {
  const entries = new Map<string, BaseEntry>();
  try {
    for (let at = 0; at < data.length; ) {
      const keyEnd = at + 2 + data.readUInt16BE(at);
      const key = data.toString('latin1', at + 2, keyEnd);
      const written = data.readBigUInt64BE(keyEnd);
      const same = data.readUInt8(keyEnd + 8) === 0;
      entries.set(key, { written, source: same ? written : data.readBigUInt64BE(keyEnd + 9) });
      at = keyEnd + (same ? 9 : 17);
    }
  } catch (cause) {
    throw damaged(cause);
  }
  return entries;
}

/** The chunks of a base file, their entries passed over. @throws AppError `agent.malformed` */
export async function* readChunks(parts: AsyncIterable<Buffer>): AsyncGenerator<BaseChunk> {
  let pending = Buffer.alloc(0);
  let start = 0;
  let skip = 0;
  for await (const part of parts) {
    const dropped = Math.min(skip, part.length);
    skip -= dropped;
    start += dropped;
    pending = Buffer.concat([pending, part.subarray(dropped)]);
    for (let head = headOf(pending); head !== undefined; head = headOf(pending)) {
      const { length, ...chunk } = head;
      const at = start + length;
      yield { ...chunk, at };
      const whole = length + chunk.bytes;
      const here = Math.min(whole, pending.length);
      pending = pending.subarray(here);
      skip = whole - here;
      start += here;
      if (skip > 0) break;
    }
  }
  // A cut-off file would pass rows off as new ones.
  if (pending.length > 0 || skip > 0) throw damaged(undefined);
}

function headOf(data: Buffer): (Omit<BaseChunk, 'at'> & { length: number }) | undefined {
  if (data.length < 4) return undefined;
  const length = 4 + data.readUInt32BE(0);
  if (data.length < length) return undefined;
  try {
    const head = Head.parse(JSON.parse(data.toString('utf8', 4, length)));
    return { ...head, source: BigInt(head.source), written: BigInt(head.written), length };
  } catch (cause) {
    throw damaged(cause);
  }
}

function damaged(cause: unknown): AppError {
  return new AppError('agent.malformed', { reason: 'the clone’s base is damaged' }, { cause });
}

import { NULL_LENGTH } from '@wcr/shared/contracts/agent-frames';
import { AppError } from '@wcr/shared/errors/app-error';

/** Maps one value of a row; returns the same Buffer to keep it. Never called for NULL. */
export type MapValue = (value: Buffer, columnIndex: number) => Buffer;

/**
 * Maps the values of packed rows (docs/protocol.md). Rows in which nothing changes are copied as whole ranges.
 * @throws AppError `agent.malformed` when lengths do not add up to the data.
 */
export function mapPackedRows(data: Buffer, columnCount: number, map: MapValue): Buffer {
  assertColumns(data, columnCount);
  const parts: Buffer[] = [];
  let keptFrom = 0;
  let rowStart = 0;
  while (rowStart < data.length) {
    const { next, changed } = mapRow(data, rowStart, columnCount, map);
    if (changed) {
      parts.push(data.subarray(keptFrom, rowStart), ...changed);
      keptFrom = next;
    }
    rowStart = next;
  }
  if (parts.length === 0) return data;
  parts.push(data.subarray(keptFrom));
  return Buffer.concat(parts);
}

/**
 * Each row of packed rows, as it is.
 * @throws AppError `agent.malformed` when lengths do not add up to the data.
 */
export function* splitPackedRows(data: Buffer, columnCount: number): Generator<Buffer> {
  assertColumns(data, columnCount);
  for (let start = 0; start < data.length; ) {
    const end = endOfRow(data, start, columnCount);
    yield data.subarray(start, end);
    start = end;
  }
}

/** Rows without columns would never be through. */
function assertColumns(data: Buffer, columnCount: number): void {
  if (columnCount < 1 && data.length > 0) throw new AppError('agent.malformed', { reason: 'rows of a table without columns' });
}

function endOfRow(data: Buffer, start: number, columnCount: number): number {
  let end = start + columnCount * 4;
  if (end > data.length) throw new AppError('agent.malformed', { reason: 'a row is cut off' });
  const lengthsEnd = end;
  for (let at = start; at < lengthsEnd; at += 4) {
    const length = data.readUInt32BE(at);
    if (length !== NULL_LENGTH) end += length;
  }
  if (end > data.length) throw new AppError('agent.malformed', { reason: 'a value is cut off' });
  return end;
}

function mapRow(
  data: Buffer,
  start: number,
  columnCount: number,
  map: MapValue,
): { next: number; changed: Buffer[] | undefined } {
  let at = start + columnCount * 4;
  if (at > data.length) throw new AppError('agent.malformed', { reason: 'a row is cut off' });
  let lengths: Buffer | undefined;
  const values: Buffer[] = [];
  for (let index = 0; index < columnCount; index += 1) {
    const length = data.readUInt32BE(start + index * 4);
    if (length === NULL_LENGTH) continue;
    if (at + length > data.length) throw new AppError('agent.malformed', { reason: 'a value is cut off' });
    const value = data.subarray(at, at + length);
    const mapped = map(value, index);
    if (mapped !== value) {
      lengths ??= Buffer.from(data.subarray(start, start + columnCount * 4));
      lengths.writeUInt32BE(mapped.length, index * 4);
    }
    values.push(mapped);
    at += length;
  }
  return { next: at, changed: lengths && [lengths, ...values] };
}

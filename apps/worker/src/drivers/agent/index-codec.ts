import { AppError } from '@wcr/shared/errors/app-error';

/** One entry of a site's file index. Paths are raw bytes as latin1 strings, so that any name survives; see `pathToWire`. */
export type IndexEntry = {
  readonly kind: 'f' | 'd' | 'l';
  readonly mode: number;
  /** Unix seconds. */
  readonly mtime: number;
  readonly size: number;
  readonly path: string;
  /** Target of a symbolic link. */
  readonly target: string;
};

const HEAD_BYTES = 1 + 2 + 4 + 8 + 2 + 2;

/** Unpacks the data of an `I` frame. @throws AppError `agent.malformed`. */
export function* unpackIndex(data: Buffer): Generator<IndexEntry> {
  let at = 0;
  while (at < data.length) {
    if (at + HEAD_BYTES > data.length) throw new AppError('agent.malformed', { reason: 'an index entry is cut off' });
    const pathLength = data.readUInt16BE(at + 15);
    const targetLength = data.readUInt16BE(at + 17);
    const pathStart = at + HEAD_BYTES;
    const end = pathStart + pathLength + targetLength;
    const kind = String.fromCharCode(data.readUInt8(at));
    if (end > data.length || !isKind(kind)) throw new AppError('agent.malformed', { reason: 'an index entry makes no sense' });
    yield {
      kind,
      mode: data.readUInt16BE(at + 1),
      mtime: data.readUInt32BE(at + 3),
      size: sizeAt(data, at + 7),
      path: data.toString('latin1', pathStart, pathStart + pathLength),
      target: data.toString('latin1', pathStart + pathLength, end),
    };
    at = end;
  }
}

function sizeAt(data: Buffer, at: number): number {
  const size = Number(data.readBigUInt64BE(at));
  if (Number.isSafeInteger(size)) return size;
  throw new AppError('agent.malformed', { reason: 'a file is longer than any can be' });
}

function isKind(kind: string): kind is IndexEntry['kind'] {
  return kind === 'f' || kind === 'd' || kind === 'l';
}

/** A path for a JSON message: base64url of its raw bytes. */
export function pathToWire(path: string): string {
  return Buffer.from(path, 'latin1').toString('base64url');
}

export function pathFromWire(wire: string): string {
  return Buffer.from(wire, 'base64url').toString('latin1');
}

/** A path for people: UTF-8 where it is, otherwise as it comes. */
export function pathForPeople(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}

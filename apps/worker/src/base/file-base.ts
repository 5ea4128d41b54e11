import { AppError } from '@wcr/shared/errors/app-error';

export const FILES_BASE = 'files';

/** A file as the source had it when the clone was made, and as it was written to the clone. Times in Unix seconds. */
export type FileBase = {
  /** Raw bytes as a latin1 string. */
  readonly path: string;
  readonly mtime: number;
  readonly source: FileSum;
  readonly written: FileSum;
};
/** Enough to tell that a file is another one now; nothing that an attacker could not imitate. */
export type FileSum = { readonly size: number; readonly crc32: number };

const HEAD_BYTES = 2 + 4 + 2 * 12;

/** `path length (u16 BE) · mtime (u32 BE) · size (u64 BE) and CRC-32 (u32 BE) in the source · the same in the clone · path` */
export function encodeFileBase(file: FileBase): Buffer {
  const entry = Buffer.allocUnsafe(HEAD_BYTES + file.path.length);
  entry.writeUInt16BE(file.path.length);
  entry.writeUInt32BE(file.mtime, 2);
  writeSum(entry, file.source, 6);
  writeSum(entry, file.written, 18);
  entry.write(file.path, HEAD_BYTES, 'latin1');
  return entry;
}

/** By path. @throws AppError `agent.malformed` */
export function decodeFileBases(data: Buffer): Map<string, FileBase> {
  const files = new Map<string, FileBase>();
  try {
    for (let at = 0; at < data.length; ) {
      const end = at + HEAD_BYTES + data.readUInt16BE(at);
      const path = data.toString('latin1', at + HEAD_BYTES, end);
      files.set(path, {
        path,
        mtime: data.readUInt32BE(at + 2),
        source: readSum(data, at + 6),
        written: readSum(data, at + 18),
      });
      at = end;
    }
  } catch (cause) {
    throw new AppError('agent.malformed', { reason: 'the clone’s base is damaged' }, { cause });
  }
  return files;
}

function writeSum(entry: Buffer, { size, crc32 }: FileSum, at: number): void {
  entry.writeBigUInt64BE(BigInt(size), at);
  entry.writeUInt32BE(crc32, at + 8);
}

function readSum(data: Buffer, at: number): FileSum {
  return { size: Number(data.readBigUInt64BE(at)), crc32: data.readUInt32BE(at + 8) };
}

import { crc32, deflateSync, inflateSync } from 'node:zlib';
import {
  FLAG_COMPRESSED,
  FRAME_CRC_BYTES,
  FRAME_HEAD_BYTES,
  type Frame,
  type FrameKind,
  MAX_DATA_BYTES,
  MAX_META_BYTES,
  MAX_PREAMBLE_BYTES,
  STREAM_MAGIC,
} from '@wcr/shared/contracts/agent-frames';
import { AppError } from '@wcr/shared/errors/app-error';

const MAGIC = Buffer.from(STREAM_MAGIC, 'latin1');
const EMPTY = Buffer.alloc(0);
const KINDS = new Set(['Q', 'R', 'I', 'F', 'J', 'E', 'X']);

/** Encodes one frame as the list of buffers to send, so that large data isn't copied. */
export function encodeFrame(kind: FrameKind, meta: object, data: Buffer = EMPTY, options: { compress?: boolean } = {}): Buffer[] {
  const compressed = options.compress === true && data.length > 0;
  const body = compressed ? deflateSync(data, { level: 1 }) : data;
  const metaBytes = Buffer.from(JSON.stringify(compressed ? { ...meta, rawLength: data.length } : meta));
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  head.writeUInt8(kind.charCodeAt(0), 0);
  head.writeUInt8(compressed ? FLAG_COMPRESSED : 0, 1);
  head.writeUInt32BE(metaBytes.length, 2);
  head.writeUInt32BE(body.length, 6);
  const crc = Buffer.allocUnsafe(FRAME_CRC_BYTES);
  crc.writeUInt32BE(crc32(body, crc32(metaBytes, crc32(head))), 0);
  return [head, metaBytes, body, crc];
}

/** The bytes of a whole message: the magic and then the frames. */
export function encodeStream(frames: readonly Buffer[][]): Buffer {
  return Buffer.concat([MAGIC, ...frames.flat()]);
}

/**
 * Reads frames from the chunks of an agent's answer; flat memory, one frame at a time.
 * @throws AppError `agent.malformed` for bytes that are no frames, `agent.truncated` when the stream ends inside a frame.
 */
export async function* decodeStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const source = new ByteSource(chunks);
  await skipPreamble(source);
  for (;;) {
    const head = await source.take(FRAME_HEAD_BYTES, { endAllowed: true });
    if (head === undefined) return;
    const { metaLength, dataLength } = checkHead(head);
    const rest = await source.take(metaLength + dataLength + FRAME_CRC_BYTES);
    if (rest === undefined) throw new AppError('agent.truncated');
    yield decodeFrame(head, rest, metaLength, dataLength);
  }
}

function checkHead(head: Buffer): { metaLength: number; dataLength: number } {
  const metaLength = head.readUInt32BE(2);
  const dataLength = head.readUInt32BE(6);
  const known = KINDS.has(String.fromCharCode(head.readUInt8(0)));
  if (!known || metaLength > MAX_META_BYTES || dataLength > MAX_DATA_BYTES) {
    throw new AppError('agent.malformed', { reason: 'a frame head makes no sense' });
  }
  return { metaLength, dataLength };
}

function decodeFrame(head: Buffer, rest: Buffer, metaLength: number, dataLength: number): Frame {
  const body = rest.subarray(0, metaLength + dataLength);
  if (crc32(body, crc32(head)) !== rest.readUInt32BE(body.length)) {
    throw new AppError('agent.malformed', { reason: 'a checksum does not match' });
  }
  const kind = String.fromCharCode(head.readUInt8(0)) as FrameKind;
  const meta = parseMeta(body.subarray(0, metaLength));
  const data = body.subarray(metaLength);
  if ((head.readUInt8(1) & FLAG_COMPRESSED) === 0) return { kind, meta, data };
  try {
    return { kind, meta, data: inflateSync(data, { maxOutputLength: MAX_DATA_BYTES }) };
  } catch (cause) {
    throw new AppError('agent.malformed', { reason: 'compressed data cannot be opened' }, { cause });
  }
}

function parseMeta(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const meta: unknown = bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'));
    if (typeof meta === 'object' && meta !== null) return meta as Record<string, unknown>;
  } catch {
    // falls through to the one error below
  }
  throw new AppError('agent.malformed', { reason: 'a frame’s description is not JSON' });
}

async function skipPreamble(source: ByteSource): Promise<void> {
  if (!(await source.skipTo(MAGIC, MAX_PREAMBLE_BYTES)))
    throw new AppError('agent.malformed', { reason: 'the answer is not an agent’s' });
}

/** Pulls exact numbers of bytes from an iterable of chunks. */
class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #pending: Buffer[] = [];
  #size = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number, options: { endAllowed?: boolean } = {}): Promise<Buffer | undefined> {
    while (this.#size < length) {
      if (await this.#pull()) continue;
      if (this.#size === 0 && options.endAllowed) return undefined;
      throw new AppError('agent.truncated');
    }
    return this.#cut(length);
  }

  /** Drops everything up to and including `mark`; false when it isn't found within `limit` bytes. */
  async skipTo(mark: Buffer, limit: number): Promise<boolean> {
    for (;;) {
      const all = this.#pending.length === 1 ? (this.#pending[0] ?? EMPTY) : Buffer.concat(this.#pending);
      this.#pending = [all];
      const at = all.indexOf(mark);
      if (at >= 0) {
        this.#cut(at + mark.length);
        return true;
      }
      if (all.length > limit || !(await this.#pull())) return false;
    }
  }

  async #pull(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    const chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.#pending.push(chunk);
    this.#size += chunk.length;
    return true;
  }

  #cut(length: number): Buffer {
    const first = this.#pending[0] ?? EMPTY;
    this.#size -= length;
    if (first.length > length) {
      this.#pending[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const all = this.#pending.length === 1 ? first : Buffer.concat(this.#pending);
    this.#pending = all.length === length ? [] : [all.subarray(length)];
    return all.subarray(0, length);
  }
}

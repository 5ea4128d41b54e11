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
/** What a frame takes besides its data, and a byte of its description once that is parsed. */
const FRAME_COSTS = 512;
const META_COSTS = 16;
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
 * @param maxCosts most bytes of memory that all frames together may take, about: a few bytes on the wire can be many here
 * @throws AppError `agent.malformed` for bytes that are no frames, or too many, `agent.truncated` when the stream ends inside a frame.
 */
export async function* decodeStream(
  chunks: AsyncIterable<Uint8Array>,
  maxCosts: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<Frame> {
  const source = new ByteSource(chunks);
  await skipPreamble(source);
  let costs = 0;
  for (;;) {
    const head = await source.take(FRAME_HEAD_BYTES, { endAllowed: true });
    if (head === undefined) return;
    const { metaLength, dataLength } = checkHead(head);
    const rest = await source.take(metaLength + dataLength + FRAME_CRC_BYTES);
    if (rest === undefined) throw new AppError('agent.truncated');
    const frame = decodeFrame(head, rest, metaLength, dataLength);
    costs += FRAME_COSTS + metaLength * META_COSTS + frame.data.length;
    if (costs > maxCosts) throw new AppError('agent.malformed', { reason: 'the answer takes too much memory' });
    yield frame;
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
    if (typeof meta === 'object' && meta !== null && !Array.isArray(meta)) return meta as Record<string, unknown>;
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
  /** What is left of the chunk that came last. */
  #rest: Buffer = EMPTY;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number, options: { endAllowed?: boolean } = {}): Promise<Buffer | undefined> {
    if (this.#rest.length >= length) return this.#cut(length);
    // One buffer for all of it: a list of chunks of a byte each would take a hundred times the memory.
    const all = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      if (this.#rest.length === 0 && !(await this.#pull())) {
        if (filled === 0 && options.endAllowed) return undefined;
        throw new AppError('agent.truncated');
      }
      filled += this.#cut(Math.min(length - filled, this.#rest.length)).copy(all, filled);
    }
    return all;
  }

  /** Drops everything up to and including `mark`; false when it isn't found within `limit` bytes. */
  async skipTo(mark: Buffer, limit: number): Promise<boolean> {
    for (let dropped = 0; ; ) {
      const at = this.#rest.indexOf(mark);
      if (at >= 0) {
        this.#cut(at + mark.length);
        return true;
      }
      // The mark may have begun.
      const tail = this.#rest.subarray(Math.max(0, this.#rest.length - mark.length + 1));
      dropped += this.#rest.length - tail.length;
      if (dropped > limit || !(await this.#pull())) return false;
      this.#rest = Buffer.concat([tail, this.#rest]);
    }
  }

  async #pull(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    return true;
  }

  #cut(length: number): Buffer {
    const cut = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return cut;
  }
}

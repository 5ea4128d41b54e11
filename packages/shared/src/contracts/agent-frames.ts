/** The constants of the agent stream; see docs/protocol.md. */
export const STREAM_MAGIC = 'WCR1\n';
export const FRAME_HEAD_BYTES = 10;
export const FRAME_CRC_BYTES = 4;
export const FLAG_COMPRESSED = 1;
export const NULL_LENGTH = 0xffff_ffff;
export const MAX_META_BYTES = 1 << 20;
export const MAX_DATA_BYTES = 64 << 20;
/** Foreign bytes (notices, a byte order mark) tolerated before the magic. */
export const MAX_PREAMBLE_BYTES = 64 << 10;

export type FrameKind = 'Q' | 'R' | 'I' | 'F' | 'J' | 'E' | 'X';

/** One frame of the agent stream. `data` is already inflated. */
export type Frame = {
  readonly kind: FrameKind;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly data: Buffer;
};

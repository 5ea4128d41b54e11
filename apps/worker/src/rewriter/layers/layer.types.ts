/** The bytes behind an encoding, and where each of them came from. */
export type Decoded = {
  readonly text: string;
  /** For each decoded byte where its encoded form begins, plus the end of the whole. */
  readonly offsets: Int32Array;
};

/** One encoding that can be taken off a stretch of text and put on again. */
export type Layer = {
  /** The next encoded byte or escape at `position`; undefined when the bytes are not of this encoding. */
  readToken(text: string, position: number, end: number): Token | undefined;
  /** Spells a byte that the replaced bytes hold no example of. */
  encodeByte(char: string, example: string): string;
};

/** `bytes` is the UTF-8 of what the token stands for, as a byte string. */
export type Token = { readonly bytes: string; readonly end: number };

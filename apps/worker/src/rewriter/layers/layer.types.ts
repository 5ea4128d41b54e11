/** The bytes behind an encoding, and where each of them came from. */
export type Decoded = {
  readonly text: string;
  /** Positions behind each escape, in the decoded and in the encoded text; from there on both run alike. */
  readonly decodedAt: readonly number[];
  readonly encodedAt: readonly number[];
};

/** One encoding that can be taken off a stretch of text and put on again. */
export type Layer = {
  /** Finds (with its `g` flag) the bytes that begin an escape; all others stand for themselves. */
  readonly escapeStart: RegExp;
  /** The next encoded byte or escape at `position`; undefined when the bytes are not of this encoding. */
  readToken(text: string, position: number, end: number): Token | undefined;
  /** Spells a byte that the replaced bytes hold no example of. */
  encodeByte(char: string, example: string): string;
};

/** `bytes` is the UTF-8 of what the token stands for, as a byte string. */
export type Token = { readonly bytes: string; readonly end: number };

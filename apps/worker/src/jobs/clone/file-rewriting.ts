import type { FilePart } from '../../drivers/agent/answers.ts';
import type { FilePiece } from '../../drivers/runtime/file-sink.types.ts';
import type { Rewriter } from '../../rewriter/rewriter.types.ts';

/** Larger text files pass through as they are: rewriting holds a whole file in memory. */
export const MAX_REWRITTEN_BYTES = 8 << 20;

export type OutgoingPart = FilePiece;

/**
 * Turns parts as they are read into parts as they are written: files up to `MAX_REWRITTEN_BYTES` that hold text and name
 * the source are rewritten as a whole; all else passes through part by part.
 */
export class FileRewriting {
  readonly #rewriter: Rewriter;
  readonly #adaptHtaccess: (text: Buffer) => Buffer;
  #held: FilePart[] = [];
  #heldBytes = 0;
  #passes = false;
  replacements = 0;
  /** Text files that were too large to be rewritten and do name the source. */
  readonly tooLarge: string[] = [];

  constructor(rewriter: Rewriter, adaptHtaccess: (text: Buffer) => Buffer) {
    this.#rewriter = rewriter;
    this.#adaptHtaccess = adaptHtaccess;
  }

  /** @param part parts of one file come in order and are not mixed with another's. @returns what to write now, maybe nothing yet */
  push(part: FilePart, as: string): OutgoingPart[] {
    if (part.offset === 0) this.#begin(part.size);
    if (this.#passes) return [this.#passThrough(part, as)];
    this.#held.push(part);
    this.#heldBytes += part.data.length;
    // A file may grow while it is read, and what a source says of its size is not to be trusted.
    if (this.#heldBytes > MAX_REWRITTEN_BYTES) return this.#giveUp(as);
    if (!part.eof) return [];
    const whole = this.#held.length === 1 ? part.data : Buffer.concat(this.#held.map((held) => held.data));
    const data = this.#rewrite(whole, as);
    this.#begin(0);
    return [{ path: as, data, offset: 0, eof: true, size: data.length, mtime: part.mtime, mode: part.mode }];
  }

  #begin(size: number): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#passes = size > MAX_REWRITTEN_BYTES;
  }

  /** Lets through what was held, and the rest of the file as it comes. */
  #giveUp(as: string): OutgoingPart[] {
    const held = this.#held;
    this.#begin(Number.POSITIVE_INFINITY);
    return held.map((part) => this.#passThrough(part, as));
  }

  #passThrough(part: FilePart, as: string): OutgoingPart {
    if (this.tooLarge.at(-1) !== as && this.#isTextOfSource(part.data)) this.tooLarge.push(as);
    const { data, offset, eof, mtime, mode } = part;
    return { path: as, data, offset, eof, size: offset + data.length, mtime, mode };
  }

  #rewrite(whole: Buffer, as: string): Buffer {
    if (as === '.htaccess') return this.#adaptHtaccess(this.#rewriteText(whole));
    return this.#isTextOfSource(whole) ? this.#rewriteText(whole) : whole;
  }

  /** A zero byte tells an archive or a picture from text; their inner lengths must not change. It is mostly found at once. */
  #isTextOfSource(data: Buffer): boolean {
    return !data.includes(0) && this.#rewriter.mayContain(data);
  }

  #rewriteText(whole: Buffer): Buffer {
    const result = this.#rewriter.rewrite(whole);
    this.replacements += result.replacements;
    return result.bytes;
  }
}

/** WordPress's own rules name the site's path: `RewriteBase /blog/` and `RewriteRule . /blog/index.php`. */
export function createHtaccessAdapter(sourceUrl: string, cloneUrl: string): (text: Buffer) => Buffer {
  const from = slashed(new URL(sourceUrl).pathname);
  const to = slashed(new URL(cloneUrl).pathname);
  return (text) => {
    const before = text.toString('latin1');
    const after = before
      .replace(new RegExp(`^(\\s*RewriteBase\\s+)${escaped(from)}(\\s*)$`, 'gm'), `$1${to}$2`)
      .replace(new RegExp(`^(\\s*RewriteRule\\s+\\.\\s+)${escaped(from)}index\\.php`, 'gm'), `$1${to}index.php`);
    return after === before ? text : Buffer.from(after, 'latin1');
  };
}

function slashed(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

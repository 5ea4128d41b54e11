import { ASCII, isDigit } from './ascii.ts';

/** A value in serialized data whose length is written in front of it. */
export type CountedPart = {
  /** Where the decimal length stands. */
  readonly digitsStart: number;
  readonly digitsEnd: number;
  readonly start: number;
  readonly end: number;
  /** The payload of `C:`, in a format of its class' own. */
  readonly isCustom: boolean;
};

/** Whether the caller wants to know the part with these bounds. */
export type IsWanted = (start: number, end: number) => boolean;

/**
 * Reads PHP's serialization grammar from `start` to exactly `end` and returns its counted values, but not array keys,
 * property names, class names and enum cases: those identify things and stay. Strings are skipped by their length, so
 * the work is in the number of tokens.
 *
 * @returns undefined when the bytes are not one whole serialized value
 */
export function lexSerialized(text: string, start: number, end: number, isWanted: IsWanted): CountedPart[] | undefined {
  if (!startsSerialized(text, start, end)) return undefined;
  const lexer = new Lexer(text, start, end, isWanted);
  return lexer.readValue() && lexer.position === end ? lexer.parts : undefined;
}

/**
 * Reads the payload of a `C:` value as PHP's own classes write it: values between separators, such as
 * `x:i:0;a:0:{};m:a:0:{}` of ArrayObject.
 */
export function lexCustomPayload(text: string, start: number, end: number, isWanted: IsWanted): CountedPart[] | undefined {
  const lexer = new Lexer(text, start, end, isWanted);
  while (lexer.position < end) {
    if (!lexer.skipCustomSeparator() && !lexer.readValue()) return undefined;
  }
  return lexer.parts;
}

/** Types that can hold a string, followed by a colon. */
function startsSerialized(text: string, start: number, end: number): boolean {
  return end - start >= 4 && text.charCodeAt(start + 1) === ASCII.colon && 'aOsC'.includes(text.charAt(start));
}

const SCALAR = /N;|b:[01];|i:[+-]?\d{1,20};|d:(?:[+-]?[0-9.]{1,400}(?:[eE][+-]?\d{1,4})?|-?INF|NAN);|[rR]:\d{1,20};/y;
const CUSTOM_SEPARATOR = /[xm]:|[;:,]/y;
const LONGEST_NUMBER = 15;

class Lexer {
  readonly parts: CountedPart[] = [];
  position: number;
  private readonly text: string;
  private readonly end: number;
  private readonly isWanted: IsWanted;
  /** For each open array or object, how many keys and values are still to come; even before a key. */
  private readonly open: number[] = [];

  constructor(text: string, start: number, end: number, isWanted: IsWanted) {
    this.text = text;
    this.position = start;
    this.end = end;
    this.isWanted = isWanted;
  }

  /** Reads one value with everything in it; a loop with its own stack, since nesting may be deeper than the call stack. */
  readValue(): boolean {
    do {
      if (!this.readToken()) return false;
      while (this.open.length > 0 && this.open.at(-1) === 0) {
        if (!this.skip(ASCII.closeBrace)) return false;
        this.open.pop();
      }
    } while (this.open.length > 0);
    return true;
  }

  skipCustomSeparator(): boolean {
    return this.skipPattern(CUSTOM_SEPARATOR);
  }

  private readToken(): boolean {
    const isKey = this.countDown();
    switch (this.text[this.position]) {
      case 's':
        return this.readString(isKey);
      case 'a':
        return !isKey && this.readArray();
      case 'O':
        return !isKey && this.readObject();
      case 'C':
        return !isKey && this.readCustom();
      case 'E':
        return !isKey && this.readQuoted('E:') && this.skip(ASCII.semicolon);
      default:
        return this.readScalar(isKey);
    }
  }

  /** Takes one off the innermost container; true when a key is due. */
  private countDown(): boolean {
    const last = this.open.length - 1;
    if (last < 0) return false;
    const left = this.open[last] as number;
    this.open[last] = left - 1;
    return left % 2 === 0;
  }

  private readScalar(isKey: boolean): boolean {
    if (isKey && this.text[this.position] !== 'i') return false;
    return this.skipPattern(SCALAR);
  }

  private readString(isKey: boolean): boolean {
    const digitsStart = this.position + 2;
    if (!this.readQuoted('s:') || !this.skip(ASCII.semicolon)) return false;
    if (!isKey) this.note(digitsStart, this.position - 2, false);
    return true;
  }

  private readArray(): boolean {
    if (!this.skipText('a:')) return false;
    return this.openContainer();
  }

  private readObject(): boolean {
    return this.readQuoted('O:') && this.skip(ASCII.colon) && this.openContainer();
  }

  private openContainer(): boolean {
    const count = this.readNumber();
    if (count < 0 || !this.skip(ASCII.colon) || !this.skip(ASCII.openBrace)) return false;
    this.open.push(count * 2);
    return true;
  }

  private readCustom(): boolean {
    if (!this.readQuoted('C:') || !this.skip(ASCII.colon)) return false;
    const digitsStart = this.position;
    const length = this.readNumber();
    if (length < 0 || !this.skip(ASCII.colon) || !this.skip(ASCII.openBrace)) return false;
    if (!this.jump(length)) return false;
    this.note(digitsStart, this.position, true);
    return this.skip(ASCII.closeBrace);
  }

  /** `s:3:"abc"` up to the closing quote, for any type letter. */
  private readQuoted(prefix: string): boolean {
    if (!this.skipText(prefix)) return false;
    const length = this.readNumber();
    if (length < 0 || !this.skip(ASCII.colon) || !this.skip(ASCII.quote)) return false;
    return this.jump(length) && this.skip(ASCII.quote);
  }

  private note(digitsStart: number, end: number, isCustom: boolean): void {
    const digitsEnd = this.text.indexOf(':', digitsStart);
    const start = digitsEnd + 2;
    if (this.isWanted(start, end)) this.parts.push({ digitsStart, digitsEnd, start, end, isCustom });
  }

  private readNumber(): number {
    const start = this.position;
    let value = 0;
    let code = this.text.charCodeAt(this.position);
    while (isDigit(code) && this.position - start < LONGEST_NUMBER) {
      value = value * 10 + (code - ASCII.zero);
      this.position += 1;
      code = this.text.charCodeAt(this.position);
    }
    return this.position === start ? -1 : value;
  }

  private jump(length: number): boolean {
    this.position += length;
    return this.position < this.end;
  }

  private skip(code: number): boolean {
    if (this.position >= this.end || this.text.charCodeAt(this.position) !== code) return false;
    this.position += 1;
    return true;
  }

  private skipText(expected: string): boolean {
    if (!this.text.startsWith(expected, this.position)) return false;
    this.position += expected.length;
    return true;
  }

  private skipPattern(pattern: RegExp): boolean {
    pattern.lastIndex = this.position;
    if (!pattern.test(this.text)) return false;
    this.position = pattern.lastIndex;
    return this.position <= this.end;
  }
}

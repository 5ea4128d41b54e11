import { CATALOGUE, type ErrorCode } from './catalogue.ts';

/** The one error type of the system: a stable code whose status, retryability, message and hint stand in the catalogue. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly status: number;
  readonly retryable: boolean;
  /** Facts for logs and reports; never a secret. */
  readonly detail: Readonly<Record<string, unknown>>;

  /**
   * @param code    a code of the catalogue
   * @param detail  facts that fill `{placeholders}` of the catalogue's message
   * @param options `cause`: the error below this one
   */
  constructor(code: ErrorCode, detail: Readonly<Record<string, unknown>> = {}, options: { cause?: unknown } = {}) {
    const entry = CATALOGUE[code];
    super(fill(entry.message, detail), options);
    this.code = code;
    this.hint = fill(entry.hint, detail);
    this.status = entry.status;
    this.retryable = entry.retryable;
    this.detail = detail;
  }
}

/** True for an AppError, also one made by another copy of this module. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && 'code' in error;
}

/** True when `code` is one of ours. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(CATALOGUE, code);
}

function fill(text: string, detail: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, key: string) => (key in detail ? String(detail[key]) : whole));
}

import type { JobFailure } from '@wcr/shared/contracts/jobs';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';

/**
 * The part of an error that people may see. An error without a name in the catalogue becomes `internal.unexpected`:
 * its own text may hold anything, so it stays in the worker's log.
 */
export function failureOf(error: unknown, step: string | undefined, redact: (text: string) => string): JobFailure {
  const named = isAppError(error) ? error : new AppError('internal.unexpected');
  return {
    code: named.code,
    message: redact(named.message),
    hint: redact(named.hint),
    ...(step !== undefined && { step }),
  };
}

/** True when another attempt may help; an error we haven't named is tried again. */
export function isRetryable(error: unknown): boolean {
  return !isAppError(error) || error.retryable;
}

import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import type { $ZodIssue } from 'zod/v4/core';
import type { ApiContext } from './api-env.ts';

/** Seconds after which a client may knock again, where the error does not say so itself. */
const RETRY_AFTER_SECONDS = 2;

/** Renders every error as `{error:{code,message,hint,requestId}}`; one that has no name gives nothing away. */
export function createErrorHandler(logger: Logger): (error: Error, context: ApiContext) => Response {
  return (error, context) => {
    const known = nameError(error);
    if (known.status >= 500) logger.warn({ err: error, requestId: context.get('requestId') }, known.code);
    return renderError(known, context);
  };
}

/** The answer for a named error. */
export function renderError(error: AppError, context: ApiContext): Response {
  if (error.status === 503 || error.status === 429) {
    context.header('Retry-After', String(error.detail['retryAfterSeconds'] ?? RETRY_AFTER_SECONDS));
  }
  if (error.status === 401) context.header('WWW-Authenticate', 'Bearer');
  return context.json(envelopeOf(error, context.get('requestId')), error.status as ContentfulStatusCode);
}

/** The public form of an error. */
export function envelopeOf(error: AppError, requestId: string) {
  return { error: { code: error.code, message: error.message, hint: error.hint, requestId } };
}

/** For the validators: one sentence that names each field that is wrong. @throws AppError `request.invalid` always. */
export function refuseInvalid(issues: readonly $ZodIssue[]): never {
  const reasons = issues.slice(0, 10).flatMap(describeIssue);
  throw new AppError('request.invalid', { reason: reasons.join('; ') });
}

function describeIssue(issue: $ZodIssue): string[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${[...path, key].join('.')}: is not a known field`);
  if (path.length === 0) return [issue.message];
  return [`${path.join('.')}: ${issue.message}`];
}

/** The error with a name that stands for any other. */
export function nameError(error: Error): AppError {
  if (isAppError(error)) return error;
  if (error instanceof HTTPException && error.status === 415) return new AppError('request.not_json', {}, { cause: error });
  if (error instanceof HTTPException && error.status === 400) {
    return new AppError('request.invalid', { reason: 'the body is not well-formed JSON' }, { cause: error });
  }
  return new AppError('internal.unexpected', {}, { cause: error });
}

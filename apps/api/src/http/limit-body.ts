import { AppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ApiEnv } from './api-env.ts';

/**
 * Refuses bodies above a size. Where the length is declared the HTTP server sees to it that it is true, so it is believed:
 * touching the body stream would cost more than all the rest of the check.
 * @throws AppError `request.too_large`
 */
export function limitBody(limitBytes: number): MiddlewareHandler<ApiEnv> {
  const refuse = () => {
    throw new AppError('request.too_large', { limitBytes });
  };
  const countWhileReading = bodyLimit({ maxSize: limitBytes, onError: refuse });
  return async (context, next) => {
    const { method } = context.req;
    if (method === 'GET' || method === 'HEAD') return next();
    const declared = context.req.header('content-length');
    if (declared === undefined || context.req.header('transfer-encoding') !== undefined) return countWhileReading(context, next);
    if (Number(declared) > limitBytes) refuse();
    return next();
  };
}

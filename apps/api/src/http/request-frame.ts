import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Logger } from 'pino';
import type { RequestMeter } from '../telemetry/metrics.ts';
import type { ApiContext, ApiEnv } from './api-env.ts';

const REQUEST_ID = /^[\w-]{8,64}$/;

const SECURITY_HEADERS = Object.entries({
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
});

/**
 * Around every request: an id (the client's, if it sent a usable one), security headers, one log line, one measurement.
 * Neither bodies, query strings nor headers are logged: they may carry secrets.
 */
export function frameRequest(deps: {
  logger: Logger;
  meter: RequestMeter;
  monotonicMs: () => number;
}): MiddlewareHandler<ApiEnv> {
  const { logger, meter, monotonicMs } = deps;
  return async (context, next) => {
    const startedMs = monotonicMs();
    const sent = context.req.header('x-request-id');
    const requestId = sent !== undefined && REQUEST_ID.test(sent) ? sent : randomUUID();
    context.set('requestId', requestId);
    context.header('X-Request-Id', requestId);
    for (const [name, value] of SECURITY_HEADERS) context.header(name, value);
    await next();
    const ms = monotonicMs() - startedMs;
    const { method, path } = context.req;
    const route = routeTemplateOf(context);
    const status = context.res.status;
    meter.observe({ method, route, status }, ms);
    logger.info({ requestId, method, path, route, status, ms: Math.round(ms), caller: context.get('caller')?.id }, 'request');
  };
}

/** The template of the route that answered, e.g. `/api/v1/clones/:cloneId`; never the path, which has no bound. */
function routeTemplateOf(context: ApiContext): string {
  const path = matchedRoutes(context).at(-1)?.path;
  return path === undefined || path.includes('*') ? 'unmatched' : path;
}

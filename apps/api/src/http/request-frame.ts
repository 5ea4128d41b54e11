import { randomUUID } from 'node:crypto';
import { isAppError } from '@wcr/shared/errors/app-error';
import { failSpan, inSpan, type Span } from '@wcr/shared/telemetry/spans';
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
    await traced(context, async () => {
      await next();
      const ms = monotonicMs() - startedMs;
      const { method, path } = context.req;
      const route = routeTemplateOf(context);
      const status = context.res.status;
      meter.observe({ method, route, status }, ms);
      const keyId = context.get('caller')?.id;
      logger.info({ requestId, method, path, route, status, ms: Math.round(ms), keyId }, 'request');
    });
  };
}

/** One span a request, named by its route. It goes on the trace of a client that sends one; probes and scrapes have none. */
function traced(context: ApiContext, answer: () => Promise<void>): Promise<void> {
  const { method, path } = context.req;
  if (path === '/metrics' || path.startsWith('/health/')) return answer();
  const parent = context.req.header('traceparent');
  return inSpan(method, { kind: 'server', parent, attributes: { 'http.request.method': method } }, async (span) => {
    await answer();
    describeAnswer(span, context);
  });
}

/** Neither path nor query: what a client writes there is its own. */
function describeAnswer(span: Span, context: ApiContext): void {
  if (!span.isRecording()) return;
  const { status } = context.res;
  const route = routeTemplateOf(context);
  span.updateName(`${context.req.method} ${route}`);
  span.setAttributes({
    'http.route': route,
    'http.response.status_code': status,
    'wcr.request.id': context.get('requestId'),
    'wcr.key.id': context.get('caller')?.id,
  });
  const code = isAppError(context.error) ? context.error.code : undefined;
  if (status >= 500) failSpan(span, code ?? 'internal.unexpected');
  else if (code !== undefined) span.setAttribute('error.type', code);
}

/** The template of the route that answered, e.g. `/api/v1/clones/:cloneId`; never the path, which has no bound. */
function routeTemplateOf(context: ApiContext): string {
  const path = matchedRoutes(context).at(-1)?.path;
  return path === undefined || path.includes('*') ? 'unmatched' : path;
}

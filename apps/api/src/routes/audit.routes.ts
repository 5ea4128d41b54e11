import { createRoute } from '@hono/zod-openapi';
import { AuditPage, AuditQuery, readAudit } from '../audit/read-audit.ts';
import type { ApiDeps } from '../deps.ts';
import { errorAnswers, jsonAnswer } from '../http/answers.ts';
import type { ApiApp } from '../http/api-env.ts';
import { GUARDED, guard } from '../http/guard.ts';

/** `/api/v1/audit`: who did what. */
export function addAuditRoutes(app: ApiApp, deps: ApiDeps): void {
  const route = createRoute({
    ...guard(deps, 'readAudit'),
    method: 'get',
    path: '/api/v1/audit',
    summary: 'Who did what, newest first',
    tags: ['operations'],
    request: { query: AuditQuery },
    responses: {
      200: jsonAnswer(AuditPage, 'A page; it may be short and still have a successor.'),
      ...errorAnswers(...GUARDED, 'request.invalid'),
    },
  });
  app.openapi(route, async (context) => context.json(await readAudit(deps.redis, context.req.valid('query')), 200));
}

import { performance } from 'node:perf_hooks';
import { OpenAPIHono } from '@hono/zod-openapi';
import { addAdminRoutes } from './admin/board.routes.ts';
import type { ApiDeps } from './deps.ts';
import type { ApiApp, ApiEnv } from './http/api-env.ts';
import { createErrorHandler, refuseInvalid } from './http/error-envelope.ts';
import { limitBody } from './http/limit-body.ts';
import { frameRequest } from './http/request-frame.ts';
import { answerUnmatched } from './http/unmatched.ts';
import { addAuditRoutes } from './routes/audit.routes.ts';
import { addCloneRoutes } from './routes/clones.routes.ts';
import { addDocsRoutes } from './routes/docs.routes.ts';
import { addFormerRoutes } from './routes/former.routes.ts';
import { addHealthRoutes } from './routes/health.routes.ts';
import { addJobRoutes } from './routes/jobs.routes.ts';
import { addKeyRoutes } from './routes/keys.routes.ts';
import { addRestoreRoutes } from './routes/restores.routes.ts';
import { addWebhookRoutes } from './routes/webhooks.routes.ts';

const BODY_LIMIT_BYTES = 64 * 1024;

/** The whole API: a function from Request to Response. */
export function createApp(deps: ApiDeps): ApiApp {
  const app = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) refuseInvalid(result.error.issues);
    },
  });
  app.onError(createErrorHandler(deps.logger));
  app.use(frameRequest({ logger: deps.logger, meter: deps.metrics.meter, monotonicMs: () => performance.now() }));
  app.use(limitBody(BODY_LIMIT_BYTES));
  addCloneRoutes(app, deps);
  addRestoreRoutes(app, deps);
  addJobRoutes(app, deps);
  addWebhookRoutes(app, deps);
  addFormerRoutes(app, deps);
  addAuditRoutes(app, deps);
  addKeyRoutes(app, deps);
  addHealthRoutes(app, deps);
  addDocsRoutes(app);
  if (deps.config.queueBoard === 'on') addAdminRoutes(app, deps);
  answerUnmatched(app);
  return app;
}

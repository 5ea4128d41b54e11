import { performance } from 'node:perf_hooks';
import { OpenAPIHono } from '@hono/zod-openapi';
import { addBoardRoutes } from './admin/board.routes.ts';
import type { ApiDeps } from './deps.ts';
import type { ApiApp, ApiEnv } from './http/api-env.ts';
import { createErrorHandler, refuseInvalid } from './http/error-envelope.ts';
import { limitBody } from './http/limit-body.ts';
import { frameRequest } from './http/request-frame.ts';
import { createSessions } from './http/sessions.ts';
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
import { welcomePeople } from './web/people.ts';
import { addSignInRoutes } from './web/sign-in.routes.ts';
import { addAssetRoutes, addWebRoutes } from './web/web.routes.ts';

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
  addPages(app, deps);
  answerUnmatched(app);
  return app;
}

/** What people look at in a browser, with one sign-in for all of it. */
function addPages(app: ApiApp, deps: ApiDeps): void {
  const { webPage, queueBoard } = deps.config;
  if (webPage === 'off' && queueBoard === 'off') return;
  const sessions = createSessions({ redis: deps.redis, ...deps.config });
  const people = welcomePeople(deps, sessions);
  addAssetRoutes(app);
  addSignInRoutes(app, deps, { sessions, people });
  if (webPage === 'on') addWebRoutes(app, deps, people);
  if (queueBoard === 'on') addBoardRoutes(app, deps, { sessions, people });
}

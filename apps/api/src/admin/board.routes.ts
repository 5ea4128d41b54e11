import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import { serveStatic } from '@hono/node-server/serve-static';
import { QUEUES } from '@wcr/shared/contracts/queues';
import { isAppError } from '@wcr/shared/errors/app-error';
import type { MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { hasScope } from '../access/api-keys.ts';
import { BOARD_RULES } from '../access/route-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiEnv } from '../http/api-env.ts';
import type { Sessions } from '../http/sessions.ts';
import { type People, tellProblems } from '../web/people.ts';
import { addBoardActions } from './board-actions.ts';
import { type DemandOperator, demandOperator, sendsKey } from './operator.ts';
import { QUEUE_DESCRIPTIONS } from './queue-descriptions.ts';
import { createRedact, type Redact } from './redact.ts';

const BASE = '/admin/queues';
/** Everything comes from here; the fonts the page would load from elsewhere do not. Its styles are partly in its elements. */
const BOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Bull Board at `/admin/queues`. */
export function addBoardRoutes(app: ApiApp, deps: ApiDeps, { sessions, people }: { sessions: Sessions; people: People }): void {
  const demand: DemandOperator = demandOperator(deps, sessions);
  const { redisUrl, secretsKey, secretsKeysOther, metricsToken } = deps.config;
  const redact = createRedact([secretsKey, ...secretsKeysOther, metricsToken, decodeURIComponent(new URL(redisUrl).password)]);
  app.use(`${BASE}/*`, async (context, next) => {
    context.header('Content-Security-Policy', BOARD_POLICY);
    context.header('Referrer-Policy', 'same-origin');
    await next();
  });
  app.use(`${BASE}/*`, tellPeople(people));
  app.use(`${BASE}/api/*`, tidyAnswers(redact));
  app.get('/admin', (context) => context.redirect(BASE, 303));
  addBoardActions(app, BASE, { deps, demand });
  app.use(`${BASE}/*`, ...demand(BOARD_RULES.look));
  app.get(`${BASE}/`, (context) => context.redirect(BASE, 303));
  app.route(BASE, createBoard(deps).registerPlugin());
}

/** The board itself only ever reads: whatever is changed goes through `addBoardActions`. */
function createBoard({ queues }: ApiDeps): HonoAdapter {
  const serverAdapter = new HonoAdapter(serveStatic).setBasePath(BASE);
  createBullBoard({
    queues: QUEUES.map((name) => new BullMQAdapter(queues[name], { readOnlyMode: true, description: QUEUE_DESCRIPTIONS[name] })),
    serverAdapter,
    options: {
      uiBasePath: dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))),
      uiConfig: {
        boardTitle: 'wp-clone-restore',
        miscLinks: [{ text: 'Session', url: '/sign-in' }],
        hideDocsLink: true,
        hideRedisDetails: true,
        // Would list all connections of Redis for every queue at every look.
        showWorkers: false,
        locale: { lng: 'en-US' },
      },
    },
  });
  return serverAdapter;
}

/** Tells people on a page what machines are told in JSON, and strangers where to sign in. */
function tellPeople({ viewerOf }: People): MiddlewareHandler<ApiEnv> {
  const tell = tellProblems(viewerOf);
  return (context, next) => {
    const isPage = !sendsKey(context) && context.req.header('accept')?.includes('text/html') === true;
    return isPage ? tell(context, next) : next();
  };
}

/**
 * The only way out for what the board knows of jobs, whichever of its addresses was asked: secrets are cut out, errors told
 * in the form its page shows, and those who may act are offered to.
 */
function tidyAnswers(redact: Redact): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    await next();
    if (isAppError(context.error)) {
      const { message: error, hint: message, code, status } = context.error;
      context.res = context.json({ error, message, code }, status as ContentfulStatusCode);
      return;
    }
    if (!context.res.headers.get('content-type')?.includes('json')) return;
    const answer = redact(await context.res.json());
    const mayWrite = hasScope(context.get('caller'), 'queues:write');
    context.res = context.json(mayWrite ? offerActions(answer) : answer, context.res.status as ContentfulStatusCode);
  };
}

const QueueList = z.looseObject({ queues: z.array(z.looseObject({ readOnlyMode: z.boolean() })) });

/** Tells the page to show what can be done; only failed jobs can be tried again. */
function offerActions(answer: unknown): object {
  const list = QueueList.safeParse(answer);
  if (!list.success) return answer as object;
  const offered = { readOnlyMode: false, allowRetries: true, allowCompletedRetries: false };
  return { ...list.data, queues: list.data.queues.map((queue) => ({ ...queue, ...offered })) };
}

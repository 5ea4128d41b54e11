import { createRoute, z } from '@hono/zod-openapi';
import type { ApiDeps } from '../deps.ts';
import { errorAnswers, jsonAnswer } from '../http/answers.ts';
import type { ApiApp } from '../http/api-env.ts';
import { GUARDED, guard } from '../http/guard.ts';
import { cancelJob } from '../queue/cancel-job.ts';
import { findJob } from '../queue/find-job.ts';
import { readLogs } from '../queue/job-logs.ts';
import { JobView, readJob } from '../queue/read-job.ts';
import { retryJob } from '../queue/retry-job.ts';
import { streamJob } from '../queue/stream-job.ts';

const SECURED = [...GUARDED, 'job.not_found'] as const;
const JobIdParam = z.object({
  jobId: z
    .string()
    .max(128)
    .openapi({ param: { name: 'jobId', in: 'path' }, example: 'clone-4f1c2ad09b7e63588d1c4e2f7a90b135' }),
});
const LogQuery = z.strictObject({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});
const LogPage = z.object({ lines: z.array(z.string()), total: z.number(), nextOffset: z.number().nullable() }).openapi('LogPage');

/** `/api/v1/jobs/{jobId}` and what is below it. */
export function addJobRoutes(app: ApiApp, deps: ApiDeps): void {
  addReads(app, deps);
  addLogs(app, deps);
  addEvents(app, deps);
}

function addReads(app: ApiApp, deps: ApiDeps): void {
  const shared = {
    tags: ['jobs'],
    request: { params: JobIdParam },
  };
  const one = createRoute({
    ...guard(deps, 'readJob'),
    ...shared,
    method: 'get',
    path: '/api/v1/jobs/{jobId}',
    summary: 'One job',
    responses: { 200: jsonAnswer(JobView, 'The job.'), ...errorAnswers(...SECURED) },
  });
  app.openapi(one, async (context) => {
    const owned = await findJob(deps, context.req.valid('param').jobId, context.get('caller'));
    return context.json(await readJob(deps, owned), 200);
  });

  const cancel = createRoute({
    ...guard(deps, 'cancelJob'),
    ...shared,
    method: 'post',
    path: '/api/v1/jobs/{jobId}/cancel',
    summary: 'Cancel a job that has not ended',
    description:
      'A restore may be cancelled at any time: its target is left as it was or as restored, never in between. ' +
      'A rollback that has begun to roll back goes on to its end.',
    responses: {
      202: jsonAnswer(JobView, 'It ends as `cancelled` as soon as a worker has cleaned up.'),
      ...errorAnswers(...SECURED, 'job.not_cancellable'),
    },
  });
  app.openapi(cancel, async (context) => {
    const owned = await findJob(deps, context.req.valid('param').jobId, context.get('caller'));
    await cancelJob(deps, owned);
    return context.json(await readJob(deps, owned), 202);
  });

  const retry = createRoute({
    ...guard(deps, 'retryJob'),
    ...shared,
    method: 'post',
    path: '/api/v1/jobs/{jobId}/retry',
    summary: 'Try a failed job again',
    responses: {
      202: jsonAnswer(JobView, 'The job is queued again.'),
      ...errorAnswers(...SECURED, 'job.not_retryable', 'restore.no_restore_point', 'secret.missing'),
    },
  });
  app.openapi(retry, async (context) => {
    const owned = await findJob(deps, context.req.valid('param').jobId, context.get('caller'));
    await retryJob(deps, owned);
    return context.json(await readJob(deps, owned), 202);
  });
}

function addLogs(app: ApiApp, deps: ApiDeps): void {
  const route = createRoute({
    ...guard(deps, 'readJobLog'),
    method: 'get',
    path: '/api/v1/jobs/{jobId}/logs',
    summary: 'The log of a job',
    description: 'JSON, or plain lines with `Accept: text/plain`.',
    tags: ['jobs'],
    request: { params: JobIdParam, query: LogQuery },
    responses: {
      200: {
        description: 'A page of lines, oldest first.',
        content: { 'application/json': { schema: LogPage }, 'text/plain': { schema: z.string() } },
      },
      ...errorAnswers(...SECURED, 'request.invalid'),
    },
  });
  app.openapi(route, async (context) => {
    const page = context.req.valid('query');
    const owned = await findJob(deps, context.req.valid('param').jobId, context.get('caller'));
    const { lines, total } = await readLogs(deps, owned, page);
    if (context.req.header('accept')?.startsWith('text/plain'))
      return context.text(lines.map((line) => `${line}\n`).join(''), 200);
    const next = page.offset + lines.length;
    return context.json({ lines, total, nextOffset: next < total ? next : null }, 200);
  });
}

function addEvents(app: ApiApp, deps: ApiDeps): void {
  const route = createRoute({
    ...guard(deps, 'followJob'),
    method: 'get',
    path: '/api/v1/jobs/{jobId}/events',
    summary: 'A job’s events as they happen (server-sent events)',
    description:
      'First `state` with the whole job, then `log` and `progress`, and at the end `completed` or `failed` with the whole job. ' +
      'A client that reconnects with `Last-Event-ID` gets the log lines it has not seen, and 204 after the end.',
    tags: ['jobs'],
    request: { params: JobIdParam, headers: z.object({ 'last-event-id': z.string().max(64).optional() }) },
    responses: {
      200: { description: 'The events.', content: { 'text/event-stream': { schema: z.string() } } },
      204: { description: 'The client has seen the end already.' },
      ...errorAnswers(...SECURED, 'events.too_many'),
    },
  });
  app.openapi(route, async (context) =>
    streamJob(deps, context, await findJob(deps, context.req.valid('param').jobId, context.get('caller'))),
  );
}

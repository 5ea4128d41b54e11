import { createRoute } from '@hono/zod-openapi';
import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import type { ApiDeps } from '../deps.ts';
import { errorAnswers, jsonAnswer, WITH_BODY } from '../http/answers.ts';
import type { ApiApp } from '../http/api-env.ts';
import { GUARDED, guard, noteRecord } from '../http/guard.ts';
import { linksOf } from '../queue/job-links.ts';
import { type AcceptedRestore, requestRestore } from '../restores/request-restore.ts';
import {
  NewRestore,
  RestoreAccepted,
  RestoreHeaders,
  RestoreIdParam,
  RestorePage,
  RestoreQuery,
  RestoreView,
} from '../restores/restore-bodies.ts';
import { viewRestore } from '../restores/restore-view.ts';
import { requestRollback } from '../restores/roll-back.ts';

/** `/api/v1/restores` and what is below it. */
export function addRestoreRoutes(app: ApiApp, deps: ApiDeps): void {
  addCreate(app, deps);
  addReads(app, deps);
  addRollback(app, deps);
}

function addCreate(app: ApiApp, deps: ApiDeps): void {
  const route = createRoute({
    ...guard(deps, 'createRestore'),
    method: 'post',
    path: '/api/v1/restores',
    summary: 'Restore a clone, or another site, to a live site',
    description:
      'Writes what was changed in the clone and leaves alone what came in at the target meanwhile. Where both changed the ' +
      'same, the job fails with `restore.target_changed` before anything is written, unless `overwriteTargetChanges` is set. ' +
      'With `dryRun` the report of the restore tells what would be done.',
    tags: ['restores'],
    request: {
      headers: RestoreHeaders,
      body: { required: true, content: { 'application/json': { schema: NewRestore } } },
    },
    responses: {
      202: jsonAnswer(RestoreAccepted, 'The restore is queued; its job tells how far it is.'),
      ...errorAnswers(
        ...GUARDED,
        ...WITH_BODY,
        'request.idempotency_conflict',
        'source.address_refused',
        'target.address_refused',
        'webhook.address_refused',
        'webhook.no_secret',
        'clone.not_found',
        'clone.not_ready',
        'restore.not_found',
      ),
    },
  });
  app.openapi(route, async (context) => {
    const accepted = await requestRestore(deps, {
      body: context.req.valid('json'),
      caller: context.get('caller'),
      idempotencyKey: context.req.valid('header')['idempotency-key'],
      requestId: context.get('requestId'),
    });
    noteRecord(context, accepted.id);
    return context.json(acceptedBody(accepted, deps.config.publicUrl), 202);
  });
}

function addReads(app: ApiApp, deps: ApiDeps): void {
  const { restores, config } = deps;
  const shared = { tags: ['restores'] };
  const list = createRoute({
    ...guard(deps, 'listRestores'),
    ...shared,
    method: 'get',
    path: '/api/v1/restores',
    summary: 'List restores, newest first',
    request: { query: RestoreQuery },
    responses: {
      200: jsonAnswer(RestorePage, 'A page; it may be short and still have a successor.'),
      ...errorAnswers(...GUARDED, 'request.invalid'),
    },
  });
  app.openapi(list, async (context) => {
    const { targetUrl, ...page } = context.req.valid('query');
    const isWanted = (record: RestoreRecord) => targetUrl === undefined || record.targetUrl === targetUrl;
    const { records, nextCursor } = await restores.list(context.get('caller'), page, isWanted);
    return context.json({ restores: records.map((record) => viewRestore(record, config.publicUrl)), nextCursor }, 200);
  });

  const one = createRoute({
    ...guard(deps, 'readRestore'),
    ...shared,
    method: 'get',
    path: '/api/v1/restores/{restoreId}',
    summary: 'One restore, with its report',
    request: { params: RestoreIdParam },
    responses: { 200: jsonAnswer(RestoreView, 'The restore.'), ...errorAnswers(...GUARDED, 'restore.not_found') },
  });
  app.openapi(one, async (context) => {
    const record = await restores.read(context.req.valid('param').restoreId, context.get('caller'));
    return context.json(viewRestore(record, config.publicUrl), 200);
  });
}

function addRollback(app: ApiApp, deps: ApiDeps): void {
  const route = createRoute({
    ...guard(deps, 'rollBackRestore'),
    tags: ['restores'],
    method: 'post',
    path: '/api/v1/restores/{restoreId}/rollback',
    summary: 'Roll a restore back to its restore point',
    description:
      'Puts back what the restore replaced and leaves alone what visitors have written since. Idempotent: while a rollback ' +
      'is under way, repeating it names the same job; after a failed one it starts a new one.',
    request: { params: RestoreIdParam },
    responses: {
      202: jsonAnswer(RestoreAccepted, 'The rollback is queued; its job tells how far it is.'),
      ...errorAnswers(...GUARDED, 'restore.not_found', 'restore.no_restore_point'),
    },
  });
  app.openapi(route, async (context) => {
    const accepted = await requestRollback(deps, {
      restoreId: context.req.valid('param').restoreId,
      caller: context.get('caller'),
      requestId: context.get('requestId'),
    });
    return context.json(acceptedBody(accepted, deps.config.publicUrl), 202);
  });
}

/** The answer to a request that became a job. */
function acceptedBody({ id, status, jobId }: AcceptedRestore, publicUrl: string | undefined) {
  return { restore: { id, status }, job: linksOf(jobId, publicUrl) };
}

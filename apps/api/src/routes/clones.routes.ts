import { createRoute } from '@hono/zod-openapi';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Caller } from '../access/api-keys.ts';
import { changeExpiry, deleteClone } from '../clones/change-clone.ts';
import {
  CloneAccepted,
  CloneHeaders,
  CloneIdParam,
  ClonePage,
  CloneQuery,
  CloneView,
  Credentials,
  changeCloneSchema,
  LoginLink,
  newCloneSchema,
} from '../clones/clone-bodies.ts';
import { viewClone } from '../clones/clone-view.ts';
import { createLoginLink } from '../clones/login-link.ts';
import { type AcceptedClone, requestClone } from '../clones/request-clone.ts';
import type { ApiDeps } from '../deps.ts';
import { errorAnswers, jsonAnswer, WITH_BODY } from '../http/answers.ts';
import type { ApiApp } from '../http/api-env.ts';
import { GUARDED, guard, noteRecord } from '../http/guard.ts';
import { linksOf } from '../queue/job-links.ts';

/** `/api/v1/clones` and what is below it. */
export function addCloneRoutes(app: ApiApp, deps: ApiDeps): void {
  addCreate(app, deps);
  addReads(app, deps);
  addLogins(app, deps);
  addChanges(app, deps);
}

function addCreate(app: ApiApp, deps: ApiDeps): void {
  const route = createRoute({
    ...guard(deps, 'createClone'),
    method: 'post',
    path: '/api/v1/clones',
    summary: 'Clone a site',
    tags: ['clones'],
    request: {
      headers: CloneHeaders,
      body: { required: true, content: { 'application/json': { schema: newCloneSchema(deps.config.maxTtlMinutes) } } },
    },
    responses: {
      202: jsonAnswer(CloneAccepted, 'The clone is queued; its job tells how far it is.'),
      ...errorAnswers(
        ...GUARDED,
        ...WITH_BODY,
        'request.idempotency_conflict',
        'source.address_refused',
        'webhook.address_refused',
        'webhook.no_secret',
        'quota.exceeded',
        'quota.key_exceeded',
      ),
    },
  });
  app.openapi(route, async (context) => {
    const accepted = await requestClone(deps, {
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
  const { clones, config } = deps;
  const shared = { tags: ['clones'] };
  const list = createRoute({
    ...guard(deps, 'listClones'),
    ...shared,
    method: 'get',
    path: '/api/v1/clones',
    summary: 'List clones, newest first',
    request: { query: CloneQuery },
    responses: {
      200: jsonAnswer(ClonePage, 'A page; it may be short and still have a successor.'),
      ...errorAnswers(...GUARDED, 'request.invalid'),
    },
  });
  app.openapi(list, async (context) => {
    const { sourceUrl, ...page } = context.req.valid('query');
    const isWanted = (record: CloneRecord) => sourceUrl === undefined || record.sourceUrl === sourceUrl;
    const { records, nextCursor } = await clones.list(context.get('caller'), page, isWanted);
    return context.json({ clones: records.map((record) => viewClone(record, config.publicUrl)), nextCursor }, 200);
  });

  const one = createRoute({
    ...guard(deps, 'readClone'),
    ...shared,
    method: 'get',
    path: '/api/v1/clones/{cloneId}',
    summary: 'One clone',
    request: { params: CloneIdParam },
    responses: { 200: jsonAnswer(CloneView, 'The clone.'), ...errorAnswers(...GUARDED, 'clone.not_found') },
  });
  app.openapi(one, async (context) => {
    const record = await clones.read(context.req.valid('param').cloneId, context.get('caller'));
    return context.json(viewClone(record, config.publicUrl), 200);
  });
}

/** Two ways to sign in to a clone: its administrator's password, and a link. */
function addLogins(app: ApiApp, deps: ApiDeps): void {
  const { clones } = deps;
  const shared = { tags: ['clones'], request: { params: CloneIdParam } };
  const missing = ['clone.not_found', 'clone.not_ready', 'clone.credentials_missing'] as const;
  const open = async (cloneId: string, caller: Caller) => {
    const record = await clones.read(cloneId, caller);
    if (record.status !== 'ready') throw new AppError('clone.not_ready', { cloneId, status: record.status });
    return { record, credentials: await clones.credentials(cloneId) };
  };
  const password = createRoute({
    ...guard(deps, 'readCredentials'),
    ...shared,
    method: 'get',
    path: '/api/v1/clones/{cloneId}/credentials',
    summary: 'The login of the clone’s own administrator',
    responses: { 200: jsonAnswer(Credentials, 'User name, password and login page.'), ...errorAnswers(...GUARDED, ...missing) },
  });
  app.openapi(password, async (context) => {
    const { credentials } = await open(context.req.valid('param').cloneId, context.get('caller'));
    return context.json(Credentials.parse(credentials), 200);
  });

  const link = createRoute({
    ...guard(deps, 'createLoginLink'),
    ...shared,
    method: 'post',
    path: '/api/v1/clones/{cloneId}/login-links',
    summary: 'A link that signs in to the clone, once',
    description:
      'Signs its first visitor in as the clone’s own administrator, within a minute. It is a secret: open it in a browser, ' +
      'do not send it to people. What it shows the clone stands behind the `#`, so that no server’s log has it.',
    responses: {
      201: jsonAnswer(LoginLink, 'The link, and until when it can be used.'),
      ...errorAnswers(...GUARDED, ...missing, 'clone.login_links_unsupported'),
    },
  });
  app.openapi(link, async (context) => {
    const { record, credentials } = await open(context.req.valid('param').cloneId, context.get('caller'));
    const { url, expiresAt } = createLoginLink(record, credentials, deps.now());
    context.header('Cache-Control', 'no-store');
    return context.json({ url, expiresAt: new Date(expiresAt).toISOString() }, 201);
  });
}

function addChanges(app: ApiApp, deps: ApiDeps): void {
  const { config } = deps;
  const shared = { tags: ['clones'] };
  const change = createRoute({
    ...guard(deps, 'changeClone'),
    ...shared,
    method: 'patch',
    path: '/api/v1/clones/{cloneId}',
    summary: 'Extend or shorten the life of a clone',
    description: 'Possible as soon as a worker has taken the clone up.',
    request: {
      params: CloneIdParam,
      body: { required: true, content: { 'application/json': { schema: changeCloneSchema(config.maxTtlMinutes) } } },
    },
    responses: {
      200: jsonAnswer(CloneView, 'The clone with its new expiry.'),
      ...errorAnswers(...GUARDED, ...WITH_BODY, 'clone.not_found', 'clone.ended', 'clone.not_ready'),
    },
  });
  app.openapi(change, async (context) => {
    const record = await changeExpiry(deps, {
      cloneId: context.req.valid('param').cloneId,
      change: context.req.valid('json'),
      caller: context.get('caller'),
      requestId: context.get('requestId'),
    });
    return context.json(viewClone(record, config.publicUrl), 200);
  });

  const remove = createRoute({
    ...guard(deps, 'deleteClone'),
    ...shared,
    method: 'delete',
    path: '/api/v1/clones/{cloneId}',
    summary: 'Let a clone expire now',
    description: 'Idempotent: repeating it names the same job. A clone that is still being made is cancelled.',
    request: { params: CloneIdParam },
    responses: { 202: jsonAnswer(CloneAccepted, 'The clone is going.'), ...errorAnswers(...GUARDED, 'clone.not_found') },
  });
  app.openapi(remove, async (context) => {
    const deleted = await deleteClone(deps, {
      cloneId: context.req.valid('param').cloneId,
      caller: context.get('caller'),
      requestId: context.get('requestId'),
    });
    return context.json(acceptedBody(deleted, config.publicUrl), 202);
  });
}

/** The answer to a request that became a job. */
export function acceptedBody({ id, url, status, jobId }: AcceptedClone, publicUrl: string | undefined) {
  return { clone: { id, url, status }, job: linksOf(jobId, publicUrl) };
}

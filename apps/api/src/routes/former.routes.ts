import { createRoute, z } from '@hono/zod-openapi';
import { JobProgress } from '@wcr/shared/contracts/jobs';
import { idInAddress } from '@wcr/shared/domain/clone-address';
import { CloneIdField, newCloneSchema, ttlMinutesSchema } from '../clones/clone-bodies.ts';
import { requestClone } from '../clones/request-clone.ts';
import type { ApiDeps } from '../deps.ts';
import { errorAnswers, jsonAnswer, WITH_BODY } from '../http/answers.ts';
import type { ApiApp } from '../http/api-env.ts';
import { refuseInvalid } from '../http/error-envelope.ts';
import { GUARDED, guard, noteRecord } from '../http/guard.ts';
import { findJob } from '../queue/find-job.ts';
import { linksOf } from '../queue/job-links.ts';
import { JobStatus, readJob } from '../queue/read-job.ts';
import { requestRestore } from '../restores/request-restore.ts';
import { NewRestore } from '../restores/restore-bodies.ts';
import { normaliseSiteAddress } from '../sites/site-address.ts';
import { SiteFields } from '../sites/site-bodies.ts';

const shared = { tags: ['former clients'], deprecated: true };

/** Addresses and field names of the time before `/api/v1`: translated at the edge, nothing else. */
export function addFormerRoutes(app: ApiApp, deps: ApiDeps): void {
  addClone(app, deps);
  addRestore(app, deps);
  addJobStatus(app, deps);
  addHealth(app, deps);
}

const FormerSite = z.strictObject({ url: SiteFields.url, username: SiteFields.username, password: SiteFields.password });

function formerCloneSchema(maxTtlMinutes: number) {
  return z
    .strictObject({
      source: FormerSite,
      auto_provision: z
        .literal(true, 'only true is possible: a clone is always made anew')
        .optional()
        .openapi({ description: 'Clones are always provisioned.' }),
      ttl_minutes: ttlMinutesSchema(maxTtlMinutes).optional(),
    })
    .openapi('FormerClone', {
      example: {
        source: { url: 'https://shop.example', username: 'admin', password: 'correct horse battery staple' },
        auto_provision: true,
        ttl_minutes: 60,
      },
    });
}

const FormerAccepted = z
  .object({ success: z.literal(true), job_id: z.string(), clone_id: z.string(), clone_url: z.string(), status_url: z.string() })
  .openapi('FormerAccepted');

function addClone(app: ApiApp, deps: ApiDeps): void {
  const { maxTtlMinutes, publicUrl } = deps.config;
  const current = newCloneSchema(maxTtlMinutes);
  const route = createRoute({
    ...guard(deps, 'formerCreateClone'),
    ...shared,
    method: 'post',
    path: '/clone',
    summary: 'As POST /api/v1/clones, with the field names of former clients',
    request: { body: { required: true, content: { 'application/json': { schema: formerCloneSchema(maxTtlMinutes) } } } },
    responses: {
      202: jsonAnswer(FormerAccepted, 'The clone is queued.'),
      ...errorAnswers(...GUARDED, ...WITH_BODY, 'source.address_refused', 'quota.exceeded', 'quota.key_exceeded'),
    },
  });
  app.openapi(route, async (context) => {
    const { source, ttl_minutes: ttlMinutes } = context.req.valid('json');
    const body = current.safeParse({ source, ttlMinutes });
    if (!body.success) refuseInvalid(body.error.issues);
    const caller = context.get('caller');
    const accepted = await requestClone(deps, { body: body.data, caller, requestId: context.get('requestId') });
    noteRecord(context, accepted.id);
    const answer = {
      success: true as const,
      job_id: accepted.jobId,
      clone_id: accepted.id,
      clone_url: accepted.url,
      status_url: formerStatusUrl(accepted.jobId, publicUrl),
    };
    return context.json(answer, 202);
  });
}

const FormerRestore = z
  .strictObject({
    source: FormerSite,
    target: FormerSite,
    preserve_plugins: z.boolean().optional(),
    preserve_themes: z.boolean().optional(),
  })
  .openapi('FormerRestore', {
    example: {
      source: { url: 'https://staging.shop.example', username: 'admin', password: 'correct horse battery staple' },
      target: { url: 'https://shop.example', username: 'admin', password: 'battery staple correct horse' },
      preserve_plugins: true,
      preserve_themes: false,
    },
  });

const FormerRestoreAccepted = z
  .object({ success: z.literal(true), job_id: z.string(), restore_id: z.string(), status_url: z.string() })
  .openapi('FormerRestoreAccepted');

function addRestore(app: ApiApp, deps: ApiDeps): void {
  const { clonesUrl, publicUrl } = deps.config;
  const route = createRoute({
    ...guard(deps, 'formerCreateRestore'),
    ...shared,
    method: 'post',
    path: '/restore',
    summary: 'As POST /api/v1/restores, with the field names of former clients',
    description:
      'A source whose address is that of a clone is taken for this clone: its changes are restored, not its whole state.',
    request: { body: { required: true, content: { 'application/json': { schema: FormerRestore } } } },
    responses: {
      202: jsonAnswer(FormerRestoreAccepted, 'The restore is queued.'),
      ...errorAnswers(
        ...GUARDED,
        ...WITH_BODY,
        'source.address_refused',
        'target.address_refused',
        'clone.not_found',
        'clone.not_ready',
      ),
    },
  });
  app.openapi(route, async (context) => {
    const { source, target, preserve_plugins: preservePlugins, preserve_themes: preserveThemes } = context.req.valid('json');
    const cloneId = cloneIdAt(source.url, clonesUrl);
    const from = cloneId === undefined ? { source } : { cloneId };
    const body = NewRestore.safeParse({ ...from, target, preservePlugins, preserveThemes });
    if (!body.success) refuseInvalid(body.error.issues);
    const caller = context.get('caller');
    const { id, jobId } = await requestRestore(deps, { body: body.data, caller, requestId: context.get('requestId') });
    noteRecord(context, id);
    const answer = { success: true as const, job_id: jobId, restore_id: id, status_url: formerStatusUrl(jobId, publicUrl) };
    return context.json(answer, 202);
  });
}

/** The clone that is served at an address: former clients know clones by nothing else. */
function cloneIdAt(url: string, clonesUrl: string): string | undefined {
  return CloneIdField.safeParse(idInAddress(normaliseSiteAddress(clonesUrl), url)).data;
}

function formerStatusUrl(jobId: string, publicUrl: string | undefined): string {
  return linksOf(jobId, publicUrl).statusUrl.replace('/api/v1/jobs/', '/api/v2/job-status/');
}

const FormerJob = z
  .object({
    job_id: z.string(),
    status: JobStatus,
    clone_id: z.string().optional(),
    restore_id: z.string().optional(),
    progress: JobProgress.optional(),
    result: z.unknown().optional(),
    error: z.string().optional(),
  })
  .openapi('FormerJob');

function addJobStatus(app: ApiApp, deps: ApiDeps): void {
  const route = createRoute({
    ...guard(deps, 'formerReadJob'),
    ...shared,
    method: 'get',
    path: '/api/v2/job-status/{jobId}',
    summary: 'As GET /api/v1/jobs/{jobId}, with the field names of former clients',
    request: { params: z.object({ jobId: z.string().max(128) }) },
    responses: { 200: jsonAnswer(FormerJob, 'The job.'), ...errorAnswers(...GUARDED, 'job.not_found') },
  });
  app.openapi(route, async (context) => {
    const owned = await findJob(deps, context.req.valid('param').jobId, context.get('caller'));
    const { id, status, cloneId, restoreId, progress, result, error } = await readJob(deps, owned);
    const job = { job_id: id, status, clone_id: cloneId, restore_id: restoreId, progress, result, error: error?.message };
    return context.json(job, 200);
  });
}

function addHealth(app: ApiApp, { health }: ApiDeps): void {
  const route = createRoute({
    tags: shared.tags,
    deprecated: true,
    method: 'get',
    path: '/health',
    operationId: 'formerHealth',
    summary: 'As GET /health/ready',
    responses: {
      200: jsonAnswer(z.object({ status: z.literal('healthy') }), 'Requests would succeed.'),
      ...errorAnswers('queue.unavailable'),
    },
  });
  app.openapi(route, async (context) => {
    await health.assertReady();
    return context.json({ status: 'healthy' as const }, 200);
  });
}

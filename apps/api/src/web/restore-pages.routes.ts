import { randomUUID } from 'node:crypto';
import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import { hasScope } from '../access/api-keys.ts';
import { ROUTE_RULES, WEB_RULES } from '../access/route-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiContext } from '../http/api-env.ts';
import { noteRecord } from '../http/guard.ts';
import { requestRestore } from '../restores/request-restore.ts';
import { NewRestore } from '../restores/restore-bodies.ts';
import { reasonAgainstRollback, requestRollback } from '../restores/roll-back.ts';
import { checkForm, EMPTY_FORM, type FormState, nestFields, readTyped, type Typed } from './form.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { restoreFormPage } from './pages/restore-form-page.ts';
import { type RestorePage, restorePage } from './pages/restore-page.ts';
import { siteName } from './parts/format.ts';
import type { Html } from './parts/html.ts';
import { siteFieldNames } from './parts/site-fields.ts';
import { assertMayLook, type People, type ShowAgain } from './people.ts';
import { readJobIfKept } from './read-job-if-kept.ts';

const PRESERVE = ['preservePlugins', 'preserveThemes', 'preserveUploads'] as const;

/** `/clones/…/restore` and `/restores/…`, and what their forms send. */
export function addRestorePages(app: ApiApp, deps: ApiDeps, people: People): void {
  addPreview(app, deps, people);
  addRestore(app, deps, people);
}

/** A restore from here always begins with its preview. */
function addPreview(app: ApiApp, deps: ApiDeps, people: People): void {
  const show = async (context: ApiContext, form: FormState) => {
    assertMayLook(context, 'clones:read');
    const clone = await deps.clones.read(context.req.param('cloneId') ?? '', context.get('caller'));
    return restoreFormPage({ viewer: people.viewerOf(context), clone, form, idempotencyKey: randomUUID() });
  };

  app.get('/clones/:cloneId/restore', ...people.admit(WEB_RULES.planRestore), async (context) =>
    context.html(await show(context, EMPTY_FORM)),
  );

  app.post('/clones/:cloneId/restore', ...people.admit(ROUTE_RULES.createRestore, show), async (context) => {
    const typed = await readTyped(context);
    const preserve = Object.fromEntries(PRESERVE.map((name) => [name, typed[name] === 'on']));
    const target = nestFields(typed, siteFieldNames('target'));
    const body = { target: {}, ...target, ...preserve, cloneId: context.req.param('cloneId'), dryRun: true };
    return begin(deps, context, checkForm(NewRestore, body), typed);
  });
}

function addRestore(app: ApiApp, deps: ApiDeps, people: People): void {
  const show = (context: ApiContext, more: Partial<RestorePage>) => showRestore(deps, people, context, more);
  const again: ShowAgain = (context, confirm) => show(context, { confirm });

  app.get('/restores/:restoreId', ...people.admit(ROUTE_RULES.readRestore), async (context) =>
    context.html(await show(context, { notice: context.req.query('done') })),
  );

  app.post('/restores/:restoreId/confirm', ...people.admit(ROUTE_RULES.createRestore, again), async (context) => {
    assertMayLook(context, 'restores:read');
    const typed = await readTyped(context);
    const preview = await deps.restores.read(context.req.param('restoreId'), context.get('caller'));
    assertConfirmed(preview, typed);
    return begin(deps, context, checkForm(NewRestore, confirmedBody(preview, typed)), typed);
  });

  app.post('/restores/:restoreId/rollback', ...people.admit(ROUTE_RULES.rollBackRestore, again), async (context) => {
    const restoreId = context.req.param('restoreId');
    const request = { restoreId, caller: context.get('caller'), requestId: context.get('requestId') };
    const { id } = await requestRollback(deps, request);
    return context.redirect(`/restores/${id}?done=rolling-back`, 303);
  });
}

async function begin(deps: ApiDeps, context: ApiContext, body: NewRestore, typed: Typed): Promise<Response> {
  const idempotencyKey = idempotencyKeyOf(typed);
  const request = { body, caller: context.get('caller'), requestId: context.get('requestId') };
  const accepted = await requestRestore(deps, { ...request, idempotencyKey });
  noteRecord(context, accepted.id);
  return context.redirect(`/restores/${accepted.id}`, 303);
}

/** @throws AppError `request.invalid` unless the name of the site was typed */
function assertConfirmed({ targetUrl }: RestoreRecord, { confirmation = '' }: Typed): void {
  const site = siteName(targetUrl);
  if (confirmation.trim().toLowerCase() === site.toLowerCase()) return;
  const fields = { confirmation: `must be ${site}` };
  throw new AppError('request.invalid', { reason: `type ${site} to confirm.`, fields });
}

/** What was previewed, this time in earnest. */
function confirmedBody({ cloneId, targetUrl, options }: RestoreRecord, typed: Typed): object {
  const login = nestFields(typed, siteFieldNames('target'))['target'] as object | undefined;
  const overwriteTargetChanges = typed['overwriteTargetChanges'] === 'on';
  return { cloneId, ...options, overwriteTargetChanges, dryRun: false, target: { ...login, url: targetUrl } };
}

async function showRestore(deps: ApiDeps, people: People, context: ApiContext, more: Partial<RestorePage>): Promise<Html> {
  assertMayLook(context, 'restores:read');
  const caller = context.get('caller');
  const restore = await deps.restores.read(context.req.param('restoreId') ?? '', caller);
  const jobId = restore.rollbackJobId ?? restore.jobId;
  return restorePage({
    viewer: people.viewerOf(context),
    restore,
    job: hasScope(caller, 'jobs:read') ? await readJobIfKept(deps, jobId, caller) : undefined,
    noWayBack: reasonAgainstRollback(restore, deps.now()),
    idempotencyKey: randomUUID(),
    ...more,
  });
}

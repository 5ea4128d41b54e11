import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { AppError } from '@wcr/shared/errors/app-error';
import { hasScope } from '../access/api-keys.ts';
import { ROUTE_RULES } from '../access/route-rules.ts';
import { changeExpiry, deleteClone, deleteJobIdOf } from '../clones/change-clone.ts';
import { changeCloneSchema } from '../clones/clone-bodies.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiContext } from '../http/api-env.ts';
import { checkForm, readTyped } from './form.ts';
import { type ClonePage, clonePage } from './pages/clone-page.ts';
import type { Html } from './parts/html.ts';
import { assertMayLook, type People, type ShowAgain } from './people.ts';
import { readJobIfKept } from './read-job-if-kept.ts';

/** Restores that are looked through for those of a clone. */
const RESTORES_READ = 100;

/** `/clones/…`, and what its forms send. */
export function addClonePages(app: ApiApp, deps: ApiDeps, people: People): void {
  const show = (context: ApiContext, more: Partial<ClonePage>) => showClone(deps, people, context, more);
  const again: ShowAgain = (context, refused) => show(context, { refused });
  const named = (context: ApiContext) => ({
    cloneId: context.req.param('cloneId') ?? '',
    caller: context.get('caller'),
    requestId: context.get('requestId'),
  });

  app.get('/clones/:cloneId', ...people.admit(ROUTE_RULES.readClone), async (context) =>
    context.html(await show(context, { notice: context.req.query('done') })),
  );

  app.post('/clones/:cloneId/credentials', ...people.admit(ROUTE_RULES.readCredentials, again), async (context) => {
    const { cloneId, caller } = named(context);
    const { id, status } = await deps.clones.read(cloneId, caller);
    if (status !== 'ready') throw new AppError('clone.not_ready', { cloneId: id, status });
    return context.html(await show(context, { credentials: await deps.clones.credentials(id) }));
  });

  app.post('/clones/:cloneId/expiry', ...people.admit(ROUTE_RULES.changeClone, again), async (context) => {
    const { ttlMinutes } = await readTyped(context);
    const change = checkForm(changeCloneSchema(deps.config.maxTtlMinutes), { ttlMinutes: Number(ttlMinutes) });
    const { id } = await changeExpiry(deps, { ...named(context), change });
    return context.redirect(`/clones/${id}?done=extended`, 303);
  });

  app.post('/clones/:cloneId/delete', ...people.admit(ROUTE_RULES.deleteClone, again), async (context) => {
    const { id } = await deleteClone(deps, named(context));
    return context.redirect(`/clones/${id}?done=deleting`, 303);
  });
}

async function showClone(deps: ApiDeps, people: People, context: ApiContext, more: Partial<ClonePage>): Promise<Html> {
  assertMayLook(context, 'clones:read');
  const caller = context.get('caller');
  const clone = await deps.clones.read(context.req.param('cloneId') ?? '', caller);
  const [job, restores] = await Promise.all([
    hasScope(caller, 'jobs:read') ? readJobIfKept(deps, jobIdOf(clone), caller) : undefined,
    hasScope(caller, 'restores:read') ? deps.restores.list(caller, { limit: RESTORES_READ }) : undefined,
  ]);
  return clonePage({
    viewer: people.viewerOf(context),
    clone,
    job,
    restores: restores?.records.filter(({ cloneId }) => cloneId === clone.id),
    maxTtlMinutes: deps.config.maxTtlMinutes,
    ...more,
  });
}

/** What is at work on the clone, or was. */
function jobIdOf({ id, status, jobId }: CloneRecord): string {
  return status === 'expiring' ? deleteJobIdOf(id) : jobId;
}

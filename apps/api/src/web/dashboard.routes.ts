import { randomUUID } from 'node:crypto';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import { type Caller, hasScope } from '../access/api-keys.ts';
import { ROUTE_RULES, WEB_RULES } from '../access/route-rules.ts';
import { newCloneSchema } from '../clones/clone-bodies.ts';
import { requestClone } from '../clones/request-clone.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiContext } from '../http/api-env.ts';
import { PageQuery } from '../http/common-bodies.ts';
import { noteRecord } from '../http/guard.ts';
import { checkForm, EMPTY_FORM, type FormState, listOf, nestFields, readTyped, type Typed } from './form.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { dashboardPage, type RecentJob } from './pages/dashboard-page.ts';
import { siteName } from './parts/format.ts';
import type { Html } from './parts/html.ts';
import { siteFieldNames } from './parts/site-fields.ts';
import type { People } from './people.ts';
import { readQueueHealth } from './queue-health.ts';
import { readJobIfKept } from './read-job-if-kept.ts';

const CLONES_SHOWN = 20;
const JOBS_SHOWN = 8;

/** `/`, and what its form sends. */
export function addDashboard(app: ApiApp, deps: ApiDeps, people: People): void {
  const schema = newCloneSchema(deps.config.maxTtlMinutes);
  const show = (context: ApiContext, form: FormState) => showDashboard(deps, people, context, form);

  app.get('/', ...people.admit(WEB_RULES.look), async (context) => context.html(await show(context, EMPTY_FORM)));

  app.post('/clones', ...people.admit(ROUTE_RULES.createClone, show), async (context) => {
    const typed = await readTyped(context);
    const accepted = await requestClone(deps, {
      body: checkForm(schema, newCloneBody(typed)),
      caller: context.get('caller'),
      idempotencyKey: idempotencyKeyOf(typed),
      requestId: context.get('requestId'),
    });
    noteRecord(context, accepted.id);
    return context.redirect(`/clones/${accepted.id}`, 303);
  });
}

/** The body of the call that the form stands for. */
function newCloneBody(typed: Typed): object {
  const body = nestFields(typed, [...siteFieldNames('source'), 'name']);
  const exclude = { paths: listOf(typed['exclude.paths']), tables: listOf(typed['exclude.tables']) };
  const isExcluding = exclude.paths.length + exclude.tables.length > 0;
  const ttlMinutes = typed['ttlMinutes'] ? { ttlMinutes: Number(typed['ttlMinutes']) } : {};
  return { source: {}, ...body, ...ttlMinutes, ...(isExcluding && { exclude }) };
}

async function showDashboard(deps: ApiDeps, people: People, context: ApiContext, newClone: FormState): Promise<Html> {
  const caller = context.get('caller');
  const page = { limit: CLONES_SHOWN, cursor: PageQuery.shape.cursor.safeParse(context.req.query('cursor')).data };
  const [health, clones] = await Promise.all([
    readQueueHealth(deps),
    hasScope(caller, 'clones:read') ? deps.clones.list(caller, page) : undefined,
  ]);
  return dashboardPage({
    viewer: people.viewerOf(context),
    clones,
    jobs: hasScope(caller, 'jobs:read') ? await recentJobs(deps, caller, clones?.records ?? []) : undefined,
    health,
    newClone,
    idempotencyKey: randomUUID(),
    maxTtlMinutes: deps.config.maxTtlMinutes,
    notice: context.req.query('done'),
  });
}

type NamedJob = Omit<RecentJob, 'job'> & { readonly jobId: string; readonly at: number };

/** The jobs of the newest clones and restores, newest first; of those that are forgotten by now nothing is told. */
async function recentJobs(deps: ApiDeps, caller: Caller, clones: readonly CloneRecord[]): Promise<RecentJob[]> {
  const restores = hasScope(caller, 'restores:read') ? (await deps.restores.list(caller, { limit: JOBS_SHOWN })).records : [];
  const named = [...clones.map(jobOfClone), ...restores.flatMap(jobsOfRestore)].sort((a, b) => b.at - a.at);
  const read = async ({ jobId, what, of }: NamedJob) => ({ job: await readJobIfKept(deps, jobId, caller), what, of });
  const jobs = await Promise.all(named.slice(0, JOBS_SHOWN).map(read));
  return jobs.flatMap(({ job, ...words }) => (job === undefined ? [] : { job, ...words }));
}

function jobOfClone({ jobId, createdAt, name, sourceUrl }: CloneRecord): NamedJob {
  return { jobId, at: createdAt, what: 'Clone', of: name ?? siteName(sourceUrl) };
}

function jobsOfRestore({ jobId, rollbackJobId, createdAt, endedAt, options, targetUrl }: RestoreRecord): NamedJob[] {
  const of = siteName(targetUrl);
  const own = { jobId, at: createdAt, what: options.dryRun ? 'Preview' : 'Restore', of };
  if (rollbackJobId === undefined) return [own];
  return [own, { jobId: rollbackJobId, at: endedAt ?? createdAt, what: 'Rollback', of }];
}

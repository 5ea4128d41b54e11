import { ROUTE_RULES } from '../access/route-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiContext } from '../http/api-env.ts';
import { cancelJob } from '../queue/cancel-job.ts';
import { findJob, type OwnedJob } from '../queue/find-job.ts';
import { readLogs } from '../queue/job-logs.ts';
import { readJob } from '../queue/read-job.ts';
import { retryJob } from '../queue/retry-job.ts';
import { streamJob } from '../queue/stream-job.ts';
import { type JobPage, jobPage } from './pages/job-page.ts';
import type { Html } from './parts/html.ts';
import { assertMayLook, type People, type ShowAgain } from './people.ts';

/** The end of a log that a page shows; the rest is asked of the API. */
const LINES_SHOWN = 200;

/** `/jobs/…`, and what its forms send. */
export function addJobPages(app: ApiApp, deps: ApiDeps, people: People): void {
  const again: ShowAgain = (context, refused) => showJob(deps, people, context, { refused });
  const find = (context: ApiContext): Promise<OwnedJob> => findJob(deps, context.req.param('jobId') ?? '', context.get('caller'));

  app.get('/jobs/:jobId', ...people.admit(ROUTE_RULES.readJob), async (context) =>
    context.html(await showJob(deps, people, context, { notice: context.req.query('done') })),
  );

  app.get('/jobs/:jobId/events', ...people.admitScript(ROUTE_RULES.followJob), async (context) =>
    streamJob(deps, context, await find(context)),
  );

  app.post('/jobs/:jobId/cancel', ...people.admit(ROUTE_RULES.cancelJob, again), async (context) => {
    const owned = await find(context);
    await cancelJob(deps, owned);
    return context.redirect(`/jobs/${owned.jobId}?done=cancelling`, 303);
  });

  app.post('/jobs/:jobId/retry', ...people.admit(ROUTE_RULES.retryJob, again), async (context) => {
    const owned = await find(context);
    await retryJob(deps, owned);
    return context.redirect(`/jobs/${owned.jobId}?done=retried`, 303);
  });
}

async function showJob(deps: ApiDeps, people: People, context: ApiContext, more: Partial<JobPage>): Promise<Html> {
  assertMayLook(context, 'jobs:read');
  const owned = await findJob(deps, context.req.param('jobId') ?? '', context.get('caller'));
  const [job, { total }] = await Promise.all([readJob(deps, owned), readLogs(deps, owned, { offset: 0, limit: 1 })]);
  const { lines } = await readLogs(deps, owned, { offset: Math.max(0, total - LINES_SHOWN), limit: LINES_SHOWN });
  return jobPage({ viewer: people.viewerOf(context), job, log: { lines, total }, ...more });
}

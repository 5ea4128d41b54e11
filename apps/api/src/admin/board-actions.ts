import { QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp, ApiContext } from '../http/api-env.ts';
import { describeJob } from '../queue/find-job.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { retryJob } from '../queue/retry-job.ts';

type Actions = { retry(queue: QueueName, jobId: string): Promise<void>; promote(queue: QueueName, jobId: string): Promise<void> };

/**
 * What the board changes, at the addresses its page uses. These are all: the rest of what Bull Board could do (add, edit,
 * remove, clean, empty, obliterate, …) would leave records of clones and restores, sealed secrets and schedules behind that
 * fit no job any more.
 */
export function addBoardActions(app: ApiApp, base: string, deps: ApiDeps): void {
  const { queues, logger } = deps;
  const actions = createActions(deps);
  const done = (context: ApiContext, action: string, at: { queue: QueueName; jobId?: string }) => {
    logger.info({ ...at, action, caller: context.get('caller').id, requestId: context.get('requestId') }, 'queue action');
    return context.body(null, 204);
  };

  for (const action of ['retry', 'promote'] as const) {
    app.put(`${base}/api/queues/:queue/:jobId/${action}`, async (context) => {
      const queue = queueOf(context.req.param('queue'));
      const jobId = context.req.param('jobId');
      await actions[action](queue, jobId);
      return done(context, action, { queue, jobId });
    });
  }
  for (const action of ['pause', 'resume'] as const) {
    app.put(`${base}/api/queues/:queue/${action}`, async (context) => {
      const queue = queueOf(context.req.param('queue'));
      await viaRedis(() => queues[queue][action]());
      return done(context, action, { queue });
    });
  }
  app.on(['POST', 'PUT', 'PATCH', 'DELETE'], `${base}/*`, () => {
    throw new AppError('queue.action_refused');
  });
}

function createActions(deps: ApiDeps): Actions {
  const jobOf = async (queue: QueueName, jobId: string) => {
    const job = await viaRedis(() => deps.queues[queue].getJob(jobId));
    if (job === undefined) throw new AppError('job.not_found', { jobId });
    return job;
  };
  return {
    async retry(queue, jobId) {
      await retryJob(deps, describeJob(queue, await jobOf(queue, jobId)));
    },
    /** Only a job between two attempts: one that waits for its hour would remove a restore point or a clone too early. */
    async promote(queue, jobId) {
      const job = await jobOf(queue, jobId);
      if (job.attemptsMade === 0 || !(await viaRedis(() => job.isDelayed()))) throw new AppError('job.not_promotable');
      await viaRedis(() => job.promote());
    },
  };
}

function queueOf(name: string): QueueName {
  const queue = QUEUES.find((known) => known === name);
  if (queue === undefined) throw new AppError('queue.action_refused');
  return queue;
}

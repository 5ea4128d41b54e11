import { QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Job } from 'bullmq';
import { BOARD_RULES } from '../access/route-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiApp } from '../http/api-env.ts';
import { noteRecord } from '../http/guard.ts';
import { describeJob } from '../queue/find-job.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { retryJob } from '../queue/retry-job.ts';
import type { DemandOperator } from './operator.ts';

/**
 * What the board changes, at the addresses its page uses. These are all: the rest of what Bull Board could do (add, edit,
 * remove, clean, empty, obliterate, …) would leave records of clones and restores, sealed secrets and schedules behind that
 * fit no job any more.
 */
export function addBoardActions(app: ApiApp, base: string, { deps, demand }: { deps: ApiDeps; demand: DemandOperator }): void {
  const { queues } = deps;
  const jobActions = {
    retry: (queue: QueueName, job: Job) => retryJob(deps, describeJob(queue, job)),
    promote: (_: QueueName, job: Job) => promoteAttempt(job),
  };

  for (const action of ['retry', 'promote'] as const) {
    app.put(`${base}/api/queues/:queue/:jobId/${action}`, ...demand(BOARD_RULES[action]), async (context) => {
      const queue = queueOf(context.req.param('queue'));
      const jobId = context.req.param('jobId') ?? '';
      const job = await viaRedis(() => queues[queue].getJob(jobId));
      if (job === undefined) throw new AppError('job.not_found', { jobId });
      noteRecord(context, jobId);
      await jobActions[action](queue, job);
      return context.body(null, 204);
    });
  }
  for (const action of ['pause', 'resume'] as const) {
    app.put(`${base}/api/queues/:queue/${action}`, ...demand(BOARD_RULES[action]), async (context) => {
      const queue = queueOf(context.req.param('queue'));
      await viaRedis(() => queues[queue][action]());
      return context.body(null, 204);
    });
  }
  const anythingElse = [`${base}/api/queues/:queue/:action{.+}`, `${base}/*`];
  app.on(['POST', 'PUT', 'PATCH', 'DELETE'], anythingElse, ...demand(BOARD_RULES.change), () => {
    throw new AppError('queue.action_refused');
  });
}

/** Only a job between two attempts: one that waits for its hour would remove a restore point or a clone too early. */
async function promoteAttempt(job: Job): Promise<void> {
  if (job.attemptsMade === 0 || !(await viaRedis(() => job.isDelayed()))) throw new AppError('job.not_promotable');
  await viaRedis(() => job.promote());
}

function queueOf(name: string | undefined): QueueName {
  const queue = QUEUES.find((known) => known === name);
  if (queue === undefined) throw new AppError('queue.action_refused');
  return queue;
}

import { CloneInput } from '@wcr/shared/contracts/jobs';
import {
  CLONE_QUEUE,
  EXPIRE_QUEUE,
  EXTEND_QUEUE,
  type QueueName,
  RESTORE_QUEUE,
  ROLLBACK_QUEUE,
  SWEEP_QUEUE,
  WEBHOOK_QUEUE,
} from '@wcr/shared/contracts/queues';
import { RestoreInput } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Job } from 'bullmq';
import type { Engine } from '../engine/attempt.ts';
import { inAttempt } from '../engine/attempt-scope.ts';
import { createProcessor } from '../engine/run-job.ts';
import type { WebhookOutbox } from '../webhooks/outbox.ts';
import type { QueueBinding } from '../worker.ts';
import { cloneJob } from './clone/clone.job.ts';
import type { CloneDeps } from './clone/clone.types.ts';
import { type ExpireDeps, expireJob } from './expire/expire.job.ts';
import { type ExtendDeps, extendJob } from './extend/extend.job.ts';
import { restoreJob } from './restore/restore.job.ts';
import type { RestoreDeps } from './restore/restore.types.ts';
import { undoRestore } from './restore/undo-restore.ts';
import { rollbackJob } from './rollback/rollback.job.ts';
import { sweepJob } from './sweep/sweep.job.ts';
import type { SweepDeps } from './sweep/sweep.types.ts';
import { type WebhookDeps, webhookJob } from './webhook/webhook.job.ts';

/** Enough to remove many clones whose time is up together, without starving the copies. */
const SMALL_JOBS = 8;

/** What each job works with. */
export type JobDeps = {
  readonly clone: CloneDeps;
  readonly restore: RestoreDeps;
  readonly expire: ExpireDeps;
  readonly extend: ExtendDeps;
  readonly sweep: SweepDeps;
  readonly webhook: WebhookDeps;
  readonly outbox: Pick<WebhookOutbox, 'begin' | 'announce'>;
};

export type BindOptions = {
  /** Copies and restores a worker runs at a time. */
  readonly concurrency: number;
  readonly queues: readonly QueueName[];
};

/** The queues a worker serves, each with its job. */
export function bindJobs(engine: Engine, deps: JobDeps, { concurrency, queues }: BindOptions): QueueBinding[] {
  const bindings: readonly QueueBinding[] = [
    {
      queue: CLONE_QUEUE,
      processor: createProcessor({ engine, definition: cloneJob, deps: deps.clone }),
      concurrency,
      onLost: (job) => inAttempt(engine, job, 'lost', () => expireLost(deps.expire, job)),
    },
    {
      queue: RESTORE_QUEUE,
      processor: createProcessor({ engine, definition: restoreJob, deps: deps.restore }),
      concurrency,
      onLost: (job) => inAttempt(engine, job, 'lost', () => restoreLost(deps.restore, job)),
    },
    {
      queue: ROLLBACK_QUEUE,
      processor: createProcessor({ engine, definition: rollbackJob, deps: deps.restore }),
      concurrency: SMALL_JOBS,
    },
    {
      queue: EXPIRE_QUEUE,
      processor: createProcessor({ engine, definition: expireJob, deps: deps.expire }),
      concurrency: SMALL_JOBS,
    },
    {
      queue: EXTEND_QUEUE,
      processor: createProcessor({ engine, definition: extendJob, deps: deps.extend }),
      concurrency: SMALL_JOBS,
    },
    {
      queue: SWEEP_QUEUE,
      processor: createProcessor({ engine, definition: sweepJob, deps: deps.sweep }),
      concurrency: 1,
    },
    {
      queue: WEBHOOK_QUEUE,
      processor: createProcessor({ engine, definition: webhookJob, deps: deps.webhook }),
      concurrency: SMALL_JOBS,
    },
  ];
  return bindings.filter(({ queue }) => queues.includes(queue)).map((binding) => announced(binding, deps.outbox));
}

/** Has the ends of jobs told to whoever asked for it. The processor keeps three parameters: with fewer, BullMQ passes no signal. */
export function announced(binding: QueueBinding, outbox: JobDeps['outbox']): QueueBinding {
  return {
    ...binding,
    async processor(job, token, signal) {
      // Without a note the worker itself still tells of the end; a job must not fail for want of one.
      await outbox.begin(job).catch(() => undefined);
      return binding.processor(job, token, signal);
    },
    onEnded: outbox.announce,
  };
}

/** BullMQ failed the job without running it, so that nothing was cleaned up. */
async function expireLost({ schedule }: ExpireDeps, job: Job): Promise<void> {
  const input = CloneInput.safeParse(job.data);
  if (input.success) await schedule.expireNow({ cloneId: input.data.cloneId, reason: 'orphaned', owner: input.data.owner });
}

/** The same of a restore: a target must not stay in the middle of it. */
async function restoreLost(deps: RestoreDeps, job: Job): Promise<void> {
  const input = RestoreInput.safeParse(job.data);
  if (!input.success) return;
  await undoRestore(deps, input.data);
  const { code, message } = new AppError('job.stalled');
  await deps.restores.update(input.data.restoreId, { status: 'failed', error: { code, message }, endedAt: deps.now() });
}

import { CLONE_QUEUE, RESTORE_QUEUE, ROLLBACK_QUEUE, redisKeys } from '@wcr/shared/contracts/queues';
import { RestoreInput, RollbackInput, restorePointSecretRef } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { CloneStore } from '../clones/clone-store.ts';
import type { RestoreStore } from '../restores/restore-store.ts';
import { assertCanRollBack } from '../restores/roll-back.ts';
import type { OwnedJob } from './find-job.ts';
import { viaRedis } from './redis-client.ts';

type Deps = {
  readonly redis: Redis;
  readonly clones: CloneStore;
  readonly restores: RestoreStore;
  readonly now: () => number;
};

/**
 * Queues a failed job again, with all its attempts.
 * @throws AppError `job.not_retryable` unless it failed, and for a rollback that another one has followed; `secret.missing`
 *   when the secrets it needs are gone; `restore.no_restore_point`
 */
export async function retryJob(deps: Deps, owned: OwnedJob): Promise<void> {
  const { job, jobId } = owned;
  await viaRedis(async () => {
    if (!(await job.isFailed())) throw new AppError('job.not_retryable');
    await assertSecrets(deps.redis, secretRefsOf(owned));
    await prepareRecord(deps, owned);
    await deps.redis.del(redisKeys.cancel(jobId));
    if (!(await moveToRetry(job))) throw new AppError('job.not_retryable');
  });
}

/** Queues a failed job with all its attempts; false when somebody else was quicker. */
export async function moveToRetry(job: Job): Promise<boolean> {
  try {
    await job.retry('failed', { resetAttemptsMade: true });
    return true;
  } catch (error) {
    if (await job.isFailed()) throw error;
    return false;
  }
}

const WithSecret = z.object({ secretRef: z.string().optional() });

/** A payload of another version names no secrets; the worker refuses it. */
function secretRefsOf({ job, queue }: OwnedJob): string[] {
  if (queue === RESTORE_QUEUE) {
    const input = RestoreInput.safeParse(job.data).data;
    if (input === undefined) return [];
    return [input.target.secretRef, ...('source' in input.from ? [input.from.source.secretRef] : [])];
  }
  if (queue === ROLLBACK_QUEUE) {
    const input = RollbackInput.safeParse(job.data).data;
    return input === undefined ? [] : [restorePointSecretRef(input.restoreId)];
  }
  const { secretRef } = WithSecret.parse(job.data);
  return secretRef === undefined ? [] : [secretRef];
}

async function assertSecrets(redis: Redis, references: readonly string[]): Promise<void> {
  if (references.length === 0) return;
  if ((await redis.exists(...references.map(redisKeys.secret))) < references.length) throw new AppError('secret.missing');
}

/** What the job works on waits for it once more. */
async function prepareRecord(deps: Deps, { job, queue, jobId, cloneId, restoreId }: OwnedJob): Promise<void> {
  if (queue === CLONE_QUEUE && cloneId !== undefined) await deps.clones.revive(cloneId);
  if (queue === RESTORE_QUEUE && restoreId !== undefined) await deps.restores.revive(restoreId);
  const rollback = queue === ROLLBACK_QUEUE ? RollbackInput.safeParse(job.data).data : undefined;
  if (rollback?.action === 'roll-back') await reviveRollback(deps, rollback.restoreId, jobId);
}

/** Only the rollback the record names may go on: two at a time would undo each other. */
async function reviveRollback({ restores, now }: Deps, restoreId: string, jobId: string): Promise<void> {
  const record = await restores.change(restoreId, (current) => {
    if (current.rollbackJobId !== jobId) return undefined;
    assertCanRollBack(current, now());
    return { status: 'rolling-back', error: undefined };
  });
  if (record?.rollbackJobId !== jobId) throw new AppError('job.not_retryable');
}

import { createHash } from 'node:crypto';
import { ROLLBACK_QUEUE } from '@wcr/shared/contracts/queues';
import type { RestoreRecord, RollbackInput } from '@wcr/shared/contracts/restore';
import { AppError } from '@wcr/shared/errors/app-error';
import { enqueue } from '@wcr/shared/telemetry/enqueue';
import type { Caller } from '../access/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { viaRedis } from '../queue/redis-client.ts';
import type { AcceptedRestore } from './request-restore.ts';

type Deps = Pick<ApiDeps, 'queues' | 'restores' | 'now'>;
type Request = { readonly restoreId: string; readonly caller: Caller; readonly requestId: string };

/** How often others may overtake one request. */
const MAX_TRIES = 8;

/**
 * Takes a rollback on. While one is under way, asking again names its job; after a failed one a new job is made. The
 * record comes first: whoever dies before the job is queued leaves a restore that is `rolling-back`, and asking again
 * queues the same job.
 * @throws AppError `restore.not_found`, `restore.no_restore_point`, `queue.unavailable`
 */
export async function requestRollback(deps: Deps, request: Request): Promise<AcceptedRestore> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const record = await deps.restores.read(request.restoreId, request.caller);
    const last = await lastRollback(deps, record);
    if (last?.isUnderWay) return { id: record.id, status: record.status, jobId: last.jobId };
    assertCanRollBack(record, deps.now());
    const jobId = last?.isMissing ? last.jobId : nextJobId(record);
    const marked = await markRollingBack(deps, record, jobId);
    if (!marked) continue;
    const { id, owner } = record;
    const input: RollbackInput = { restoreId: id, action: 'roll-back', owner, requestId: request.requestId };
    await viaRedis(() => enqueue(deps.queues[ROLLBACK_QUEUE], input, { jobId }));
    return { id, status: 'rolling-back', jobId };
  }
  throw new AppError('queue.unavailable');
}

/** @throws AppError `restore.no_restore_point` */
export function assertCanRollBack(record: RestoreRecord, now: number): void {
  const reason = reasonAgainstRollback(record, now);
  if (reason !== undefined) throw new AppError('restore.no_restore_point', { restoreId: record.id, reason });
}

/** Why a restore cannot be rolled back, e.g. `it was a dry run`; undefined when it can. @param now milliseconds since the epoch */
export function reasonAgainstRollback({ status, options, report }: RestoreRecord, now: number): string | undefined {
  if (status === 'rolled-back') return 'it was rolled back already';
  if (status !== 'completed' && status !== 'rolling-back') return `it is ${status}`;
  if (options.dryRun) return 'it was a dry run';
  const until = report?.restorePointUntil ?? undefined;
  if (until === undefined) return 'it has no restore point';
  return until > now ? undefined : `its restore point was kept until ${new Date(until).toISOString()}`;
}

type Rollback = { readonly jobId: string; readonly isUnderWay: boolean; readonly isMissing: boolean };

/** The rollback the record names, if it does. */
async function lastRollback({ queues }: Deps, { status, rollbackJobId: jobId }: RestoreRecord): Promise<Rollback | undefined> {
  if (jobId === undefined) return undefined;
  const state = await viaRedis(() => queues[ROLLBACK_QUEUE].getJobState(jobId));
  const isPending = state !== 'failed' && state !== 'completed' && state !== 'unknown';
  return {
    jobId,
    // The worker writes the record a moment before or after the job ends.
    isUnderWay: isPending || (state === 'completed' && status === 'rolling-back'),
    isMissing: state === 'unknown' && status === 'rolling-back',
  };
}

/**
 * Counts attempts by what was before: the id follows from the restore and the failed rollback before it, so that requests
 * at the same time name one job, however many failed jobs the queue has forgotten.
 */
function nextJobId({ id, rollbackJobId = '' }: RestoreRecord): string {
  return `${ROLLBACK_QUEUE}-${createHash('sha256').update(`${id}\n${rollbackJobId}`).digest('hex').slice(0, 32)}`;
}

/** False when the record is no longer as it was read. */
async function markRollingBack({ restores }: Deps, record: RestoreRecord, jobId: string): Promise<boolean> {
  const { status, rollbackJobId } = record;
  const marked = await restores.change(record.id, (current) => {
    const isSame = current.status === status && current.rollbackJobId === rollbackJobId;
    return isSame ? { status: 'rolling-back', rollbackJobId: jobId, error: undefined } : undefined;
  });
  return marked?.status === 'rolling-back' && marked.rollbackJobId === jobId;
}

import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import type { CloneInput } from '@wcr/shared/contracts/jobs';
import { AppError } from '@wcr/shared/errors/app-error';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { CloneDeps } from '../clone.types.ts';

/**
 * Makes the clone visible as ready and sees to its end. The life that was asked for counts from now, unless somebody
 * changed the expiry while the copy was under way.
 */
export async function publishClone(
  deps: CloneDeps,
  known: { input: CloneInput; jobId: string; sizes: NonNullable<CloneRecord['sizes']> },
  step: StepContext,
): Promise<{ expiresAt: number }> {
  const { input, sizes } = known;
  const before = await deps.runtime.read(input.cloneId);
  const handle = await deps.runtime.open(input.cloneId);
  if (before === undefined || handle === undefined) throw new AppError('runtime.failed', { reason: 'the clone is gone' });
  const lifeMs = input.ttlMinutes * 60_000;
  const untouched = before.expiresAt === input.requestedAt + lifeMs && before.readyAt === undefined;
  const expiresAt = untouched ? deps.now() + lifeMs : before.expiresAt;
  const record = await deps.runtime.update(input.cloneId, {
    status: 'ready',
    readyAt: before.readyAt ?? deps.now(),
    expiresAt,
    sizes,
  });
  if (record === undefined) throw new AppError('runtime.failed', { reason: 'the clone is gone' });
  await deps.scheduleExpire(input.cloneId, expiresAt);
  await deps.projection.writeCredentials(input.cloneId, handle.credentials);
  await deps.projection.write(record);
  await deps.secrets.forget(input.secretRef);
  step.log(`ready at ${record.url} until ${new Date(expiresAt).toISOString()}`);
  return { expiresAt };
}

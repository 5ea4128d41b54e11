import { ROLLBACK_QUEUE, redisKeys } from '@wcr/shared/contracts/queues';
import { type RestoreRecord, targetSecretRef } from '@wcr/shared/contracts/restore';
import { useRedis } from '@wcr/stack/testing/services';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { undoJobId } from '../../queue/rollback-schedule.ts';
import { createTestSystem, type TestSystem } from '../../testing/test-system.ts';

const MINUTE_MS = 60_000;
const options = {
  ...{ preservePlugins: true, preserveThemes: false, preserveUploads: false },
  ...{ verifyIntegrity: true, dryRun: false, overwriteTargetChanges: false },
};

let system: TestSystem;
beforeEach(async () => {
  system = await createTestSystem((await useRedis()).url);
});
afterEach(() => system[Symbol.asyncDispose]());

async function addRestore(patch: Partial<RestoreRecord> = {}): Promise<RestoreRecord> {
  const { redis } = system.engine;
  const record: RestoreRecord = {
    ...{ id: 'restore-1', owner: 'tester', status: 'queued', targetUrl: 'https://shop.example', options },
    ...{ jobId: 'restore-1', createdAt: Date.now() - 10 * MINUTE_MS },
    ...patch,
  };
  await redis.set(redisKeys.restore(record.id), JSON.stringify(record));
  await redis.zadd(redisKeys.restoreIndex, record.createdAt, record.id);
  return record;
}

it('a restore whose job never came into the queue ends as failed, and its secrets go', async () => {
  const { id } = await addRestore();
  await system.secrets.keep(targetSecretRef(id), { pairingKey: 'k' }, Date.now() + MINUTE_MS);
  system.start();
  expect(await system.sweep()).toEqual({ 'restore-ended': 1 });
  expect(await system.restores.read(id)).toMatchObject({ status: 'failed', error: { code: 'job.stalled' } });
  expect(await system.secrets.has(targetSecretRef(id))).toBe(false);
});

it('one that was just asked for, and one whose job lives, are left alone', async () => {
  await addRestore({ createdAt: Date.now() });
  await system.queues.restore.add('restore', {}, { jobId: 'restore-2' });
  await addRestore({ id: 'restore-2', jobId: 'restore-2', status: 'running' });
  system.start();
  expect(await system.sweep()).toEqual({});
});

it('the target of one that failed without cleaning up is cleared up by a job, once', async () => {
  const { id } = await addRestore({ status: 'running' });
  await system.secrets.keep(targetSecretRef(id), { pairingKey: 'k' }, Date.now() + MINUTE_MS);
  system.start();
  expect(await system.sweep()).toEqual({ 'rollback-asked': 1 });
  await system.sweep();
  expect(await system.queues[ROLLBACK_QUEUE].getJobCountByTypes('waiting')).toBe(1);
  expect((await system.queues[ROLLBACK_QUEUE].getJob(undoJobId(id)))?.data).toMatchObject({ restoreId: id, action: 'undo' });
  expect(await system.restores.read(id)).toMatchObject({ status: 'running' });
});

it('a rollback that got lost can be asked for again', async () => {
  const { id } = await addRestore({ status: 'rolling-back', rollbackJobId: 'rollback-1' });
  system.start();
  expect(await system.sweep()).toEqual({ 'restore-ended': 1 });
  expect(await system.restores.read(id)).toMatchObject({ status: 'completed', error: { code: 'job.stalled' } });
});

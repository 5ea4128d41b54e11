import { QUEUE_PREFIX, ROLLBACK_QUEUE } from '@wcr/shared/contracts/queues';
import { useRedis } from '@wcr/stack/testing/services';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { JOB_OPTIONS } from './queues.ts';
import { createRollbackSchedule, forgetJobId, undoJobId } from './rollback-schedule.ts';

const NOW = Date.now();
const REQUEST = { restoreId: 'restore-1', owner: 'o', at: NOW + 3_600_000 };

let redis: Redis;
let queue: Queue;
let schedule: ReturnType<typeof createRollbackSchedule>;

beforeAll(async () => {
  redis = new Redis((await useRedis()).url, { maxRetriesPerRequest: null });
  queue = new Queue(ROLLBACK_QUEUE, { prefix: QUEUE_PREFIX, connection: redis });
  schedule = createRollbackSchedule({ queue, redis, jobOptions: JOB_OPTIONS, now: () => NOW });
});
beforeEach(() => redis.flushdb().then(() => undefined));
afterAll(async () => {
  await queue.close();
  redis.disconnect();
});

it('has the restore point removed when its time is up, once however often it is told', async () => {
  await schedule.scheduleForget(REQUEST);
  await schedule.scheduleForget(REQUEST);
  expect(await queue.getDelayedCount()).toBe(1);
  const job = await queue.getJob(forgetJobId('restore-1'));
  expect(job?.data).toEqual({ restoreId: 'restore-1', action: 'forget', owner: 'o' });
  expect(job?.opts).toMatchObject({ delay: 3_600_000, attempts: JOB_OPTIONS.attempts });
});

it('has it removed at once when its time is up already', async () => {
  await schedule.scheduleForget({ ...REQUEST, at: NOW - 5 });
  expect(await queue.getWaitingCount()).toBe(1);
});

it('has a target cleared up once while that is under way', async () => {
  await schedule.undo(REQUEST);
  await schedule.undo(REQUEST);
  expect(await queue.getWaitingCount()).toBe(1);
  expect((await queue.getJob(undoJobId('restore-1')))?.data).toEqual({ restoreId: 'restore-1', action: 'undo', owner: 'o' });
});

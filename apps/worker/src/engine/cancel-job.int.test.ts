import { setTimeout as sleep } from 'node:timers/promises';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import { describe, expect, it } from 'vitest';
import { waitUntil } from '../testing/wait-until.ts';
import { JobBench, onceOf } from './testing/job-bench.ts';

const bench = new JobBench();
const { add, work, workCounting, failureOf, effects, hung } = bench;

describe('cancelling', () => {
  it('a waiting job ends before its first step', async () => {
    const job = await add();
    await bench.engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
    workCounting();
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled' });
    expect(await effects(job)).toEqual({ cleaning: '1' });
    await waitUntil(async () => (await bench.engine.redis.exists(redisKeys.cancel(job.id ?? ''))) === 0, 'the end of the flag');
  });

  it('a running job ends in the middle of a step', async () => {
    const job = await add({ hang: { step: 'step-two', where: 'after-effect' } });
    workCounting();
    await hung(job);
    await bench.engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled', step: 'step-two' });
    expect(await effects(job)).toEqual({ 'step-one': '1', 'step-two': '1', cleaning: '1' });
    expect(bench.engine.jobs).toEqual([{ job: 'clone', outcome: 'cancelled' }]);
  });

  it('a step that turns the abort into an error of its own still counts as cancelled', async () => {
    const job = await add();
    work(
      onceOf(async ({ signal }) => {
        await bench.engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
        await sleep(600_000, undefined, { signal }).catch(() => {
          throw new AppError('agent.failed', { reason: 'connection closed' });
        });
        return null;
      }),
    );
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled' });
  });

  it('a step that misses what was taken away when the job was cancelled counts as cancelled, too', async () => {
    const job = await add();
    work(
      onceOf(async () => {
        await bench.engine.redis.set(redisKeys.cancel(job.id ?? ''), '1');
        throw new AppError('secret.missing');
      }),
    );
    expect(await failureOf(job)).toMatchObject({ code: 'job.cancelled', step: 'one' });
  });
});

import type { JobProgress } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { restorePointSecretRef } from '@wcr/shared/contracts/restore';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JobView } from '../queue/read-job.ts';
import { errorOf, jsonOf, SOURCE } from '../testing/clone-calls.ts';
import { type JobStages, stageJobs } from '../testing/job-stages.ts';
import { type Accepted, reportOf, restoreCalls } from '../testing/restore-calls.ts';
import { BOB, startTestApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
let restores: JobStages;
let rollbacks: JobStages;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.deps.redis.flushall();
  restores = stageJobs('restore', api.redis.url);
  rollbacks = stageJobs('rollback', api.redis.url);
});
afterEach(async () => {
  await restores[Symbol.asyncDispose]();
  await rollbacks[Symbol.asyncDispose]();
});

const { accept, readyClone, patchRestore, complete, view, rollBack } = restoreCalls(() => api);
const PROGRESS: JobProgress = { step: 'compare-sites', stepNumber: 3, stepCount: 9, at: 1 };
const BODY = { source: SOURCE };
const newRestore = async () => (await accept(BODY)).restore.id;
const call = (method: string, id: string, tail = '', key?: string) =>
  api.call(method, `/api/v1/jobs/${id}${tail}`, key === undefined ? {} : { key });
const read = (id: string) => jsonOf<JobView>(call('GET', id));

/** A completed restore with a rollback that waits. */
async function newRollback(): Promise<{ id: string; jobId: string }> {
  const id = await newRestore();
  await (await restores.take()).complete({});
  await complete(id);
  await api.deps.redis.set(redisKeys.secret(restorePointSecretRef(id)), 'sealed');
  const { job } = await jsonOf<Accepted>(rollBack(id));
  return { id, jobId: job.id };
}

describe('the job of a restore', () => {
  it('is shown in each of its states, with what it works on', async () => {
    const cloneId = await readyClone();
    const { id } = (await accept({ cloneId })).restore;
    expect(await read(id)).toMatchObject({ id, queue: 'restore', status: 'waiting', restoreId: id, cloneId, attempts: 0 });
    const taken = await restores.take();
    await taken.job.updateProgress(PROGRESS);
    expect(await read(id)).toMatchObject({ status: 'active', progress: PROGRESS });
    await taken.fail('restore.target_changed', { count: 2, what: 'order #7' });
    const failed = await read(id);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'restore.target_changed' } });
    expect(failed.error?.message).toContain('2 of these changes would be lost: order #7');
  });

  it('gives its events and log', async () => {
    const id = await newRestore();
    const taken = await restores.take();
    await taken.job.log('compared 12 tables');
    await taken.complete(reportOf());
    expect(await jsonOf(call('GET', id, '/logs'))).toMatchObject({ lines: ['compared 12 tables'], total: 1 });
    const events = await (await call('GET', id, '/events')).text();
    expect(events.match(/^event: .*$/gm)).toEqual(['event: state', 'event: log', 'event: completed']);
    expect(events).toContain('"rowsWritten":3');
  });

  it('and that of a rollback are there for their owner alone', async () => {
    const { id, jobId } = await newRollback();
    expect(await read(jobId)).toMatchObject({ id: jobId, queue: 'rollback', status: 'waiting', restoreId: id });
    for (const job of [id, jobId]) {
      for (const [method, tail] of [
        ['GET', ''],
        ['GET', '/logs'],
        ['GET', '/events'],
        ['POST', '/cancel'],
        ['POST', '/retry'],
      ] as const) {
        const response = await call(method, job, tail, BOB);
        expect(await errorOf(response)).toMatchObject({ status: 404, code: 'job.not_found' });
      }
    }
    expect(await api.deps.redis.keys('*:cancel:*')).toEqual([]);
  });

  it('counts in the metrics', async () => {
    await newRestore();
    await newRollback();
    const text = await (await api.call('GET', '/metrics', { key: null })).text();
    for (const queue of ['restore', 'rollback']) expect(text).toContain(`wcr_queue_demand{queue="${queue}"} 1`);
  });
});

describe('cancelling', () => {
  it('a restore leaves the engine word, waiting or running, and is refused at its end', async () => {
    const id = await newRestore();
    expect(await jsonOf(call('POST', id, '/cancel'))).toMatchObject({ status: 'waiting', cancelRequested: true });
    expect(await api.deps.redis.get(redisKeys.cancel(id))).toBe('1');
    const taken = await restores.take();
    expect(await jsonOf(call('POST', id, '/cancel'))).toMatchObject({ status: 'active', cancelRequested: true });
    await taken.fail('job.cancelled');
    expect(await read(id)).toMatchObject({ status: 'cancelled' });
    expect(await errorOf(await call('POST', id, '/cancel'))).toMatchObject({ status: 409, code: 'job.not_cancellable' });
  });
});

describe('retrying', () => {
  it('a restore queues it again, and its record waits afresh', async () => {
    const id = await newRestore();
    await (await restores.take()).fail('target.rights_missing', { reason: 'x' });
    const error = { code: 'target.rights_missing', message: 'x' };
    await patchRestore(id, { status: 'failed', error, endedAt: 5, report: reportOf({ restorePointUntil: null }) });
    await api.deps.redis.expire(redisKeys.restore(id), 60);
    const response = await call('POST', id, '/retry');
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ status: 'waiting', attempts: 0 });
    const shown = await view(id);
    expect(shown.status).toBe('queued');
    for (const field of ['error', 'report', 'endedAt']) expect(shown).not.toHaveProperty(field);
    expect(await api.deps.redis.ttl(redisKeys.restore(id))).toBe(-1);
  });

  it.each(['target', 'source'])('a restore is refused when the secrets of its %s are gone', async (side) => {
    const id = await newRestore();
    await (await restores.take()).fail('target.rights_missing', { reason: 'x' });
    await patchRestore(id, { status: 'failed' });
    await api.deps.redis.del(redisKeys.secret(`${side}:${id}`));
    expect(await errorOf(await call('POST', id, '/retry'))).toMatchObject({ status: 410, code: 'secret.missing' });
    expect(await view(id)).toMatchObject({ status: 'failed' });
  });

  it('a restore is refused unless it failed', async () => {
    const id = await newRestore();
    expect(await errorOf(await call('POST', id, '/retry'))).toMatchObject({ code: 'job.not_retryable' });
  });

  it('a rollback queues it again', async () => {
    const { id, jobId } = await newRollback();
    await (await rollbacks.take()).fail('target.rights_missing', { reason: 'x' });
    await patchRestore(id, { status: 'completed', error: { code: 'target.rights_missing', message: 'x' } });
    expect((await call('POST', jobId, '/retry')).status).toBe(202);
    const shown = await view(id);
    expect(shown).toMatchObject({ status: 'rolling-back', rollbackJobId: jobId });
    expect(shown).not.toHaveProperty('error');
    expect(await jsonOf<Accepted>(rollBack(id))).toMatchObject({ job: { id: jobId } });
    expect((await rollbacks.take()).job.id).toBe(jobId);
  });

  it('a rollback is refused when another has followed, its restore point has ended or its secrets are gone', async () => {
    const { id, jobId } = await newRollback();
    await (await rollbacks.take()).fail('target.rights_missing', { reason: 'x' });
    const retry = async () => errorOf(await call('POST', jobId, '/retry'));
    await patchRestore(id, { status: 'completed', report: reportOf({ restorePointUntil: 1 }) });
    expect(await retry()).toMatchObject({ status: 409, code: 'restore.no_restore_point' });
    await complete(id);
    await rollBack(id);
    expect(await retry()).toMatchObject({ status: 409, code: 'job.not_retryable' });
    await api.deps.redis.del(redisKeys.secret(restorePointSecretRef(id)));
    expect(await retry()).toMatchObject({ status: 410, code: 'secret.missing' });
    expect(await api.deps.queues.rollback.getWaitingCount()).toBe(1);
  });
});

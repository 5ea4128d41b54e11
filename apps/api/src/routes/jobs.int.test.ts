import type { JobProgress } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JobView } from '../queue/read-job.ts';
import { type JobStages, stageJobs } from '../testing/job-stages.ts';
import { BOB, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
let stages: JobStages;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.deps.redis.flushall();
  stages = stageJobs('clone', api.redis.url);
});
afterEach(() => stages[Symbol.asyncDispose]());

const PROGRESS: JobProgress = { step: 'copy-rows', stepNumber: 4, stepCount: 9, done: 10, total: 40, at: 1 };

async function newJob(): Promise<string> {
  const response = await api.call('POST', '/api/v1/clones', {
    body: { source: { url: 'https://shop.example', username: 'u', password: 'p' } },
  });
  return ((await response.json()) as { job: { id: string } }).job.id;
}

async function read(jobId: string): Promise<JobView> {
  const response = await api.call('GET', `/api/v1/jobs/${jobId}`);
  expect(response.status).toBe(200);
  return (await response.json()) as JobView;
}

async function codeOf(response: Response) {
  return `${response.status} ${((await response.json()) as { error: { code: string } }).error.code}`;
}

describe('a job', () => {
  it('tells how many are taken up before it, while it waits', async () => {
    const ids = [await newJob(), await newJob(), await newJob()];
    expect(await Promise.all(ids.map(async (id) => (await read(id)).ahead))).toEqual([0, 1, 2]);
    const first = await stages.take();
    expect(await read(ids[0] ?? '')).toMatchObject({ status: 'active' });
    expect(await Promise.all(ids.map(async (id) => (await read(id)).ahead))).toEqual([undefined, 0, 1]);
    await first.complete({});
  });

  it('is shown in each of its states', async () => {
    const id = await newJob();
    expect(await read(id)).toMatchObject({
      id,
      queue: 'clone',
      status: 'waiting',
      attempts: 0,
      maxAttempts: 4,
      cancelRequested: false,
    });
    const first = await stages.take();
    await first.job.updateProgress(PROGRESS);
    const active = await read(id);
    expect(active).toMatchObject({ status: 'active', progress: PROGRESS });
    expect(Date.parse(active.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(active.createdAt));
    await first.failOnce('socket hang up at 10.0.0.7 with password hunter2');
    const delayed = await read(id);
    expect(delayed).toMatchObject({ status: 'delayed', attempts: 1, error: { code: 'internal.unexpected' } });
    expect(JSON.stringify(delayed)).not.toContain('hunter2');
    await (await api.deps.queues.clone.getJob(id))?.promote();
    await (await stages.take()).complete({ tables: 12 });
    const completed = await read(id);
    expect(completed).toMatchObject({ status: 'completed', result: { tables: 12 }, attempts: 2 });
    expect(completed.finishedAt).toBeDefined();
  });

  it('says why it failed', async () => {
    const id = await newJob();
    await (await stages.take()).fail('source.unreachable', { reason: 'connection refused' });
    expect(await read(id)).toMatchObject({
      status: 'failed',
      error: {
        code: 'source.unreachable',
        message: 'The source cannot be reached: connection refused',
        hint: 'Check the address and that the site is up.',
        step: 'reach-source',
      },
    });
  });

  it('is cancelled when its failure says so', async () => {
    const id = await newJob();
    await (await stages.take()).fail('job.cancelled');
    expect(await read(id)).toMatchObject({ status: 'cancelled', error: { code: 'job.cancelled' } });
  });

  it.each(['clone-00000000000000000000000000000000', 'sweep-1', 'nonsense', '0'])('does not exist as %s', async (id) => {
    expect(await codeOf(await api.call('GET', `/api/v1/jobs/${id}`))).toBe('404 job.not_found');
  });

  it('of the system itself is for administrators', async () => {
    await api.deps.queues.sweep.add('sweep', {}, { jobId: 'sweep-now' });
    expect(await codeOf(await api.call('GET', '/api/v1/jobs/sweep-now'))).toBe('404 job.not_found');
    expect((await api.call('GET', '/api/v1/jobs/sweep-now', { key: ROOT })).status).toBe(200);
  });
});

describe('cancelling', () => {
  const cancel = (id: string, key?: string) => api.call('POST', `/api/v1/jobs/${id}/cancel`, key ? { key } : {});

  it('leaves the engine word, waiting or running', async () => {
    const id = await newJob();
    const response = await cancel(id);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ id, status: 'waiting', cancelRequested: true });
    expect(await api.deps.redis.get(redisKeys.cancel(id))).toBe('1');
    expect(await api.deps.redis.ttl(redisKeys.cancel(id))).toBeGreaterThan(24 * 3600);
    await stages.take();
    expect(await (await cancel(id)).json()).toMatchObject({ status: 'active', cancelRequested: true });
  });

  it('takes a job out of its backoff, so that a worker ends it now', async () => {
    const id = await newJob();
    await (await stages.take()).failOnce('x');
    expect(await (await cancel(id)).json()).toMatchObject({ status: 'waiting', cancelRequested: true });
  });

  it('is refused for a job that has ended, and for the job of another caller', async () => {
    const id = await newJob();
    expect(await codeOf(await cancel(id, BOB))).toBe('404 job.not_found');
    await (await stages.take()).complete({});
    expect(await codeOf(await cancel(id))).toBe('409 job.not_cancellable');
    expect(await api.deps.redis.exists(redisKeys.cancel(id))).toBe(0);
  });
});

describe('retrying', () => {
  const retry = (id: string) => api.call('POST', `/api/v1/jobs/${id}/retry`);

  it('queues a failed job again with all its attempts and without an old cancellation', async () => {
    const id = await newJob();
    const taken = await stages.take();
    await api.call('POST', `/api/v1/jobs/${id}/cancel`);
    await taken.fail('job.cancelled');
    const response = await retry(id);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ status: 'waiting', attempts: 0, cancelRequested: false });
    expect((await stages.take()).job.id).toBe(id);
  });

  it('makes the clone wait again, and keeps its record from fading', async () => {
    const id = await newJob();
    const taken = await stages.take();
    const { cloneId } = taken.job.data;
    await taken.fail('source.unreachable', { reason: 'x' });
    await api.deps.clones.change(cloneId, () => ({ status: 'failed', error: { code: 'source.unreachable', message: 'x' } }));
    await api.deps.redis.expire(redisKeys.clone(cloneId), 60);
    await retry(id);
    const record = await (await api.call('GET', `/api/v1/clones/${cloneId}`)).json();
    expect(record).toMatchObject({ status: 'queued' });
    expect(record).not.toHaveProperty('error');
    expect(await api.deps.redis.ttl(redisKeys.clone(cloneId))).toBe(-1);
  });

  it('is refused unless the job failed', async () => {
    const id = await newJob();
    expect(await codeOf(await retry(id))).toBe('409 job.not_retryable');
    const taken = await stages.take();
    expect(await codeOf(await retry(id))).toBe('409 job.not_retryable');
    await taken.complete({});
    expect(await codeOf(await retry(id))).toBe('409 job.not_retryable');
  });

  it('is refused when the secrets it needs are gone', async () => {
    const id = await newJob();
    const taken = await stages.take();
    await taken.fail('source.unreachable', { reason: 'x' });
    await api.deps.redis.del(redisKeys.secret(taken.job.data.secretRef));
    expect(await codeOf(await retry(id))).toBe('410 secret.missing');
  });

  it('of one job by two callers at once queues it once', async () => {
    const id = await newJob();
    await (await stages.take()).fail('source.unreachable', { reason: 'x' });
    const statuses = await Promise.all([retry(id), retry(id)]).then((all) => all.map((response) => response.status));
    expect(statuses.sort()).toEqual([202, 409]);
    expect(await api.deps.queues.clone.getWaitingCount()).toBe(1);
  });
});

describe('a job’s log', () => {
  it('is read in pages, as JSON or as lines', async () => {
    const id = await newJob();
    const { job } = await stages.take();
    for (let index = 0; index < 5; index++) await job.log(`line ${index}`);
    const page = (query: string) => api.call('GET', `/api/v1/jobs/${id}/logs${query}`).then((response) => response.json());
    expect(await page('?limit=2')).toEqual({ lines: ['line 0', 'line 1'], total: 5, nextOffset: 2 });
    expect(await page('?offset=4')).toEqual({ lines: ['line 4'], total: 5, nextOffset: null });
    const text = await api.call('GET', `/api/v1/jobs/${id}/logs`, { headers: { accept: 'text/plain' } });
    expect(text.headers.get('content-type')).toContain('text/plain');
    expect(await text.text()).toBe('line 0\nline 1\nline 2\nline 3\nline 4\n');
    expect(await codeOf(await api.call('GET', `/api/v1/jobs/${id}/logs?limit=0`))).toBe('400 request.invalid');
  });
});

import { redisKeys } from '@wcr/shared/contracts/queues';
import { RollbackInput } from '@wcr/shared/contracts/restore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { RestorePage, RestoreView } from '../restores/restore-bodies.ts';
import { errorOf, jsonOf, SOURCE } from '../testing/clone-calls.ts';
import { stageJobs } from '../testing/job-stages.ts';
import { type Accepted, reportOf, restoreCalls, TARGET } from '../testing/restore-calls.ts';
import { ALICE, BOB, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

type Page = z.infer<typeof RestorePage>;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

const { accept, patchRestore, complete, view, rollBack } = restoreCalls(() => api);
const BODY = { source: SOURCE };

describe('reading restores', () => {
  it('shows each caller only its own, and an administrator all', async () => {
    const mine = (await accept(BODY)).restore.id;
    const theirs = (await accept(BODY, {}, BOB)).restore.id;
    const ids = async (key: string) =>
      (await jsonOf<Page>(api.call('GET', '/api/v1/restores', { key }))).restores.map(({ id }) => id).sort();
    expect(await ids(ALICE)).toEqual([mine]);
    expect(await ids(BOB)).toEqual([theirs]);
    expect(await ids(ROOT)).toEqual([mine, theirs].sort());
    await complete(mine);
    for (const [method, tail] of [
      ['GET', ''],
      ['POST', '/rollback'],
    ] as const) {
      const response = await api.call(method, `/api/v1/restores/${mine}${tail}`, { key: BOB });
      expect(await errorOf(response)).toMatchObject({ status: 404, code: 'restore.not_found' });
    }
    expect(await api.deps.queues.rollback.count()).toBe(0);
    expect((await api.call('GET', `/api/v1/restores/${mine}`, { key: ROOT })).status).toBe(200);
  });

  it('pages newest first without losing or repeating any', async () => {
    const ids = await Promise.all(Array.from({ length: 9 }, async () => (await accept(BODY)).restore.id));
    for (const id of ids) await api.deps.redis.zadd(redisKeys.restoreIndex, String(1 + (ids.indexOf(id) % 2)), id);
    const even = ids.filter((_, index) => index % 2 === 0).sort();
    const odd = ids.filter((_, index) => index % 2 === 1).sort();
    const expected = [...odd.reverse(), ...even.reverse()];
    const first = await jsonOf<Page>(api.call('GET', '/api/v1/restores?limit=6'));
    await api.deps.redis.zrem(redisKeys.restoreIndex, expected[5] ?? '');
    const second = await jsonOf<Page>(api.call('GET', `/api/v1/restores?limit=100&cursor=${first.nextCursor}`));
    expect([...first.restores, ...second.restores].map(({ id }) => id)).toEqual(expected);
    expect(second.nextCursor).toBeNull();
    const bad = await api.call('GET', '/api/v1/restores?cursor=1.clone-20200101-000000-aaaa&limit=0&x=1');
    expect((await errorOf(bad)).message).toMatch(/limit: .*cursor: must be the nextCursor.*x: is not a known field/);
  });

  it('shows those to one target, however its address is spelt', async () => {
    await accept({ ...BODY, target: { ...TARGET, url: 'https://other.example' } });
    const { id } = (await accept({ ...BODY, target: { ...TARGET, url: 'https://live.example/' } })).restore;
    const page = await jsonOf<Page>(api.call('GET', '/api/v1/restores?targetUrl=https://LIVE.example:443'));
    expect(page.restores.map((restore) => restore.id)).toEqual([id]);
  });

  it('shows what workers write, times as text', async () => {
    const { id } = (await accept(BODY)).restore;
    await patchRestore(id, { status: 'running' });
    expect(await view(id)).toMatchObject({ status: 'running', restorePointUntil: null });
    const until = Date.parse('2030-01-31T12:00:00.000Z');
    await complete(id, { restorePointUntil: until });
    const completed = await view(id);
    expect(completed).toMatchObject({ status: 'completed', restorePointUntil: '2030-01-31T12:00:00.000Z' });
    expect(completed.report).toEqual({ ...reportOf(), restorePointUntil: '2030-01-31T12:00:00.000Z' });
    expect(Date.parse(completed.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(completed.createdAt));
    expect(JSON.stringify(completed)).not.toContain('alice');
    await patchRestore(id, { status: 'rolled-back' });
    expect(await view(id)).toMatchObject({ status: 'rolled-back', restorePointUntil: null });
  });

  it('shows why one was refused, and what would have been lost', async () => {
    const { id } = (await accept(BODY)).restore;
    const error = { code: 'restore.target_changed', message: 'The target has changed' };
    await patchRestore(id, { status: 'failed', error, report: reportOf({ restorePointUntil: null, integrity: 'none' }) });
    const failed = await view(id);
    expect(failed).toMatchObject({ status: 'failed', error, restorePointUntil: null, report: { restorePointUntil: null } });
    expect(failed.report?.targetChanges).toHaveLength(1);
  });

  it('says so when there is no such restore', async () => {
    const missing = `restore-${'0'.repeat(32)}`;
    expect(await errorOf(await api.call('GET', `/api/v1/restores/${missing}`))).toMatchObject({
      status: 404,
      code: 'restore.not_found',
    });
    expect(await errorOf(await rollBack(missing))).toMatchObject({ status: 404, code: 'restore.not_found' });
  });
});

describe('rolling back', () => {
  async function completed(): Promise<string> {
    const { id } = (await accept(BODY)).restore;
    await complete(id);
    return id;
  }
  const accepted = (id: string) => jsonOf<Accepted>(rollBack(id));
  const jobCount = () => api.deps.queues.rollback.getJobCountByTypes('waiting', 'delayed', 'active', 'prioritized');

  it('queues one job however often it is asked, and the restore tells of it', async () => {
    const id = await completed();
    const response = await rollBack(id);
    expect(response.status).toBe(202);
    const first = (await response.json()) as Accepted;
    expect(first.restore).toEqual({ id, status: 'rolling-back' });
    expect(first.job.id).toMatch(/^rollback-[0-9a-f]{32}$/);
    expect(await Promise.all([accepted(id), accepted(id), accepted(id)])).toEqual([first, first, first]);
    const jobs = await api.deps.queues.rollback.getWaiting();
    expect(jobs.map((job) => RollbackInput.strict().parse(job.data))).toMatchObject([
      { restoreId: id, action: 'roll-back', owner: 'alice' },
    ]);
    const shown = await view(id);
    expect(shown).toMatchObject({ status: 'rolling-back', rollbackJobId: first.job.id, rollbackJob: first.job });
    expect(shown.restorePointUntil).not.toBeNull();
  });

  it('asked for by many at once is one job', async () => {
    const id = await completed();
    const answers = await Promise.all(Array.from({ length: 20 }, () => accepted(id)));
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    expect(await jobCount()).toBe(1);
  });

  it('names the running job, and after a failed one makes a new one', async () => {
    await using stages = stageJobs('rollback', api.redis.url);
    const id = await completed();
    const first = await accepted(id);
    const taken = await stages.take();
    expect(await accepted(id)).toEqual(first);
    // As the worker leaves it: the site stays as restored.
    await patchRestore(id, { status: 'completed', error: { code: 'restore.rollback_conflict', message: 'x' } });
    expect((await accepted(id)).job).toEqual(first.job);
    await taken.fail('restore.rollback_conflict', { reason: 'x' });
    const second = await accepted(id);
    expect(second.job.id).not.toBe(first.job.id);
    expect(await accepted(id)).toEqual(second);
    expect(await view(id)).toMatchObject({ status: 'rolling-back', rollbackJobId: second.job.id });
    expect(await view(id)).not.toHaveProperty('error');
    // A worker that could not even write the record.
    await (await stages.take()).fail('internal.unexpected');
    const third = await accepted(id);
    expect(new Set([first, second, third].map(({ job }) => job.id)).size).toBe(3);
    // However long ago: a failed job that the queue has forgotten is not taken for the next.
    await (await api.deps.queues.rollback.getJob(first.job.id))?.remove();
    expect(await accepted(id)).toEqual(third);
    expect(await jobCount()).toBe(1);
  });

  it('queues the job again when the request died before that', async () => {
    const id = await completed();
    const first = await accepted(id);
    await (await api.deps.queues.rollback.getJob(first.job.id))?.remove();
    expect(await accepted(id)).toEqual(first);
    expect(await jobCount()).toBe(1);
  });

  it.each<[string, Parameters<typeof patchRestore>[1]]>([
    ['it is queued', { status: 'queued' }],
    ['it is running', { status: 'running' }],
    ['it is failed', { status: 'failed' }],
    ['it was rolled back already', { status: 'rolled-back' }],
    ['it has no restore point', { report: reportOf({ restorePointUntil: null }) }],
    ['it has no restore point', { report: undefined }],
    ['its restore point was kept until 2020-01-01', { report: reportOf({ restorePointUntil: Date.UTC(2020, 0, 1) }) }],
  ])('is refused when %s', async (reason, patch) => {
    const id = await completed();
    await patchRestore(id, patch);
    const error = await errorOf(await rollBack(id));
    expect(error).toMatchObject({ status: 409, code: 'restore.no_restore_point' });
    expect(error.message).toContain(reason);
    expect(await api.deps.queues.rollback.count()).toBe(0);
    expect(await view(id)).not.toHaveProperty('rollbackJobId');
  });

  it('is refused after a dry run', async () => {
    const { id } = (await accept({ ...BODY, dryRun: true })).restore;
    await complete(id, { dryRun: true });
    const error = await errorOf(await rollBack(id));
    expect(error).toMatchObject({ status: 409, code: 'restore.no_restore_point' });
    expect(error.message).toContain('it was a dry run');
  });

  it('is refused once it is done', async () => {
    await using stages = stageJobs('rollback', api.redis.url);
    const id = await completed();
    const { job } = await accepted(id);
    await (await stages.take()).complete({});
    expect((await accepted(id)).job).toEqual(job);
    await patchRestore(id, { status: 'rolled-back' });
    expect(await errorOf(await rollBack(id))).toMatchObject({ status: 409, code: 'restore.no_restore_point' });
    expect(await jobCount()).toBe(0);
  });

  it('by an administrator leaves the job with the owner of the restore', async () => {
    const id = await completed();
    const { job } = await jsonOf<Accepted>(rollBack(id, ROOT));
    expect((await api.call('GET', `/api/v1/jobs/${job.id}`)).status).toBe(200);
  });

  it('keeps what a worker writes to the record at the same time', async () => {
    const id = await completed();
    const record: RestoreView = await view(id);
    await Promise.all([rollBack(id), patchRestore(id, { endedAt: 7 })]);
    expect(await view(id)).toMatchObject({ status: 'rolling-back', endedAt: new Date(7).toISOString(), report: record.report });
  });
});

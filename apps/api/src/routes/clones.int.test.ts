import { ExpireInput, ExtendInput } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { ClonePage, CloneView } from '../clones/clone-bodies.ts';
import { type Accepted, cloneCalls, errorOf, jsonOf, SOURCE } from '../testing/clone-calls.ts';
import { stageJobs } from '../testing/job-stages.ts';
import { ALICE, BOB, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

type Page = z.infer<typeof ClonePage>;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

const { accept, patchRecord } = cloneCalls(() => api);

describe('reading clones', () => {
  it('shows each caller only its own, and an administrator all', async () => {
    const mine = await accept({ source: SOURCE });
    const theirs = await accept({ source: SOURCE }, {}, BOB);
    const ids = async (key: string) => {
      const page = (await (await api.call('GET', '/api/v1/clones', { key })).json()) as { clones: { id: string }[] };
      return page.clones.map((clone) => clone.id).sort();
    };
    expect(await ids(ALICE)).toEqual([mine.clone.id]);
    expect(await ids(BOB)).toEqual([theirs.clone.id]);
    expect(await ids(ROOT)).toEqual([mine.clone.id, theirs.clone.id].sort());
    for (const [method, tail] of [
      ['GET', ''],
      ['GET', '/credentials'],
      ['DELETE', ''],
    ] as const) {
      const response = await api.call(method, `/api/v1/clones/${mine.clone.id}${tail}`, { key: BOB });
      expect(await errorOf(response)).toMatchObject({ status: 404, code: 'clone.not_found' });
    }
    const patch = await api.call('PATCH', `/api/v1/clones/${mine.clone.id}`, { key: BOB, body: { ttlMinutes: 5 } });
    expect(patch.status).toBe(404);
    for (const [method, tail] of [
      ['GET', ''],
      ['GET', '/logs'],
      ['GET', '/events'],
      ['POST', '/cancel'],
      ['POST', '/retry'],
    ] as const) {
      const response = await api.call(method, `/api/v1/jobs/${mine.job.id}${tail}`, { key: BOB });
      expect(await errorOf(response)).toMatchObject({ status: 404, code: 'job.not_found' });
    }
    expect((await api.call('GET', `/api/v1/clones/${mine.clone.id}`, { key: ROOT })).status).toBe(200);
  });

  it('pages newest first without losing or repeating any, though clones come and go', async () => {
    const made: string[] = [];
    for (let index = 0; index < 25; index++) made.push((await accept({ source: SOURCE })).clone.id);
    for (let index = 0; index < 25; index++) await accept({ source: SOURCE }, {}, BOB);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const path: string = `/api/v1/clones?limit=7${cursor === null ? '' : `&cursor=${cursor}`}`;
      const page = (await (await api.call('GET', path)).json()) as { clones: { id: string }[]; nextCursor: string | null };
      expect(page.clones.length).toBeLessThanOrEqual(7);
      seen.push(...page.clones.map((clone) => clone.id));
      cursor = page.nextCursor;
      await accept({ source: SOURCE }, {}, ALICE);
      const last = seen.at(-1) ?? '';
      await api.deps.redis.multi().del(redisKeys.clone(last)).zrem(redisKeys.cloneIndex, last).exec();
    } while (cursor !== null);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.sort()).toEqual(made.sort());
    const bad = await api.call('GET', '/api/v1/clones?cursor=nonsense&limit=500&x=1');
    expect((await errorOf(bad)).message).toMatch(/limit: .*cursor: must be the nextCursor.*x: is not a known field/);
  });

  it('shows those of one source, however its address is spelt, without losing any over pages', async () => {
    const other = { ...SOURCE, url: 'https://other.example' };
    const made: string[] = [];
    for (let index = 0; index < 5; index++) {
      await accept({ source: other });
      made.push((await accept({ source: SOURCE })).clone.id);
    }
    await accept({ source: SOURCE }, {}, BOB);
    const query = `sourceUrl=${encodeURIComponent('https://SHOP.example/blog/')}`;
    const first = await jsonOf<Page>(api.call('GET', `/api/v1/clones?limit=3&${query}`));
    const second = await jsonOf<Page>(api.call('GET', `/api/v1/clones?limit=3&${query}&cursor=${first.nextCursor}`));
    expect([...first.clones, ...second.clones].map(({ id }) => id)).toEqual(made.reverse());
    expect(second.nextCursor).toBeNull();
    const none = await jsonOf<Page>(api.call('GET', '/api/v1/clones?sourceUrl=https://nobody.example'));
    expect(none.clones).toEqual([]);
    expect((await api.call('GET', '/api/v1/clones?sourceUrl=nonsense')).status).toBe(400);
  });

  it('pages clones of one millisecond, though the last of a page goes', async () => {
    const ids = await Promise.all(Array.from({ length: 9 }, async () => (await accept()).clone.id));
    for (const id of ids) await api.deps.redis.zadd(redisKeys.cloneIndex, '1', id);
    const expected = ids.sort().reverse();
    const first = await jsonOf<Page>(api.call('GET', '/api/v1/clones?limit=4'));
    await api.deps.redis.zrem(redisKeys.cloneIndex, expected[3] ?? '');
    const second = await jsonOf<Page>(api.call('GET', `/api/v1/clones?limit=100&cursor=${first.nextCursor}`));
    expect([...first.clones, ...second.clones].map((clone) => clone.id)).toEqual(expected);
  });

  it('hands out the credentials of a ready clone only', async () => {
    const { clone } = await accept();
    const path = `/api/v1/clones/${clone.id}/credentials`;
    expect(await errorOf(await api.call('GET', path))).toMatchObject({ status: 409, code: 'clone.not_ready' });
    await patchRecord(clone.id, { status: 'ready' });
    expect(await errorOf(await api.call('GET', path))).toMatchObject({ status: 503, code: 'clone.credentials_missing' });
    const login = { username: 'wcr-admin', password: 'pw', loginUrl: `${clone.url}wp-login.php` };
    await api.deps.redis.set(redisKeys.credentials(clone.id), api.deps.sealer.seal(login, `credentials:${clone.id}`));
    expect(await (await api.call('GET', path)).json()).toEqual(login);
    const sealedForAnother = api.deps.sealer.seal(login, 'credentials:clone-20200101-000000-aaaa');
    await api.deps.redis.set(redisKeys.credentials(clone.id), sealedForAnother);
    expect(await errorOf(await api.call('GET', path))).toMatchObject({ status: 500, code: 'secret.unreadable' });
  });

  it('says so when there is no such clone', async () => {
    expect(await errorOf(await api.call('GET', '/api/v1/clones/clone-20200101-000000-aaaa'))).toMatchObject({
      status: 404,
      code: 'clone.not_found',
    });
  });
});

describe('changing clones', () => {
  it('extends and shortens a life: shown at once, and a job tells the runtime', async () => {
    const { clone } = await accept();
    await patchRecord(clone.id, { status: 'copying' });
    const expiresAt = new Date(Date.now() + 3_600_000 * 3).toISOString();
    const response = await api.call('PATCH', `/api/v1/clones/${clone.id}`, { body: { expiresAt } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: clone.id, expiresAt });
    const [job] = await api.deps.queues.extend.getWaiting();
    expect(ExtendInput.parse(job?.data)).toMatchObject({ cloneId: clone.id, expiresAt: Date.parse(expiresAt), owner: 'alice' });
    const before = Date.now();
    const shorter = await jsonOf<CloneView>(api.call('PATCH', `/api/v1/clones/${clone.id}`, { body: { ttlMinutes: 5 } }));
    expect(Date.parse(shorter.expiresAt)).toBeGreaterThanOrEqual(before + 300_000);
    expect(Date.parse(shorter.expiresAt)).toBeLessThan(before + 360_000);
    expect(await api.deps.queues.extend.count()).toBe(2);
  });

  it('a change that was asked for while a clock was ahead does not win over later ones', async () => {
    const { clone } = await accept();
    await patchRecord(clone.id, { status: 'ready' });
    const ahead = Date.now() + 3_600_000;
    await api.deps.redis.hset(redisKeys.expiryOrder(clone.id), 'asked-at', ahead);
    await api.call('PATCH', `/api/v1/clones/${clone.id}`, { body: { ttlMinutes: 5 } });
    const [job] = await api.deps.queues.extend.getWaiting();
    expect(ExtendInput.parse(job?.data).requestedAt).toBeGreaterThan(ahead);
  });

  it.each([
    [{}, 'send either'],
    [{ ttlMinutes: 5, expiresAt: '2030-01-01T00:00:00Z' }, 'send either'],
    [{ expiresAt: 'tomorrow' }, 'expiresAt: must be a time'],
    [{ expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt: must be in the future'],
    [{ expiresAt: '2090-01-01T00:00:00Z' }, 'expiresAt: must be at most 600 minutes'],
    [{ ttlMinutes: 601 }, 'ttlMinutes: must be at most 600'],
    [{ name: 'x' }, 'name: is not a known field'],
  ])('refuses the change %j', async (body, message) => {
    const { clone } = await accept();
    const error = await errorOf(await api.call('PATCH', `/api/v1/clones/${clone.id}`, { body }));
    expect(error).toMatchObject({ status: 400, code: 'request.invalid' });
    expect(error.message).toContain(message);
    expect(await api.deps.queues.extend.count()).toBe(0);
  });

  it('waits with a change until a worker knows the clone', async () => {
    const { clone } = await accept();
    const response = await api.call('PATCH', `/api/v1/clones/${clone.id}`, { body: { ttlMinutes: 5 } });
    expect(await errorOf(response)).toMatchObject({ status: 409, code: 'clone.not_ready' });
    expect(await api.deps.queues.extend.count()).toBe(0);
  });

  it('does not revive a clone that has ended', async () => {
    const { clone } = await accept();
    await patchRecord(clone.id, { status: 'expired' });
    const response = await api.call('PATCH', `/api/v1/clones/${clone.id}`, { body: { ttlMinutes: 5 } });
    expect(await errorOf(response)).toMatchObject({ status: 409, code: 'clone.ended' });
  });

  it('deletes with one job however often it is asked', async () => {
    const { clone } = await accept();
    await patchRecord(clone.id, { status: 'ready' });
    const remove = () => jsonOf<Accepted>(api.call('DELETE', `/api/v1/clones/${clone.id}`));
    const first = await remove();
    expect(first).toMatchObject({ clone: { id: clone.id, status: 'expiring' }, job: { id: `expire-delete-${clone.id}` } });
    expect(await Promise.all([remove(), remove()])).toEqual([first, first]);
    const jobs = await api.deps.queues.expire.getWaiting();
    expect(jobs.map((job) => ExpireInput.parse(job.data))).toMatchObject([
      { cloneId: clone.id, reason: 'deleted', owner: 'alice' },
    ]);
    expect((await api.call('GET', `/api/v1/jobs/${first.job.id}`)).status).toBe(200);
  });

  it('starts the expire job again when it failed, or ended though the clone is there', async () => {
    await using stages = stageJobs('expire', api.redis.url);
    const { clone } = await accept();
    await patchRecord(clone.id, { status: 'ready' });
    const remove = () => jsonOf<Accepted>(api.call('DELETE', `/api/v1/clones/${clone.id}`));
    const { job } = await remove();
    await (await stages.take()).fail('runtime.failed', { reason: 'x' });
    expect((await remove()).job).toEqual(job);
    await (await stages.take()).complete({});
    await remove();
    expect(await api.deps.queues.expire.count()).toBe(0);
    await patchRecord(clone.id, { status: 'ready' });
    expect((await remove()).job).toEqual(job);
    expect(await api.deps.queues.expire.count()).toBe(1);
  });

  it('cancels the job of an unfinished clone that is deleted', async () => {
    const { clone, job } = await accept();
    await api.call('DELETE', `/api/v1/clones/${clone.id}`);
    expect(await api.deps.redis.get(redisKeys.cancel(job.id))).toBe('1');
  });

  it('keeps what a worker writes to the record at the same time', async () => {
    const { clone } = await accept();
    const { clones } = api.deps;
    await patchRecord(clone.id, { status: 'copying' });
    const sizes = { databaseBytes: 1, fileBytes: 2, tables: 3, rows: 4, files: 5 };
    await Promise.all([
      clones.change(clone.id, () => ({ status: 'ready' })),
      clones.change(clone.id, () => ({ sizes })),
      api.call('PATCH', `/api/v1/clones/${clone.id}`, { body: { ttlMinutes: 5 } }),
      clones.change(clone.id, () => ({ readyAt: 7 })),
    ]);
    const record = JSON.parse((await api.deps.redis.get(redisKeys.clone(clone.id))) ?? '');
    expect(record).toMatchObject({ status: 'ready', sizes, readyAt: 7 });
  });
});

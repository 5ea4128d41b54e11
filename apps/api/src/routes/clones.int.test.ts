import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { CloneInput, ExpireInput, ExtendInput, SourceSecrets } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { CloneAccepted, ClonePage, CloneView } from '../clones/clone-bodies.ts';
import { stageJobs } from '../testing/job-stages.ts';
import { ALICE, BOB, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

const PASSWORD = 'hunter2-very-secret';
const SOURCE = { url: 'https://Shop.Example:443/blog/', username: 'admin', password: PASSWORD };

type Page = z.infer<typeof ClonePage>;
type Accepted = z.infer<typeof CloneAccepted>;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

async function accept(body: object = { source: SOURCE }, headers: Record<string, string> = {}, key = ALICE) {
  const response = await api.call('POST', '/api/v1/clones', { body, headers, key });
  expect(response.status).toBe(202);
  return (await response.json()) as {
    clone: { id: string; url: string; status: string };
    job: { id: string; statusUrl: string };
  };
}

const jsonOf = async <Body>(response: Promise<Response>) => (await (await response).json()) as Body;

async function errorOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; message: string; hint: string; requestId: string } };
  expect(error.hint).not.toBe('');
  expect(error.requestId).toBe(response.headers.get('x-request-id'));
  return { status: response.status, code: error.code, message: error.message };
}

const patchRecord = (id: string, patch: Partial<CloneRecord>) => api.deps.clones.change(id, () => patch);
const jobCount = () => api.deps.queues.clone.getJobCountByTypes('waiting', 'delayed', 'active', 'prioritized');

describe('asking for a clone', () => {
  it('queues a job without secrets, writes the record and answers where both are', async () => {
    const { clone, job } = await accept({
      source: SOURCE,
      ttlMinutes: 30,
      name: 'Mine',
      exclude: { paths: ['wp-content/cache*'] },
    });
    expect(clone).toEqual({ id: clone.id, url: `http://clones.example/${clone.id}/`, status: 'queued' });
    expect(clone.id).toMatch(/^clone-\d{8}-\d{6}-[a-z0-9]{4}$/);
    expect(job).toEqual({ id: job.id, statusUrl: `/api/v1/jobs/${job.id}`, eventsUrl: `/api/v1/jobs/${job.id}/events` });
    const queued = await api.deps.queues.clone.getJob(job.id);
    const input = CloneInput.strict().parse(queued?.data);
    expect(input).toMatchObject({
      cloneId: clone.id,
      source: { url: 'https://shop.example/blog' },
      owner: 'alice',
      ttlMinutes: 30,
      name: 'Mine',
      exclude: { paths: ['wp-content/cache*'], tables: [] },
    });
    const sealed = await api.deps.redis.get(redisKeys.secret(input.secretRef));
    const secrets = SourceSecrets.parse(api.deps.sealer.open(sealed ?? '', input.secretRef));
    expect(secrets).toEqual({ username: 'admin', password: PASSWORD });
    expect(await api.deps.redis.ttl(redisKeys.secret(input.secretRef))).toBeGreaterThan(23 * 3600);
    const record = await jsonOf<CloneView>(api.call('GET', `/api/v1/clones/${clone.id}`));
    expect(record).toMatchObject({ id: clone.id, status: 'queued', jobId: job.id, source: { url: 'https://shop.example/blog' } });
    expect(Date.parse(record.expiresAt) - Date.parse(record.createdAt)).toBe(30 * 60_000);
  });

  it('takes a site that is paired already, and a pairing key', async () => {
    await accept({ source: { url: 'http://paired.example' } });
    await accept({ source: { url: 'http://paired.example', pairingKey: 'AB'.repeat(32) } });
    expect(await jobCount()).toBe(2);
  });

  it('leaves no secret in clear anywhere in Redis or in the log', async () => {
    const pairingKey = 'cd'.repeat(32);
    const httpAuth = { username: 'gate', password: 'gate-secret-77' };
    await accept({ source: { ...SOURCE, pairingKey, httpAuth } }, { 'idempotency-key': 'k1' });
    await api.call('POST', '/api/v1/clones', { body: { source: { ...SOURCE, wrong: true } } });
    const stored = JSON.stringify(await dumpRedis());
    const logged = api.logLines.join('');
    for (const secret of [PASSWORD, pairingKey, httpAuth.password, ALICE]) {
      expect(stored).not.toContain(secret);
      expect(logged).not.toContain(secret);
    }
    expect(stored).toContain('shop.example');
  });

  it.each([
    [{}, 'source: '],
    [{ source: {} }, 'source.url: '],
    [{ source: { url: '' } }, 'source.url: must not be empty'],
    [{ source: { url: 'shop.example' } }, 'source.url: must be a full address'],
    [{ source: { url: 'ftp://shop.example' } }, 'source.url: must begin with http'],
    [{ source: { url: 'https://u:p@shop.example' } }, 'source.url: must not contain a user name'],
    [{ source: { url: `https://shop.example/${'x'.repeat(3000)}` } }, 'source.url: must have at most 2048'],
    [{ source: { url: 'https://shop.example', username: 'a' } }, 'source.password: goes together with username'],
    [{ source: { url: 'https://shop.example', password: 'a' } }, 'source.username: goes together with password'],
    [{ source: { url: 'https://shop.example', pairingKey: 'short' } }, 'source.pairingKey: must be 64 hex digits'],
    [{ source: { url: 'https://shop.example', httpAuth: { username: 'a' } } }, 'source.httpAuth.password: '],
    [{ source: { url: 'https://shop.example', colour: 'red' } }, 'source.colour: is not a known field'],
    [{ source: { url: 'https://shop.example' }, target: {} }, 'target: is not a known field'],
    [{ source: { url: 'https://shop.example' }, ttlMinutes: 0 }, 'ttlMinutes: must be at least 1'],
    [{ source: { url: 'https://shop.example' }, ttlMinutes: 601 }, 'ttlMinutes: must be at most 600'],
    [{ source: { url: 'https://shop.example' }, ttlMinutes: 1.5 }, 'ttlMinutes: must be a whole number'],
    [{ source: { url: 'https://shop.example' }, ttlMinutes: '60' }, 'ttlMinutes: '],
    [{ source: { url: 'https://shop.example' }, exclude: { paths: ['../etc'] } }, 'exclude.paths.0: must be relative'],
    [{ source: { url: 'https://shop.example' }, name: '' }, 'name: must not be empty'],
  ])('refuses %j and says which field is wrong', async (body, message) => {
    const error = await errorOf(await api.call('POST', '/api/v1/clones', { body }));
    expect(error).toMatchObject({ status: 400, code: 'request.invalid' });
    expect(error.message).toContain(message);
    expect(await api.deps.redis.keys('*secret*')).toEqual([]);
    expect(await jobCount()).toBe(0);
  });

  it('refuses what is not JSON, not well-formed or too large, and queues nothing', async () => {
    const post = (body: string, type: string) =>
      api.call('POST', '/api/v1/clones', { body, headers: { 'content-type': type } }).then(errorOf);
    expect(await post('source=x', 'application/x-www-form-urlencoded')).toMatchObject({ status: 415, code: 'request.not_json' });
    expect(await post('{"source":', 'application/json')).toMatchObject({ status: 400, code: 'request.invalid' });
    expect(await post('', 'application/json')).toMatchObject({ status: 400, code: 'request.invalid' });
    expect(await post('[]', 'application/json')).toMatchObject({ status: 400, code: 'request.invalid' });
    const large = JSON.stringify({ source: { url: 'https://x.example' }, name: 'x'.repeat(70_000) });
    expect(await post(large, 'application/json')).toMatchObject({ status: 413, code: 'request.too_large' });
    expect(await jobCount()).toBe(0);
  });

  it('asks for a key that it knows', async () => {
    const body = { source: SOURCE };
    expect(await errorOf(await api.call('POST', '/api/v1/clones', { body, key: null }))).toMatchObject({
      status: 401,
      code: 'auth.missing',
    });
    expect(await errorOf(await api.call('POST', '/api/v1/clones', { body, key: 'wrong' }))).toMatchObject({
      status: 401,
      code: 'auth.invalid',
    });
    const basic = await api.call('POST', '/api/v1/clones', { body, key: null, headers: { authorization: 'Basic abc' } });
    expect(await errorOf(basic)).toMatchObject({ status: 401, code: 'auth.invalid' });
    expect(basic.headers.get('www-authenticate')).toBe('Bearer');
    expect(await jobCount()).toBe(0);
  });

  it('knows keys that are stored in Redis by their digest', async () => {
    const { hashApiKey } = await import('../config/api-config.ts');
    const caller = { id: 'key-7', name: 'carol', scopes: [], createdAt: 1 };
    await api.deps.redis.hset(redisKeys.apiKeys, hashApiKey('carol-key-0123456789'), JSON.stringify(caller));
    const { clone } = await accept(undefined, {}, 'carol-key-0123456789');
    const record = await api.deps.redis.get(redisKeys.clone(clone.id));
    expect(JSON.parse(record ?? '')).toMatchObject({ owner: 'key-7' });
  });
});

describe('an Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'order-1' };

  it('makes fifty simultaneous requests one clone and one job', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => accept({ source: SOURCE }, headers)));
    expect(new Set(answers.map((answer) => `${answer.clone.id} ${answer.job.id}`)).size).toBe(1);
    expect(await jobCount()).toBe(1);
    expect(await api.deps.redis.zcard(redisKeys.cloneIndex)).toBe(1);
  });

  it('refuses another body, and means nothing to another caller', async () => {
    const first = await accept({ source: SOURCE }, headers);
    const other = await api.call('POST', '/api/v1/clones', { body: { source: SOURCE, ttlMinutes: 61 }, headers });
    expect(await errorOf(other)).toMatchObject({ status: 409, code: 'request.idempotency_conflict' });
    const bob = await accept({ source: SOURCE }, headers, BOB);
    expect(bob.clone.id).not.toBe(first.clone.id);
    expect(await jobCount()).toBe(2);
  });

  it('queues the job again when the first request died before that', async () => {
    const first = await accept({ source: SOURCE }, headers);
    await (await api.deps.queues.clone.getJob(first.job.id))?.remove();
    expect(await accept({ source: SOURCE }, headers)).toEqual(first);
    expect(CloneInput.parse((await api.deps.queues.clone.getJob(first.job.id))?.data).cloneId).toBe(first.clone.id);
  });

  it('never starts a finished clone a second time, even when its job is forgotten', async () => {
    const first = await accept({ source: SOURCE }, headers);
    await patchRecord(first.clone.id, { status: 'ready' });
    await (await api.deps.queues.clone.getJob(first.job.id))?.remove();
    const again = await accept({ source: SOURCE }, headers);
    expect(again).toMatchObject({ clone: { id: first.clone.id, status: 'ready' }, job: { id: first.job.id } });
    await api.deps.redis.del(redisKeys.clone(first.clone.id));
    expect(await accept({ source: SOURCE }, headers)).toMatchObject({ clone: { id: first.clone.id, status: 'expired' } });
    expect(await jobCount()).toBe(0);
  });

  it('must be printable', async () => {
    const response = await api.call('POST', '/api/v1/clones', {
      body: { source: SOURCE },
      headers: { 'idempotency-key': 'x'.repeat(300) },
    });
    expect((await errorOf(response)).message).toContain('idempotency-key: must be 1 to 255');
  });
});

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

/** Everything in Redis as text: keys, and values of each type. */
async function dumpRedis(): Promise<unknown[]> {
  const { redis } = api.deps;
  const keys = await redis.keys('*');
  return Promise.all(
    keys.map(async (key) => {
      const type = await redis.type(key);
      if (type === 'string') return [key, await redis.get(key)];
      if (type === 'hash') return [key, await redis.hgetall(key)];
      if (type === 'list') return [key, await redis.lrange(key, 0, -1)];
      if (type === 'zset') return [key, await redis.zrange(key, '0', '-1')];
      if (type === 'stream') return [key, await redis.xrange(key, '-', '+')];
      throw new Error(`a ${type} is not expected`);
    }),
  );
}

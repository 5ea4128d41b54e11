import { CloneInput, SourceSecrets } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CloneView } from '../clones/clone-bodies.ts';
import { cloneCalls, errorOf, jsonOf, PASSWORD, SOURCE } from '../testing/clone-calls.ts';
import { dumpRedis } from '../testing/dump-redis.ts';
import { ALICE, BOB, startTestApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

const { accept, patchRecord, jobCount } = cloneCalls(() => api);

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

  it('refuses a clone more than there may be, and takes it when one of them is gone', async () => {
    await using small = await startTestApi({ WCR_MAX_CLONES: '2' });
    const calls = cloneCalls(() => small);
    const first = await calls.accept({ source: SOURCE }, { 'idempotency-key': 'one' });
    await calls.accept({ source: SOURCE });
    const refused = await Promise.all([1, 2].map(() => small.call('POST', '/api/v1/clones', { body: { source: SOURCE } })));
    for (const answer of refused) {
      expect(answer.status).toBe(429);
      expect(await errorOf(answer)).toMatchObject({ code: 'quota.exceeded' });
    }
    // What was taken on before is told again.
    expect((await calls.accept({ source: SOURCE }, { 'idempotency-key': 'one' })).clone.id).toBe(first.clone.id);
    await calls.patchRecord(first.clone.id, { status: 'expired' });
    await calls.accept({ source: SOURCE });
    expect(await calls.jobCount()).toBe(3);
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
    const stored = await dumpRedis(api.deps.redis);
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
    const caller = { id: 'key-7', name: 'carol', owner: 'key-7', scopes: ['clones:write'], limits: {}, createdAt: 1 };
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

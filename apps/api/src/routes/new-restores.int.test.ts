import { SourceSecrets } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { RestoreInput } from '@wcr/shared/contracts/restore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { errorOf, PASSWORD, SOURCE } from '../testing/clone-calls.ts';
import { dumpRedis } from '../testing/dump-redis.ts';
import { restoreCalls, TARGET, TARGET_PASSWORD } from '../testing/restore-calls.ts';
import { ALICE, BOB, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

const { accept, readyClone, patchClone, patchRestore, view, jobCount } = restoreCalls(() => api);
const post = (body: unknown, key = ALICE, headers = {}) => api.call('POST', '/api/v1/restores', { body, key, headers });
const jobOf = async (id: string) => RestoreInput.parse((await api.deps.queues.restore.getJob(id))?.data);

async function secretsAt(reference: string): Promise<SourceSecrets> {
  const sealed = await api.deps.redis.get(redisKeys.secret(reference));
  expect(await api.deps.redis.ttl(redisKeys.secret(reference))).toBeGreaterThan(23 * 3600);
  return SourceSecrets.parse(api.deps.sealer.open(sealed ?? '', reference));
}

const STANDARD = {
  preservePlugins: true,
  preserveThemes: false,
  preserveUploads: false,
  verifyIntegrity: true,
  dryRun: false,
  overwriteTargetChanges: false,
};

describe('asking for a restore', () => {
  it('of a clone queues a job without secrets, writes the record and answers where both are', async () => {
    const cloneId = await readyClone();
    const { restore, job } = await accept({ cloneId });
    expect(restore).toEqual({ id: restore.id, status: 'queued' });
    expect(restore.id).toMatch(/^restore-[0-9a-f]{32}$/);
    const { id } = restore;
    expect(job).toEqual({ id, statusUrl: `/api/v1/jobs/${id}`, eventsUrl: `/api/v1/jobs/${id}/events` });
    const queued = await api.deps.queues.restore.getJob(id);
    const input = RestoreInput.strict().parse(queued?.data);
    expect(input).toEqual({
      restoreId: id,
      from: { cloneId },
      target: { url: 'https://live.example/shop', secretRef: `target:${id}` },
      options: STANDARD,
      owner: 'alice',
      requestedAt: input.requestedAt,
      requestId: input.requestId,
    });
    expect(input.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await secretsAt(`target:${id}`)).toEqual({ username: 'boss', password: TARGET_PASSWORD });
    expect(await api.deps.redis.exists(redisKeys.secret(`source:${id}`))).toBe(0);
    expect(await view(id)).toEqual({
      id,
      status: 'queued',
      cloneId,
      target: { url: 'https://live.example/shop' },
      options: STANDARD,
      createdAt: new Date(input.requestedAt).toISOString(),
      restorePointUntil: null,
      jobId: id,
      job,
    });
  });

  it('of any other site seals the secrets of both apart', async () => {
    const pairingKey = 'AB'.repeat(32);
    const httpAuth = { username: 'gate', password: 'gate-secret' };
    const source = { ...SOURCE, loginUrl: 'https://shop.example/blog/door/' };
    const target = { url: 'https://live.example', pairingKey, httpAuth };
    const { restore } = await accept({ source, target, dryRun: true, preservePlugins: false, overwriteTargetChanges: true });
    const { id } = restore;
    expect(await jobOf(id)).toMatchObject({
      from: {
        source: { url: 'https://shop.example/blog', loginUrl: 'https://shop.example/blog/door', secretRef: `source:${id}` },
      },
      target: { url: 'https://live.example', secretRef: `target:${id}` },
      options: { ...STANDARD, dryRun: true, preservePlugins: false, overwriteTargetChanges: true },
    });
    expect(await secretsAt(`source:${id}`)).toEqual({ username: 'admin', password: PASSWORD });
    expect(await secretsAt(`target:${id}`)).toEqual({ pairingKey: pairingKey.toLowerCase(), httpAuth });
    const shown = await view(id);
    expect(shown).toMatchObject({ source: { url: 'https://shop.example/blog' }, target: { url: 'https://live.example' } });
    expect(shown).not.toHaveProperty('cloneId');
  });

  it('leaves no secret in clear anywhere in Redis or in the log', async () => {
    const pairingKey = 'cd'.repeat(32);
    const httpAuth = { username: 'gate', password: 'gate-secret-77' };
    await accept({ source: { ...SOURCE, httpAuth }, target: { ...TARGET, pairingKey } }, { 'idempotency-key': 'k1' });
    await post({ source: SOURCE, target: { ...TARGET, wrong: true } });
    const stored = await dumpRedis(api.deps.redis);
    const logged = api.logLines.join('');
    for (const secret of [PASSWORD, TARGET_PASSWORD, pairingKey, httpAuth.password, ALICE]) {
      expect(stored).not.toContain(secret);
      expect(logged).not.toContain(secret);
    }
    expect(stored).toContain('live.example');
  });

  it.each([
    [{}, 'target: '],
    [{ target: TARGET }, 'send either cloneId or source'],
    [{ target: TARGET, source: SOURCE, cloneId: 'clone-20200101-000000-aaaa' }, 'send either cloneId or source'],
    [{ target: TARGET, cloneId: 'clone-1' }, 'cloneId: must be the id of a clone'],
    [{ source: SOURCE }, 'target: '],
    [{ source: SOURCE, target: {} }, 'target.url: '],
    [{ source: SOURCE, target: { url: 'live.example' } }, 'target.url: must be a full address'],
    [{ source: SOURCE, target: { url: 'https://u:p@live.example' } }, 'target.url: must not contain a user name'],
    [{ source: SOURCE, target: { url: 'https://live.example', username: 'a' } }, 'target.password: goes together with username'],
    [{ source: SOURCE, target: { ...TARGET, pairingKey: 'short' } }, 'target.pairingKey: must be 64 hex digits'],
    [{ source: SOURCE, target: { ...TARGET, loginUrl: '/door' } }, 'target.loginUrl: must be a full address'],
    [{ source: SOURCE, target: { ...TARGET, httpAuth: { username: 'a' } } }, 'target.httpAuth.password: '],
    [{ source: SOURCE, target: { ...TARGET, colour: 'red' } }, 'target.colour: is not a known field'],
    [{ source: { url: 'ftp://shop.example' }, target: TARGET }, 'source.url: must begin with http'],
    [{ source: { ...SOURCE, username: undefined }, target: TARGET }, 'source.username: goes together with password'],
    [{ source: SOURCE, target: TARGET, dryRun: 'yes' }, 'dryRun: '],
    [{ source: SOURCE, target: TARGET, preserve_plugins: true }, 'preserve_plugins: is not a known field'],
    [{ source: SOURCE, target: TARGET, ttlMinutes: 5 }, 'ttlMinutes: is not a known field'],
  ])('refuses %j and says which field is wrong', async (body, message) => {
    const error = await errorOf(await post(body));
    expect(error).toMatchObject({ status: 400, code: 'request.invalid' });
    expect(error.message).toContain(message);
    expect(await api.deps.redis.keys('*restore*')).toEqual([]);
  });

  it('refuses what is not JSON or too large, and callers it does not know', async () => {
    expect(await errorOf(await post('x=1', ALICE, { 'content-type': 'text/plain' }))).toMatchObject({ code: 'request.not_json' });
    expect(await errorOf(await post({ source: SOURCE, x: 'x'.repeat(70_000) }))).toMatchObject({ code: 'request.too_large' });
    expect(await errorOf(await post({ source: SOURCE, target: TARGET }, 'wrong'))).toMatchObject({ code: 'auth.invalid' });
    expect(await api.deps.redis.keys('*restore*')).toEqual([]);
  });

  it('takes only a clone of the caller that is ready', async () => {
    const cloneId = await readyClone();
    const refusal = async (key = ALICE) => errorOf(await post({ cloneId, target: TARGET }, key));
    expect(await refusal(BOB)).toMatchObject({ status: 404, code: 'clone.not_found' });
    for (const status of ['queued', 'copying', 'expiring', 'expired', 'failed'] as const) {
      await patchClone(cloneId, { status });
      const error = await refusal();
      expect(error).toMatchObject({ status: 409, code: 'clone.not_ready' });
      expect(error.message).toContain(`is ${status}`);
    }
    await api.deps.redis.del(redisKeys.clone(cloneId));
    expect(await refusal()).toMatchObject({ status: 404, code: 'clone.not_found' });
    expect(await jobCount()).toBe(0);
    expect(await api.deps.redis.keys('*restore*')).toEqual([]);
    expect(await api.deps.redis.keys('*secret:target*')).toEqual([]);
  });

  it('of another’s clone is for administrators, and belongs to them', async () => {
    const cloneId = await readyClone();
    const { restore } = await accept({ cloneId }, {}, ROOT);
    expect((await jobOf(restore.id)).owner).toBe('root');
    expect(await errorOf(await api.call('GET', `/api/v1/jobs/${restore.id}`))).toMatchObject({ code: 'job.not_found' });
  });
});

describe('an Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'restore-1' };
  const body = { source: SOURCE };

  it('makes fifty simultaneous requests one restore and one job', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => accept(body, headers)));
    expect(new Set(answers.map((answer) => answer.restore.id)).size).toBe(1);
    expect(await jobCount()).toBe(1);
    expect(await api.deps.redis.zcard(redisKeys.restoreIndex)).toBe(1);
  });

  it('gives the id, whenever and wherever it is used first', async () => {
    const first = await accept(body, headers);
    await api.deps.redis.flushall();
    expect(await accept(body, headers)).toEqual(first);
    expect((await accept(body)).restore.id).not.toBe((await accept(body)).restore.id);
  });

  it('refuses another body, and means nothing to another caller or a clone', async () => {
    const first = await accept(body, headers);
    const other = await post({ ...body, target: TARGET, dryRun: true }, ALICE, headers);
    expect(await errorOf(other)).toMatchObject({ status: 409, code: 'request.idempotency_conflict' });
    const bob = await accept(body, headers, BOB);
    expect(bob.restore.id).not.toBe(first.restore.id);
    expect((await api.call('POST', '/api/v1/clones', { body: { source: SOURCE }, headers })).status).toBe(202);
    expect(await jobCount()).toBe(2);
  });

  it('queues the job again when the first request died before that', async () => {
    const first = await accept(body, headers);
    await (await api.deps.queues.restore.getJob(first.job.id))?.remove();
    expect(await accept(body, headers)).toEqual(first);
    expect(await jobOf(first.job.id)).toMatchObject({
      restoreId: first.restore.id,
      from: { source: { secretRef: `source:${first.restore.id}` } },
    });
  });

  it('gives the same answer though the clone has ended since', async () => {
    const cloneId = await readyClone();
    const first = await accept({ cloneId }, headers);
    await patchClone(cloneId, { status: 'expired' });
    expect(await accept({ cloneId }, headers)).toEqual(first);
  });

  it('never starts a restore a second time, even when its job is forgotten', async () => {
    const first = await accept(body, headers);
    await patchRestore(first.restore.id, { status: 'completed' });
    await (await api.deps.queues.restore.getJob(first.job.id))?.remove();
    const again = await accept(body, headers);
    expect(again).toEqual({ restore: { id: first.restore.id, status: 'completed' }, job: first.job });
    await api.deps.redis.del(redisKeys.restore(first.restore.id));
    const gone = await post({ ...body, target: TARGET }, ALICE, headers);
    expect(await errorOf(gone)).toMatchObject({ status: 404, code: 'restore.not_found' });
    expect(await jobCount()).toBe(0);
  });

  it('makes another restore once it is no longer remembered, though record or job of the first are there', async () => {
    const first = await accept(body, headers);
    const forgetKey = async () => api.deps.redis.del(await api.deps.redis.keys('*:idempotency:*'));
    await forgetKey();
    const second = await accept(body, headers);
    await api.deps.redis.del(redisKeys.restore(first.restore.id));
    await forgetKey();
    const third = await accept(body, headers);
    expect(new Set([first, second, third].map(({ job }) => job.id)).size).toBe(3);
    expect(await accept(body, headers)).toEqual(third);
    expect(await jobCount()).toBe(3);
  });
});

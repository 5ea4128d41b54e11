import { redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { revokeKey } from '../access/stored-keys.ts';
import { createApp } from '../app.ts';
import type { AuditPage } from '../audit/read-audit.ts';
import { cloneCalls, errorOf, jsonOf, PASSWORD, SOURCE } from '../testing/clone-calls.ts';
import { stageJobs } from '../testing/job-stages.ts';
import { restoreCalls, TARGET_PASSWORD } from '../testing/restore-calls.ts';
import { ALICE, BOB, connectionFrom, makeKey, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

type Page = z.infer<typeof AuditPage>;

let nowMs = Date.now();
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({}, () => nowMs);
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

const clones = cloneCalls(() => api);
const restores = restoreCalls(() => api);
const read = async (query = '') => {
  await api.deps.audit.drained();
  return jsonOf<Page>(api.call('GET', `/api/v1/audit${query}`, { key: ROOT }));
};
const audited = () => api.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'audit');

describe('the audit log', () => {
  it('holds everything a day’s work does, in order, with who, from where and how it ended, and no secret', async () => {
    await using stages = stageJobs('clone', api.redis.url);
    const lines = api.logLines.length;
    const { key, id: keyId } = await makeKey(api, { name: 'shop' });
    const call = async (method: string, path: string, body?: unknown) => {
      await api.call(method, path, { key, peer: '203.0.113.7', headers: { 'x-request-id': 'request-of-the-day' }, body });
    };
    await api.call('GET', '/api/v1/clones', { key: 'wcr_guessed-key' });
    const { clone, job } = await clones.accept(undefined, {}, key);
    await (await stages.take()).fail('source.unreachable', { reason: 'x' });
    await call('POST', `/api/v1/jobs/${job.id}/retry`);
    await call('POST', `/api/v1/jobs/${job.id}/cancel`);
    await clones.patchRecord(clone.id, { status: 'ready' });
    const login = { username: 'wcr-admin', password: 'login-password-9', loginUrl: clone.url };
    await api.deps.redis.set(redisKeys.credentials(clone.id), api.deps.sealer.seal(login, `credentials:${clone.id}`));
    await call('GET', `/api/v1/clones/${clone.id}`);
    await call('GET', `/api/v1/clones/${clone.id}/credentials`);
    await call('PATCH', `/api/v1/clones/${clone.id}`, { ttlMinutes: 30 });
    const { restore } = await restores.accept({ cloneId: clone.id }, {}, key);
    await restores.complete(restore.id);
    await call('POST', `/api/v1/restores/${restore.id}/rollback`);
    await call('DELETE', `/api/v1/clones/${clone.id}`);
    await revokeKey({ redis: api.deps.redis, now: Date.now, auditEntries: 100, host: 'laptop' }, keyId);

    const { events } = await read();
    const actor = { id: keyId, name: 'shop' };
    expect(events.reverse().map((event) => [event.action, event.outcome, event.actor?.id, event.record])).toEqual([
      ['key.create', 'done', 'command', keyId],
      ['auth.failed', 'refused', undefined, undefined],
      ['clone.create', 'done', keyId, clone.id],
      ['job.retry', 'done', keyId, job.id],
      ['job.cancel', 'done', keyId, job.id],
      ['credentials.read', 'done', keyId, clone.id],
      ['clone.extend', 'done', keyId, clone.id],
      ['restore.create', 'done', keyId, restore.id],
      ['restore.rollback', 'done', keyId, restore.id],
      ['clone.delete', 'done', keyId, clone.id],
      ['key.revoke', 'done', 'command', keyId],
    ]);
    expect(events[5]).toEqual({
      ...{ action: 'credentials.read', outcome: 'done', actor, record: clone.id },
      ...{ at: new Date(nowMs).toISOString(), address: '203.0.113.7', requestId: 'request-of-the-day' },
    });
    const told = JSON.stringify([events, audited(), await api.deps.redis.hgetall(redisKeys.auditOpen)]);
    for (const secret of [key, 'wcr_guessed-key', PASSWORD, TARGET_PASSWORD, login.password]) {
      expect(told).not.toContain(secret);
      expect(api.logLines.slice(lines).join('')).not.toContain(secret);
    }
    expect(
      audited()
        .slice(-9)
        .map(({ audit }) => audit.action),
    ).toEqual(events.slice(1, -1).map(({ action }) => action));
  });

  it('tells what was refused and why, and by whom', async () => {
    const { key, id } = await makeKey(api, { scopes: ['clones:read'] });
    const { clone } = await clones.accept();
    await api.call('DELETE', `/api/v1/clones/${clone.id}`, { key });
    await api.call('DELETE', `/api/v1/clones/${clone.id}`, { key: BOB });
    await api.call('POST', '/api/v1/clones', { key: BOB, body: {} });
    const { events } = await read();
    expect(events.slice(0, 3)).toMatchObject([
      { action: 'clone.create', actor: { id: 'bob' }, outcome: 'refused', code: 'request.invalid' },
      { action: 'clone.delete', actor: { id: 'bob' }, record: clone.id, outcome: 'refused', code: 'clone.not_found' },
      { action: 'clone.delete', actor: { id }, record: clone.id, outcome: 'refused', code: 'auth.forbidden' },
    ]);
  });

  it('is found by actor, record and action, a page at a time', async () => {
    const made = [];
    for (let index = 0; index < 5; index++) made.push((await clones.accept()).clone.id);
    await clones.accept(undefined, {}, BOB);
    await api.call('DELETE', `/api/v1/clones/${made[2]}`);
    expect((await read(`?record=${made[2]}`)).events.map(({ action }) => action)).toEqual(['clone.delete', 'clone.create']);
    expect((await read('?actor=bob')).events).toHaveLength(1);
    const first = await read('?actor=alice&action=clone.create&limit=3');
    const second = await read(`?actor=alice&action=clone.create&limit=3&cursor=${first.nextCursor}`);
    expect([...first.events, ...second.events].map(({ record }) => record)).toEqual(made.reverse());
    expect(second.nextCursor).toBeNull();
    expect((await errorOf(await api.call('GET', '/api/v1/audit?action=clone.paint', { key: ROOT }))).status).toBe(400);
    expect((await errorOf(await api.call('GET', '/api/v1/audit', { key: ALICE }))).code).toBe('auth.forbidden');
  });

  it('keeps about as many entries as it was told', async () => {
    await using small = await startTestApi({ WCR_AUDIT_ENTRIES: '100' });
    const calls = Array.from({ length: 350 }, () => small.call('DELETE', '/api/v1/clones/clone-20200101-000000-aaaa'));
    await Promise.all(calls);
    await small.deps.audit.drained();
    expect(await small.deps.redis.xlen(redisKeys.audit)).toBeLessThan(300);
  });
});

describe('an action that was done is in the audit log', () => {
  it('though the process died before it could tell how it ended', async () => {
    const forgetful = { ...api.deps.audit, settle: () => undefined };
    const app = createApp({ ...api.deps, audit: forgetful });
    const headers = { authorization: `Bearer ${ALICE}`, 'content-type': 'application/json', 'x-request-id': 'the-last-one' };
    const init = { method: 'POST', headers, body: JSON.stringify({ source: SOURCE }) };
    expect((await app.request('/api/v1/clones', init, connectionFrom())).status).toBe(202);
    await api.deps.audit.settleOverdue();
    expect((await read()).events).toEqual([]);
    nowMs += 180_000;
    await api.deps.audit.settleOverdue();
    await api.deps.audit.settleOverdue();
    expect((await read()).events).toMatchObject([
      { action: 'clone.create', actor: { id: 'alice' }, requestId: 'the-last-one', outcome: 'unknown' },
    ]);
    expect(audited().at(-1)).toMatchObject({ audit: { outcome: 'unknown', requestId: 'the-last-one' } });
    expect(await api.deps.redis.exists(redisKeys.auditOpen)).toBe(0);
  });

  it('since nothing is done while the log cannot be written', async () => {
    await using full = await startTestApi();
    await full.deps.redis.config('SET', 'maxmemory', '1');
    const answer = await full.call('POST', '/api/v1/clones', { body: { source: SOURCE } });
    expect(await errorOf(answer)).toMatchObject({ status: 503, code: 'queue.unavailable' });
    await full.deps.redis.config('SET', 'maxmemory', '0');
    expect(await full.deps.redis.keys('*clone*')).toEqual([]);
  });

  it('with an outcome that leaves it open, when it failed on our side', async () => {
    const broken = { ...api.deps.clones, read: () => Promise.reject(new Error('boom')) };
    const app = createApp({ ...api.deps, clones: broken });
    const init = { method: 'DELETE', headers: { authorization: `Bearer ${ALICE}` } };
    expect((await app.request('/api/v1/clones/clone-20200101-000000-aaaa', init, connectionFrom())).status).toBe(500);
    expect((await read()).events).toMatchObject([{ action: 'clone.delete', outcome: 'failed' }]);
  });
});

import { RestoreInput } from '@wcr/shared/contracts/restore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ALICE, startTestApi, type TestApi } from '../testing/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.deps.redis.flushall());

const SOURCE = { url: 'https://shop.example', username: 'u', password: 'p' };
const get = (path: string) => api.call('GET', path, { key: null });

describe('every answer', () => {
  it('carries a request id and headers that keep browsers out of trouble', async () => {
    const response = await get('/health/live');
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const own = await api.call('GET', '/health/live', { headers: { 'x-request-id': 'my-request-1' } });
    expect(own.headers.get('x-request-id')).toBe('my-request-1');
    const odd = await api.call('GET', '/health/live', { headers: { 'x-request-id': 'a "quoted" one' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('to an unknown address or method is an envelope', async () => {
    const missing = await get('/api/v1/nothing');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({
      error: { code: 'route.not_found', message: 'There is nothing at /api/v1/nothing.' },
    });
    const wrong = await api.call('PUT', '/api/v1/clones/clone-1');
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'PATCH']);
    expect(await wrong.json()).toMatchObject({ error: { code: 'route.method_not_allowed' } });
  });

  it('to something unexpected gives nothing away', async () => {
    const { createApp } = await import('../app.ts');
    const clones = { ...api.deps.clones, list: () => Promise.reject(new Error('the secret is hunter2')) };
    const response = await createApp({ ...api.deps, clones }).request('/api/v1/clones', {
      headers: { authorization: `Bearer ${ALICE}` },
    });
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain('internal.unexpected');
    expect(text).not.toContain('hunter2');
  });

  it('is one line in the log', async () => {
    const before = api.logLines.length;
    await api.call('GET', '/api/v1/clones/clone-20200101-000000-aaaa?token=abc', { headers: { 'x-request-id': 'logged-123' } });
    const lines = api.logLines.slice(before).map((line) => JSON.parse(line));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      requestId: 'logged-123',
      method: 'GET',
      route: '/api/v1/clones/:cloneId',
      status: 404,
      keyId: 'alice',
    });
    expect(JSON.stringify(lines)).not.toContain('abc');
  });
});

describe('former clients', () => {
  it('make clones and follow their jobs under the old names', async () => {
    const body = { source: SOURCE, auto_provision: true, ttl_minutes: 45 };
    const response = await api.call('POST', '/clone', { body });
    expect(response.status).toBe(202);
    const accepted = (await response.json()) as { job_id: string; clone_id: string; clone_url: string; status_url: string };
    expect(accepted).toMatchObject({ success: true, clone_url: `http://clones.example/${accepted.clone_id}/` });
    expect(accepted.status_url).toBe(`/api/v2/job-status/${accepted.job_id}`);
    const job = await api.deps.queues.clone.getJob(accepted.job_id);
    expect(job?.data).toMatchObject({ ttlMinutes: 45, source: { url: 'https://shop.example' } });
    const status = await (await api.call('GET', accepted.status_url)).json();
    expect(status).toEqual({ job_id: accepted.job_id, status: 'waiting', clone_id: accepted.clone_id });
    expect(await (await get('/health')).json()).toEqual({ status: 'healthy' });
  });

  it('restore, and name a clone by its address', async () => {
    const target = { url: 'https://live.example/', username: 'u', password: 'p' };
    const post = (source: object, more: object = {}) => api.call('POST', '/restore', { body: { source, target, ...more } });
    const response = await post(SOURCE, { preserve_plugins: false, preserve_themes: true });
    expect(response.status).toBe(202);
    const accepted = (await response.json()) as { job_id: string; restore_id: string; status_url: string };
    expect(accepted).toEqual({
      success: true,
      job_id: accepted.job_id,
      restore_id: accepted.job_id,
      status_url: `/api/v2/job-status/${accepted.job_id}`,
    });
    const job = await api.deps.queues.restore.getJob(accepted.job_id);
    expect(RestoreInput.parse(job?.data)).toMatchObject({
      from: { source: { url: 'https://shop.example' } },
      target: { url: 'https://live.example' },
      options: { preservePlugins: false, preserveThemes: true, preserveUploads: false, verifyIntegrity: true },
    });
    const status = await (await api.call('GET', accepted.status_url)).json();
    expect(status).toEqual({ job_id: accepted.job_id, status: 'waiting', restore_id: accepted.restore_id });

    const made = await api.call('POST', '/clone', { body: { source: SOURCE } });
    const { clone_id: cloneId, clone_url: url } = (await made.json()) as { clone_id: string; clone_url: string };
    expect((await post({ ...SOURCE, url })).status).toBe(409);
    await api.deps.clones.change(cloneId, () => ({ status: 'ready' }));
    const { job_id: jobId } = (await (await post({ ...SOURCE, url })).json()) as { job_id: string };
    expect((await api.deps.queues.restore.getJob(jobId))?.data).toMatchObject({ from: { cloneId } });
  });

  it('are told which field of a restore is wrong', async () => {
    const body = {
      source: { url: 'x' },
      target: { url: 'https://live.example', password: 'p' },
      preserve_plugins: 1,
      dry_run: true,
    };
    const refused = async (sent: object) =>
      ((await (await api.call('POST', '/restore', { body: sent })).json()) as { error: { message: string } }).error.message;
    const message = await refused(body);
    for (const field of ['source.url: ', 'preserve_plugins: ', 'dry_run: is not a known field']) expect(message).toContain(field);
    expect(await refused({ source: SOURCE, target: body.target })).toContain('target.username: goes together');
    expect(await api.deps.queues.restore.count()).toBe(0);
  });

  it('are told which field is wrong', async () => {
    const response = await api.call('POST', '/clone', {
      body: { source: { url: 'x' }, auto_provision: false, ttl_minutes: 'x' },
    });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string } };
    for (const field of ['source.url: ', 'auto_provision: ', 'ttl_minutes: ']) expect(error.message).toContain(field);
    const half = await api.call('POST', '/clone', { body: { source: { url: 'https://shop.example', username: 'u' } } });
    expect(((await half.json()) as { error: { message: string } }).error.message).toContain('source.password: goes together');
  });
});

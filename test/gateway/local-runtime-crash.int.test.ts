import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { localClonePaths } from '@wcr/shared/contracts/local-clone';
import { crashPoints } from '@wcr/stack/testing/crash-points';
import { createCloneDatabases } from '@wcr/worker/drivers/runtime/clone-database';
import { createSystemUsers } from '@wcr/worker/drivers/runtime/local/system-user';
import { createCloneSpec } from '@wcr/worker/drivers/runtime/runtime.contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findLeftovers, type LocalGateway, startLocalGateway } from '../support/local-gateway.ts';
import { wrapCalls } from '../support/mortal-calls.ts';

const { signal } = new AbortController();

let gateway: LocalGateway;
beforeAll(async () => {
  gateway = await startLocalGateway();
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** Moments that spread over the whole of `ensure` and `remove`, which take some ten to hundred milliseconds. */
const MOMENTS_MS = [0, 15, 40, 90];

const ids = async (): Promise<string[]> => (await gateway.runtime.list()).map((record) => record.id);

/** What a folder that was renamed away, or not yet renamed, leaves is cleared away later. */
const leftoversOf = async (id: string): Promise<string[]> =>
  (await findLeftovers(gateway, id)).filter((what) => !/\.(new|gone)-/.test(what));

describe('a worker that dies before any of its calls', () => {
  it('while it makes a clone, leaves one that is listed, completed and removed', async () => {
    const connection = await gateway.connect();
    using calls = wrapCalls(connection);
    await connection.end();
    for (const step of crashPoints(0)) {
      const spec = createCloneSpec();
      const { id } = spec.record;
      calls.dieAfter(step);
      await gateway.runtime.ensure(spec, signal).catch(() => undefined);
      const hasDied = calls.revive();
      if ((await leftoversOf(id)).length > 0) expect(await ids(), `dead after ${step} calls`).toContain(id);
      const handle = await gateway.runtime.ensure(spec, signal);
      expect(await gateway.runtime.open(id)).toEqual(handle);
      await gateway.runtime.remove(id, signal);
      expect(await leftoversOf(id), `dead after ${step} calls`).toEqual([]);
      expect(step).toBeLessThan(200);
      if (hasDied) continue;
      expect(step).toBeGreaterThan(20);
      break;
    }
  });

  it('while it removes a clone, leaves one that is listed and removed', async () => {
    const connection = await gateway.connect();
    using calls = wrapCalls(connection);
    await connection.end();
    for (const step of crashPoints(0)) {
      const spec = createCloneSpec();
      const { id } = spec.record;
      await gateway.runtime.ensure(spec, signal);
      calls.dieAfter(step);
      await gateway.runtime.remove(id, signal).catch(() => undefined);
      const hasDied = calls.revive();
      if ((await leftoversOf(id)).length > 0) expect(await ids(), `dead after ${step} calls`).toContain(id);
      await gateway.runtime.remove(id, signal);
      expect(await leftoversOf(id), `dead after ${step} calls`).toEqual([]);
      expect(step).toBeLessThan(200);
      if (hasDied) continue;
      expect(step).toBeGreaterThan(10);
      break;
    }
  });
});

describe('a worker that is killed', () => {
  it.each(MOMENTS_MS)('while it makes a clone, after %d ms, leaves one that is listed, completed and removed', async (moment) => {
    const spec = createCloneSpec();
    const { id } = spec.record;
    await gateway.killDuring('ensure', spec, moment);
    const left = await leftoversOf(id);
    expect(await ids()).toEqual(left.length > 0 ? expect.arrayContaining([id]) : expect.not.arrayContaining([id]));
    const handle = await gateway.runtime.ensure(spec, signal);
    await gateway.runtime.awaitReady(id, signal);
    expect(await gateway.anotherRuntime().open(id)).toEqual(handle);
    await gateway.runtime.remove(id, signal);
    expect(await leftoversOf(id)).toEqual([]);
  });

  it.each(MOMENTS_MS)('while it removes a clone, after %d ms, leaves one that is listed and removed', async (moment) => {
    const spec = createCloneSpec();
    const { id } = spec.record;
    await gateway.runtime.ensure(spec, signal);
    await gateway.runtime.awaitReady(id, signal);
    await gateway.killDuring('remove', spec, moment);
    const left = await leftoversOf(id);
    if (left.length > 0) expect(await ids()).toContain(id);
    await gateway.runtime.remove(id, signal);
    expect(await leftoversOf(id)).toEqual([]);
  });

  it('has its debris cleared away after a while', async () => {
    const names = [
      '.new-clone-20260101-000000-aaaa-01',
      '.gone-clone-20260101-000000-aaaa-02',
      '.new-clone-20260101-000000-aaaa-03',
    ];
    for (const name of names) mkdirSync(join(gateway.localDir, name, 'deep'), { recursive: true });
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const name of names.slice(0, 2)) utimesSync(join(gateway.localDir, name), longAgo, longAgo);
    await gateway.runtime.list();
    expect(readdirSync(gateway.localDir).filter((name) => names.includes(name))).toEqual([names[2]]);
    rmSync(join(gateway.localDir, names[2] ?? ''), { recursive: true });
  });
});

describe('a folder whose record cannot be read', () => {
  it.each(['', '{"format":1', '{"format":9,"revision":1,"record":{}}'])(
    'is reported as failed and expired, and can be removed: %j',
    async (text) => {
      const { id } = createCloneSpec().record;
      const paths = localClonePaths(gateway.localDir, id);
      mkdirSync(paths.site, { recursive: true });
      writeFileSync(paths.record, text);
      const record = (await gateway.runtime.list()).find((one) => one.id === id);
      expect(record).toMatchObject({ status: 'failed', error: { code: 'runtime.failed' } });
      expect(record?.expiresAt).toBeLessThanOrEqual(Date.now());
      expect(await gateway.runtime.open(id)).toBeUndefined();
      await gateway.runtime.remove(id, signal);
      expect(await findLeftovers(gateway, id)).toEqual([]);
    },
  );

  it('is no reason not to make the clone', async () => {
    const spec = createCloneSpec();
    const paths = localClonePaths(gateway.localDir, spec.record.id);
    mkdirSync(paths.folder, { recursive: true });
    writeFileSync(paths.record, 'half a rec');
    await gateway.runtime.ensure(spec, signal);
    expect(await gateway.runtime.read(spec.record.id)).toEqual(spec.record);
  });
});

it('things that are no clones do not become some', async () => {
  mkdirSync(join(gateway.localDir, 'notes'), { recursive: true });
  writeFileSync(join(gateway.localDir, 'clone-1.txt'), '');
  expect(await ids()).toEqual(expect.not.arrayContaining(['notes', 'clone-1.txt']));
  expect(await gateway.runtime.read('../notes')).toBeUndefined();
  await expect(gateway.runtime.remove('../../etc', signal)).rejects.toMatchObject({ code: 'clone.not_found' });
});

it('no two clones ever share a user, and all users come back', async () => {
  const dir = join(gateway.localDir, 'users-test');
  const users = createSystemUsers(dir, { firstUid: 1000, uidCount: 5 });
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of [...names, 'f']) mkdirSync(join(dir, name), { recursive: true });
  const claimed = await Promise.all(names.map((name) => users.claim(name)));
  expect(claimed.map(({ uid }) => uid).sort()).toEqual([1000, 1001, 1002, 1003, 1004]);
  await expect(users.claim('f')).rejects.toMatchObject({ code: 'runtime.failed' });
  await users.release('c');
  expect(await users.claim('a')).toEqual(claimed[0]);
  expect(await users.claim('f')).toEqual(claimed[2]);
});

it('while the gateway is down, a clone without PHP can be removed', async () => {
  await using second = await startLocalGateway();
  const clone = await second.makeClone({ 'index.php': 'x' });
  expect((await fetch(`${clone.url}/`)).status).toBe(200);
  await second.process().stop();
  await expect(second.runtime.remove(clone.record.id, signal)).resolves.toBeUndefined();
  expect(await findLeftovers(second, clone.record.id)).toEqual([]);
  await second.start();
});

it('tells the database server’s refusal without its statement', async () => {
  const { database } = gateway;

  const databases = createCloneDatabases(`mysql://root:wrong-secret@${database.host}:${database.port}`, ['localhost']);
  const failure = await databases.remove('clone-20260101-000000-aaaa').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'runtime.failed', detail: { reason: expect.stringContaining('ER_ACCESS_DENIED') } });
  expect(JSON.stringify(failure) + String((failure as Error).cause)).not.toMatch(/wrong-secret|IDENTIFIED/);
});

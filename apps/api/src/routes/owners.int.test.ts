import { OWNER_SCOPES, SCOPES } from '@wcr/shared/contracts/access';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BOARD_RULES, type GuardedOperation, ROUTE_RULES } from '../access/route-rules.ts';
import { createApp } from '../app.ts';
import { cloneCalls, errorOf, SOURCE } from '../testing/clone-calls.ts';
import { restoreCalls, TARGET } from '../testing/restore-calls.ts';
import { ALICE, BOB, makeKey, ROOT, startTestApi, type TestApi } from '../testing/start-api.ts';

type Call = { readonly method: string; readonly path: string };
type Document = { paths: Record<string, Record<string, { operationId: string; security?: unknown }>> };

/** Calls that need no API key: they know nothing of owners. */
const OPEN_CALLS = ['formerHealth', 'health-live', 'health-ready', 'health-startup', 'metrics'];
const OPERATIONS = Object.keys(ROUTE_RULES) as GuardedOperation[];
/** Where a call names no record in its address, what keeps owners apart is tested below by name. */
const WITHOUT_RECORD = new Set<GuardedOperation>([
  ...(['createClone', 'listClones', 'createRestore', 'listRestores'] as const),
  ...(['formerCreateClone', 'formerCreateRestore', 'readAudit', 'listKeys', 'createKey'] as const),
  'rotateWebhookSecret',
]);
const NOWHERE = {
  cloneId: 'clone-20200101-000000-aaaa',
  restoreId: `restore-${'0'.repeat(32)}`,
  jobId: `clone-${'0'.repeat(32)}`,
  keyId: 'key_000000000000',
};

let api: TestApi;
let calls: ReadonlyMap<string, Call & { readonly isGuarded: boolean }>;
beforeAll(async () => {
  api = await startTestApi();
  const document = (await (await api.call('GET', '/openapi.json')).json()) as Document;
  const entries = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, { operationId, security }]) => {
      return [operationId, { method: method.toUpperCase(), path, isGuarded: security !== undefined }] as const;
    }),
  );
  calls = new Map(entries);
});
afterAll(() => api[Symbol.asyncDispose]());

const clones = cloneCalls(() => api);
const restores = restoreCalls(() => api);

/** What Alice has: a ready clone with a login, a restore that can be rolled back, a clone that is being made. */
let alices: Record<keyof typeof NOWHERE, string>;
beforeEach(async () => {
  await api.deps.redis.flushall();
  const cloneId = await restores.readyClone();
  const login = { username: 'wcr-admin', password: 'pw', loginUrl: 'http://clones.example/' };
  await api.deps.redis.set(redisKeys.credentials(cloneId), api.deps.sealer.seal(login, `credentials:${cloneId}`));
  const { restore } = await restores.accept({ cloneId });
  await restores.complete(restore.id);
  const { job } = await clones.accept();
  alices = { cloneId, restoreId: restore.id, jobId: job.id, keyId: (await makeKey(api, { owner: 'alice' })).id };
});

const BODIES: Partial<Record<GuardedOperation, object>> = {
  createClone: { source: SOURCE },
  createRestore: { source: SOURCE, target: TARGET },
  changeClone: { ttlMinutes: 5 },
  formerCreateClone: { source: SOURCE },
  formerCreateRestore: { source: SOURCE, target: TARGET },
  createKey: { name: 'another' },
};

async function call(operation: GuardedOperation, key: string, ids = alices): Promise<Response> {
  const { method = '', path = '' } = calls.get(operation) ?? {};
  const named = Object.entries(ids).reduce((text, [name, id]) => text.replace(`{${name}}`, id), path);
  const body = BODIES[operation];
  const response = await api.call(method, named, { key, ...(body === undefined ? {} : { body }) });
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) await response.body?.cancel();
  return response;
}

it('every call there is has a rule, and none that needs a key is left out here', () => {
  const guarded = [...calls].filter(([, { isGuarded }]) => isGuarded).map(([operation]) => operation);
  expect(guarded.sort()).toEqual([...OPERATIONS].sort());
  expect([...calls.keys()].filter((operation) => !guarded.includes(operation)).sort()).toEqual(OPEN_CALLS);
  const nameless = OPERATIONS.filter((operation) => !calls.get(operation)?.path.includes('{'));
  expect(nameless.sort()).toEqual([...WITHOUT_RECORD].sort());
});

describe('somebody else’s thing', () => {
  /** Everything but what the admission and the audit log write. */
  async function contents(): Promise<string[]> {
    const keys = await api.deps.redis.keys('*');
    const ours = keys.filter((key) => !/:(audit|audit-open|api-key-uses|rate:.*)$/.test(key));
    const values = await Promise.all(
      ours.map(async (key) => `${key} ${(await api.deps.redis.dumpBuffer(key))?.toString('hex')}`),
    );
    return values.sort();
  }

  const sayingId = (text: string, ids: typeof NOWHERE) =>
    Object.values(ids)
      .reduce((said, id) => said.replaceAll(id, 'ID'), text)
      .replace(/"requestId":"[^"]+"/, '');

  /** Keys are an administrator's business, whoever they belong to. */
  const ofOwners = OPERATIONS.filter((operation) => !WITHOUT_RECORD.has(operation) && ROUTE_RULES[operation].scope !== 'admin');

  it.each(ofOwners)(
    'is to %s as if it did not exist, and stays as it is; its owner and an administrator find it',
    async (operation) => {
      const before = await contents();
      const theirs = await call(operation, BOB);
      const missing = await call(operation, BOB, NOWHERE);
      expect(theirs.status).toBe(404);
      expect(missing.status).toBe(404);
      expect(sayingId(await theirs.text(), alices)).toBe(sayingId(await missing.text(), NOWHERE));
      expect(await contents()).toEqual(before);
      expect((await call(operation, ALICE)).status).not.toBe(404);
      expect((await call(operation, ROOT)).status).not.toBe(404);
    },
  );

  it.each([
    ['/api/v1/clones', 'clones'],
    ['/api/v1/restores', 'restores'],
  ])('is not in the list %s, nor in its cursors', async (path, field) => {
    const list = async (key: string, query = '') =>
      (await (await api.call('GET', path + query, { key })).json()) as Record<string, unknown[]> & { nextCursor: string };
    expect((await list(BOB))[field]).toEqual([]);
    await restores.accept({ source: SOURCE });
    const { nextCursor, [field]: page } = await list(ALICE, '?limit=1');
    expect(page).toHaveLength(1);
    expect(Buffer.from(nextCursor, 'base64url').toString('latin1')).not.toMatch(/clone-|restore-/);
    expect(await errorOf(await api.call('GET', `${path}?cursor=${nextCursor}`, { key: BOB }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('cursor: must be the nextCursor'),
    });
  });

  it('cannot be restored from, by its id or by its address', async () => {
    const before = await contents();
    const byId = (cloneId: string) => api.call('POST', '/api/v1/restores', { key: BOB, body: { cloneId, target: TARGET } });
    const former = (cloneId: string) => {
      const source = { ...SOURCE, url: `http://clones.example/${cloneId}/` };
      return api.call('POST', '/restore', { key: BOB, body: { source, target: TARGET } });
    };
    for (const restore of [byId, former]) {
      expect(await errorOf(await restore(alices.cloneId))).toMatchObject({ status: 404, code: 'clone.not_found' });
      expect(await errorOf(await restore(NOWHERE.cloneId))).toMatchObject({ status: 404, code: 'clone.not_found' });
    }
    expect(await contents()).toEqual(before);
  });

  it('is not given out for an Idempotency-Key that its owner used', async () => {
    const headers = { 'idempotency-key': 'same' };
    const mine = await clones.accept(undefined, headers);
    const theirs = await clones.accept(undefined, headers, BOB);
    expect(theirs.clone.id).not.toBe(mine.clone.id);
    expect(theirs.job.id).not.toBe(mine.job.id);
    const restored = await restores.accept({ source: SOURCE }, headers);
    expect((await restores.accept({ source: SOURCE }, headers, BOB)).restore.id).not.toBe(restored.restore.id);
  });

  it('belongs to every key of its owner, so that a key can be replaced', async () => {
    const { key } = await makeKey(api, { owner: 'alice' });
    expect((await call('readClone', key)).status).toBe(200);
    const headers = { 'idempotency-key': 'same' };
    expect(await clones.accept(undefined, headers, key)).toEqual(await clones.accept(undefined, headers));
  });
});

describe('a scope', () => {
  it.each(OPERATIONS)('lets a key call %s, and no other scope does', async (operation) => {
    const { scope } = ROUTE_RULES[operation];
    const [allowed, all] = await Promise.all([
      makeKey(api, { owner: 'alice', scopes: [scope] }),
      makeKey(api, { owner: 'alice', scopes: SCOPES.filter((other) => other !== scope && other !== 'admin') }),
    ]);
    const refused = await errorOf(await call(operation, all.key));
    expect(refused).toMatchObject({ status: 403, code: 'auth.forbidden' });
    expect(refused.message).toContain(scope);
    expect([401, 403, 404]).not.toContain((await call(operation, allowed.key)).status);
  });

  it('that comes with a key of the environment is each but those of operators', async () => {
    for (const operation of OPERATIONS) {
      const isOwners = (OWNER_SCOPES as readonly string[]).includes(ROUTE_RULES[operation].scope);
      const { status } = await call(operation, ALICE);
      if (isOwners) expect(status).not.toBe(403);
      else expect(status).toBe(403);
    }
  });
});

describe('the board of queues, where everybody’s jobs are', () => {
  /** Its addresses as its own routes tell them; a wildcard of a route becomes one of the addresses it stands for. */
  const addresses = () =>
    createApp(api.deps)
      .routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/admin/queues'))
      .map(({ method, path }) => {
        const named = path.replace(':queueName', 'clone').replace(':queue', 'clone').replace(':jobId', alices.jobId);
        return { method, path: named.replace(/:\w+(\{\.\+\})?/g, 'other').replace('*', 'other') };
      });

  /** Which of them turn the key away: none, some or all. */
  async function refusals(key: string, wanted: (method: string) => boolean = () => true): Promise<string> {
    const asked = addresses().filter(({ method }) => wanted(method));
    expect(asked.length).toBeGreaterThan(5);
    const answers = await Promise.all(asked.map(async ({ method, path }) => (await api.call(method, path, { key })).text()));
    const refused = answers.filter((text) => text.includes('auth.forbidden'));
    if (refused.length === asked.length) return 'all';
    return refused.length === 0 ? 'none' : 'some';
  }
  const isLook = (method: string) => method === 'GET';
  const isChange = (method: string) => !isLook(method);

  it('is closed to a key for its own things, and to one with every scope but its own', async () => {
    const { key } = await makeKey(api, { scopes: SCOPES.filter((scope) => !/^(queues:|admin$)/.test(scope)) });
    for (const stranger of [ALICE, key]) expect(await refusals(stranger)).toBe('all');
  });

  it('can be looked at, but not changed, with the scope to look; with that to change, both', async () => {
    const [look, change] = await Promise.all([
      makeKey(api, { scopes: [BOARD_RULES.look.scope] }),
      makeKey(api, { scopes: [BOARD_RULES.change.scope] }),
    ]);
    expect([await refusals(look.key, isLook), await refusals(look.key, isChange)]).toEqual(['none', 'all']);
    expect(await refusals(change.key)).toBe('none');
  });
});

import { redisKeys } from '@wcr/shared/contracts/queues';
import { createSealer } from '@wcr/shared/secrets/seal';
import { createRedactor, type Redactor } from '@wcr/shared/telemetry/redactor';
import { useRedis } from '@wcr/stack/testing/services';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createSecretStore, type SecretStore, siteDigest } from './secret-store.ts';

const sealer = createSealer('ab'.repeat(32));
const SECRETS = { username: 'admin', password: 'correct horse', httpAuth: { username: 'door', password: 'open sesame' } };

let redis: Redis;
let redactor: Redactor;
let store: SecretStore;

beforeAll(async () => {
  redis = new Redis((await useRedis()).url);
});
beforeEach(async () => {
  await redis.flushdb();
  redactor = createRedactor();
  store = createSecretStore({ redis, sealer, redactor });
});
afterAll(() => redis.disconnect());

const seal = (reference: string) => redis.set(redisKeys.secret(reference), sealer.seal(SECRETS, reference), 'EX', 3_600);
const stored = async () => Promise.all((await redis.keys('*')).map((key) => redis.get(key)));

it('opens what the API sealed, and from then on the redactor knows it', async () => {
  await seal('ref-1');
  expect(redactor.redact('correct horse')).toBe('correct horse');
  expect(await store.open('ref-1')).toEqual(SECRETS);
  const basic = Buffer.from('door:open sesame').toString('base64');
  expect(redactor.redact(`correct horse, open sesame, Basic ${basic}`)).toBe('[secret], [secret], Basic [secret]');
});

it('says that secrets are gone', async () => {
  await expect(store.open('ref-1')).rejects.toMatchObject({ code: 'secret.missing' });
  await seal('ref-1');
  await store.forget('ref-1');
  await expect(store.open('ref-1')).rejects.toMatchObject({ code: 'secret.missing' });
});

it('secrets that were moved to another reference do not open', async () => {
  await seal('ref-1');
  await redis.rename(redisKeys.secret('ref-1'), redisKeys.secret('ref-2'));
  await expect(store.open('ref-2')).rejects.toMatchObject({ code: 'secret.unreadable' });
});

it('replaces secrets without giving them a longer life, and never brings them back', async () => {
  await seal('ref-1');
  await store.replace('ref-1', { pairingKey: 'f'.repeat(64) });
  expect(await store.open('ref-1')).toEqual({ pairingKey: 'f'.repeat(64) });
  expect(await redis.ttl(redisKeys.secret('ref-1'))).toBeGreaterThan(0);
  await store.forget('ref-1');
  await store.replace('ref-1', SECRETS);
  await expect(store.open('ref-1')).rejects.toMatchObject({ code: 'secret.missing' });
});

it('remembers the pairing key of a site, however its address is written, and never in clear', async () => {
  await store.rememberPairing({ siteUrl: 'https://Shop.example/blog/', owner: 'one' }, 'a1'.repeat(32));
  expect(await store.rememberedPairing({ siteUrl: 'http://shop.example/blog', owner: 'one' })).toBe('a1'.repeat(32));
  expect(await store.rememberedPairing({ siteUrl: 'https://shop.example/other', owner: 'one' })).toBeUndefined();
  expect(JSON.stringify(await stored())).not.toContain('a1a1a1');
  expect(redactor.redact('a1'.repeat(32))).toBe('[secret]');
  expect(await store.rememberedPairing({ siteUrl: 'https://shop.example/blog', owner: 'another' })).toBeUndefined();
  await store.forgetPairing({ siteUrl: 'https://shop.example/blog', owner: 'one' });
  expect(await store.rememberedPairing({ siteUrl: 'https://shop.example/blog', owner: 'one' })).toBeUndefined();
});

it('a pairing key of another site, or sealed under another key, is as good as none', async () => {
  await store.rememberPairing({ siteUrl: 'https://shop.example', owner: 'one' }, 'a1'.repeat(32));
  const [mine, theirs] = [siteDigest('https://shop.example'), siteDigest('https://evil.example')];
  await redis.copy(redisKeys.pairing(mine), redisKeys.pairing(theirs));
  expect(await store.rememberedPairing({ siteUrl: 'https://evil.example', owner: 'one' })).toBeUndefined();
  const other = createSecretStore({ redis, sealer: createSealer('cd'.repeat(32)), redactor });
  expect(await other.rememberedPairing({ siteUrl: 'https://shop.example', owner: 'one' })).toBeUndefined();
});

it('remembers transports, and only those there are', async () => {
  await store.rememberTransport('https://shop.example', 'ajax');
  expect(await store.rememberedTransport('https://shop.example')).toBe('ajax');
  await redis.set(redisKeys.agentTransport(siteDigest('https://shop.example')), 'pigeon');
  expect(await store.rememberedTransport('https://shop.example')).toBeUndefined();
});

it('keeps what opens a site until a moment, sealed, and for that reference alone', async () => {
  const until = Date.now() + 60_000;
  await store.keep('restore-point:restore-1', { pairingKey: 'a key of a site' }, until);
  expect(await store.open('restore-point:restore-1')).toEqual({ pairingKey: 'a key of a site' });
  expect(await redis.pexpiretime(redisKeys.secret('restore-point:restore-1'))).toBe(until);
  expect((await stored()).join()).not.toContain('a key of a site');
  expect(redactor.redact('a key of a site')).toBe('[secret]');
  const sealed = (await redis.get(redisKeys.secret('restore-point:restore-1'))) ?? '';
  await redis.set(redisKeys.secret('restore-point:restore-2'), sealed);
  await expect(store.open('restore-point:restore-2')).rejects.toMatchObject({ code: 'secret.unreadable' });
});

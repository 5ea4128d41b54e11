import { OWNER_SCOPES } from '@wcr/shared/contracts/access';
import { describe, expect, it } from 'vitest';
import { hashApiKey, readApiConfig } from './api-config.ts';

const ENV = { WCR_SECRETS_KEY: 'ab'.repeat(32), WCR_CLONES_URL: 'http://clones.example' };

describe('the configuration', () => {
  it('has defaults for everything but the secrets key and the clones’ address', () => {
    expect(readApiConfig(ENV)).toMatchObject({ port: 8080, host: '127.0.0.1', apiKeys: [], maxTtlMinutes: 10_080 });
    expect(() => readApiConfig({})).toThrow(/WCR_SECRETS_KEY[\s\S]*WCR_CLONES_URL/);
  });

  it('keeps only digests of the keys', () => {
    const config = readApiConfig({ ...ENV, WCR_API_KEYS: 'alice:alice-key-0123456789, ops:ops-key-0123456789:admin' });
    expect(config.apiKeys).toEqual([
      { name: 'alice', hash: hashApiKey('alice-key-0123456789'), scopes: OWNER_SCOPES },
      { name: 'ops', hash: hashApiKey('ops-key-0123456789'), scopes: ['admin'] },
    ]);
    expect(JSON.stringify(config)).not.toContain('alice-key');
  });

  it.each([
    'nameless-key-0123456789',
    'alice:short',
    'alice:alice-key-0123456789:root',
    'alice:alice-key-0123456789,alice:other-key-0123456789',
    'Alice:alice-key-0123456789',
  ])('refuses the keys %s without repeating them', (keys) => {
    expect(() => readApiConfig({ ...ENV, WCR_API_KEYS: keys })).toThrow(/WCR_API_KEYS: each entry is name:key/);
    expect(() => readApiConfig({ ...ENV, WCR_API_KEYS: keys })).not.toThrow(/0123456789/);
  });
});

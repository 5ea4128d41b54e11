import { expect, it } from 'vitest';
import { renderWaitingAgentConfig } from '../../agent-config.ts';
import { IDENTITY_FILE, IDENTITY_PATTERN, renderIdentity } from './identity.ts';

const cloneId = 'clone-20260101-000000-abcd';
const good = { cloneId, url: `https://clones.example:8443/at/${cloneId}`, tablePrefix: 'wp_' };

it.each([
  [good.url, 'wp_'],
  [`http://${cloneId}.clones.example`, ''],
  ['http://[fd00::1]:8080/clone', 'A_1'],
])('an identity is read as it was written: %s, %s', (url, tablePrefix) => {
  const found = new RegExp(IDENTITY_PATTERN).exec(renderIdentity({ cloneId, url, tablePrefix }));
  expect(found?.slice(1)).toEqual([url, tablePrefix]);
});

it.each([
  { cloneId: 'clone-1' },
  { cloneId: `${cloneId}\nid=x` },
  { url: 'ftp://clones.example' },
  { url: 'https://clones.example/' },
  { url: 'https://clones.example/a"\nListen 81' },
  { url: 'https://user@clones.example' },
  { tablePrefix: 'wp-' },
  { tablePrefix: "wp_'" },
  { tablePrefix: 'x'.repeat(65) },
])('%o does not become part of one', (patch) => {
  expect(() => renderIdentity({ ...good, ...patch })).toThrow(expect.objectContaining({ code: 'runtime.failed' }));
});

it('the configuration of an agent that waits takes nothing but address and prefix from the file', () => {
  const config = renderWaitingAgentConfig({
    pairingKey: 'k',
    root: '/r/',
    work: '/w/',
    database: { host: 'h', user: 'u', password: "it's", name: 'n' },
    identity: { file: IDENTITY_FILE, pattern: IDENTITY_PATTERN },
  });
  expect(config.match(/\$found\[\d\]/g)).toEqual(['$found[1]', '$found[2]']);
  expect(config).toContain("'password' => 'it\\'s',");
  expect(config).not.toMatch(/\b(?:eval|include|require|unserialize)\b/);
});

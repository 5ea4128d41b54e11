import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { expect, it } from 'vitest';
import { isPrivateAddress } from './private-address.ts';
import { createPublicNetwork } from './public-network.ts';

it.each([
  ...['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '255.255.255.255'],
  ...['::1', '::', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '64:ff9b::a00:1', 'not an address'],
])('%s is private', (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

it.each(['93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:8.8.8.8'])(
  '%s is public',
  (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  },
);

it.each(['http://127.0.0.1', 'http://[::1]:8080/', 'http://2130706433/', 'http://0x7f.1/', 'http://intern.example/'])(
  'refuses the source %s before anything is asked',
  async (url) => {
    const network = createPublicNetwork(async () => [{ address: '10.0.0.9', family: 4 }]);
    await expect(network.assertPublic(url)).rejects.toMatchObject({ code: 'source.invalid_url', retryable: false });
  },
);

it('lets a public host pass, and leaves one that is not found to the request', async () => {
  await createPublicNetwork(async () => [{ address: '93.184.216.34', family: 4 }]).assertPublic('https://shop.example/');
  await createPublicNetwork(() => Promise.reject(new Error('ENOTFOUND'))).assertPublic('https://nowhere.example/');
});

it.each(['127.0.0.1', 'rebound.example'])('does not connect to %s even when it was let pass before', async (host) => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end('secret');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const { dispatcher, connect } = createPublicNetwork(async () => [{ address: '127.0.0.1', family: 4 }]);
  await expect(request(`http://${host}:${port}/`, { dispatcher })).rejects.toMatchObject({ code: 'source.invalid_url' });
  await expect(connect(host, port, AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: 'source.invalid_url' });
  expect(asked).toBe(0);
  server.close();
});

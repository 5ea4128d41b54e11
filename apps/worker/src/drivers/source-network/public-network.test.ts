import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { expect, it } from 'vitest';
import { createPublicNetwork } from './public-network.ts';
import { rulesFor } from './testing/canary.ts';

it.each(['http://127.0.0.1', 'http://[::1]:8080/', 'http://2130706433/', 'http://0x7f.1/', 'http://intern.example/'])(
  'refuses the source %s before anything is asked',
  async (url) => {
    const network = createPublicNetwork(rulesFor(), async () => [{ address: '10.0.0.9', family: 4 }]);
    await expect(network.assertPublic(url)).rejects.toMatchObject({ code: 'source.address_refused', retryable: false });
  },
);

it('lets a public host pass, and leaves one that is not found to the request', async () => {
  await createPublicNetwork(rulesFor(), async () => [{ address: '93.184.216.34', family: 4 }]).assertPublic(
    'https://shop.example/',
  );
  await createPublicNetwork(rulesFor(), () => Promise.reject(new Error('ENOTFOUND'))).assertPublic('https://nowhere.example/');
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
  const { dispatcher, connect } = createPublicNetwork(rulesFor(), async () => [{ address: '127.0.0.1', family: 4 }]);
  await expect(request(`http://${host}:${port}/`, { dispatcher })).rejects.toMatchObject({ code: 'source.address_refused' });
  await expect(connect(host, port, AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: 'source.address_refused' });
  expect(asked).toBe(0);
  server.close();
});

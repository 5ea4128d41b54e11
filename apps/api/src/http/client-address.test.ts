import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { ApiEnv } from './api-env.ts';
import { clientAddress, networkOf } from './client-address.ts';

const PEER = '10.0.0.9';

async function addressOf(hops: number, forwarded: string | undefined, peer: string | undefined = PEER): Promise<string> {
  const app = new Hono<ApiEnv>().get('/', (context) => context.text(clientAddress(context, hops)));
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
  return (await app.request('/', { headers }, { incoming: { socket: { remoteAddress: peer } } })).text();
}

it.each([
  ['that of the connection, whatever the header says', 0, '198.51.100.1', PEER],
  ['what the one proxy has seen', 1, '198.51.100.1', '198.51.100.1'],
  ['what the one proxy has seen, not what the client wrote before', 1, '192.0.2.66, 198.51.100.1', '198.51.100.1'],
  ['what the first of two proxies has seen', 2, '192.0.2.66, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
  ['the first there is, where a proxy was left out', 2, '198.51.100.1', '198.51.100.1'],
  ['that of the connection, where no proxy was', 1, undefined, PEER],
  ['that of the connection, where the header names none', 1, 'unknown', PEER],
  ['in one spelling', 1, '::ffff:198.51.100.1', '198.51.100.1'],
])('the address of a client is %s', async (_, hops, forwarded, address) => {
  expect(await addressOf(hops, forwarded)).toBe(address);
});

it.each([
  ['198.51.100.1', '198.51.100.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:0DB8:1:2::6', '2001:db8:1:2::'],
  ['2001:db8::1', '2001:db8:0:0::'],
  ['::1', '0:0:0:0::'],
  ['unknown', 'unknown'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

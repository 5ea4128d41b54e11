import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { ProxyAgent, request } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GuardedProxy, startGuardedProxy } from './guarded-proxy.ts';
import { createPublicNetwork } from './public-network.ts';
import { rulesFor } from './testing/canary.ts';

const asked: string[] = [];
const server = createServer(async (message, response) => {
  asked.push(message.url ?? '');
  if (message.url === '/cut') return message.socket.destroy();
  response.setHeader('Set-Cookie', ['a=1', 'b=2']);
  response.writeHead(201, 'Made').end(JSON.stringify([message.method, message.url, message.headers, await text(message)]));
});
let port: number;
let proxy: GuardedProxy;

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as AddressInfo).port;
  const network = createPublicNetwork(rulesFor(), async () => [{ address: '127.0.0.1', family: 4 }]);
  proxy = await startGuardedProxy({
    connect: async (host, at, signal) => {
      if (host === 'down.example') throw new Error('ENOTFOUND');
      return host === 'shop.example' ? connect(port, '127.0.0.1') : await network.connect(host, at, signal);
    },
  });
});
afterAll(async () => {
  await proxy?.close();
  server.close();
});

function throughProxy(target: string, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { Host: new URL(target).host, 'Proxy-Connection': 'keep-alive', 'X-Mine': 'yes' };
    const { hostname, port: proxyPort } = new URL(proxy.url);
    const method = body === undefined ? 'GET' : 'POST';
    httpRequest({ host: hostname, port: proxyPort, path: target, method, headers }, resolve).on('error', reject).end(body);
  });
}

it('hands plain requests and their answers on, whole and unchanged', async () => {
  const answer = await throughProxy('http://shop.example:81/a%20b?c=%7E', 'a form');
  expect([answer.statusCode, answer.statusMessage, answer.headers['set-cookie']]).toEqual([201, 'Made', ['a=1', 'b=2']]);
  const [method, url, headers, body] = JSON.parse(await text(answer)) as [string, string, Record<string, string>, string];
  expect([method, url, body]).toEqual(['POST', '/a%20b?c=%7E', 'a form']);
  expect(headers).toMatchObject({ host: 'shop.example:81', 'x-mine': 'yes' });
  expect(headers).not.toHaveProperty('proxy-connection');
});

it('opens tunnels', async () => {
  const dispatcher = new ProxyAgent({ uri: proxy.url, proxyTunnel: true });
  const answer = await request('http://shop.example/tunnel', { dispatcher });
  expect(await answer.body.json()).toMatchObject(['GET', '/tunnel', { host: 'shop.example' }, '']);
  await dispatcher.close();
});

it.each(['127.0.0.1', '[::1]', 'rebound.example', '2130706433'])('refuses %s, plain and as a tunnel', async (host) => {
  asked.length = 0;
  expect((await throughProxy(`http://${host}:${port}/`)).statusCode).toBe(403);
  const dispatcher = new ProxyAgent({ uri: proxy.url, proxyTunnel: true });
  await expect(request(`http://${host}:${port}/`, { dispatcher })).rejects.toThrow(/403/);
  await dispatcher.close();
  expect(asked).toEqual([]);
});

it.each(['http://down.example/', 'http://shop.example/cut'])('breaks off where %s does', async (url) => {
  await expect(throughProxy(url)).rejects.toThrow(/socket hang up|ECONNRESET/);
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

const BYTES = 500_000;
let server: Server;
let proxy: FaultProxy;

beforeEach(async () => {
  server = createServer((_request, response) => response.end('x'.repeat(BYTES)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultProxy((server.address() as AddressInfo).port);
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

async function bytesRead(): Promise<number | string> {
  try {
    return (await (await fetch(`http://127.0.0.1:${proxy.port}/`)).text()).length;
  } catch (error) {
    return String(((error as Error).cause as { code?: string })?.code);
  }
}

it('passes everything on until it is told otherwise, and again afterwards', async () => {
  expect(await bytesRead()).toBe(BYTES);
  proxy.impose({ kind: 'reset', afterBytes: 1_000 });
  expect(await bytesRead()).toBe('ECONNRESET');
  proxy.heal();
  expect(await bytesRead()).toBe(BYTES);
});

it('ends an answer in its middle', async () => {
  proxy.impose({ kind: 'truncated', afterBytes: 1_000 });
  expect(await bytesRead()).toBe('UND_ERR_SOCKET');
});

it('slow answers are whole', async () => {
  proxy.impose({ kind: 'slow', delayMs: 20 });
  expect(await bytesRead()).toBe(BYTES);
});

it('a half-open connection answers nothing, until its peers are told', async () => {
  proxy.impose({ kind: 'half-open' });
  const reading = bytesRead();
  expect(await Promise.race([reading, sleep(200, 'silence')])).toBe('silence');
  proxy.heal();
  expect(await reading).toBe('ECONNRESET');
  expect(await bytesRead()).toBe(BYTES);
});

it('a server that was away is reached again', async () => {
  const { port } = server.address() as AddressInfo;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  expect(typeof (await bytesRead())).toBe('string');
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  expect(await bytesRead()).toBe(BYTES);
});

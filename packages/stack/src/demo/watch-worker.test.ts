import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { whileHealthy } from './watch-worker.ts';

it('ends work that waits for a program which is gone', async () => {
  const gone = { name: 'worker', healthUrl: 'http://127.0.0.1:1/', everyMs: 1 };
  await expect(whileHealthy(gone, () => new Promise<void>(() => undefined))).rejects.toThrow('The worker has ended');
});

it('hands out the result while the program answers', async () => {
  const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const alive = { name: 'worker', healthUrl: `http://127.0.0.1:${port}/`, everyMs: 1 };
  const slow = () => new Promise((resolve) => setTimeout(resolve, 50, 'done'));
  expect(await whileHealthy(alive, slow)).toBe('done');
  server.close();
});

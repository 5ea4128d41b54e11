import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { PhpPool } from '../php/php-pool.ts';
import { runScript } from './run-script.ts';

it('does not keep PHP waiting for a visitor who has left already', async () => {
  const request = new IncomingMessage(new Socket());
  request.headers = { 'content-length': '1000000' };
  const response = new ServerResponse(request);
  response.destroy();
  const leased: string[] = [];
  const pool = { lease: async (cloneId: string) => leased.push(cloneId) } as unknown as PhpPool;
  const run = { cloneId: 'clone', prefix: '/clone', door: 'site', params: {}, idleMs: 1_000, spoolDir: '/' } as const;
  await runScript(pool, request, response, run);
  expect(leased).toEqual([]);
});

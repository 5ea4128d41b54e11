import { AppError } from '@wcr/shared/errors/app-error';
import { expect, it } from 'vitest';
import type { AgentClient } from '../drivers/agent/agent.types.ts';
import { encodeFrame } from '../drivers/agent/frame-codec.ts';
import type { BrowserDriver } from '../drivers/browser/browser.types.ts';
import { createMemoryRuntime } from '../drivers/runtime/runtime.memory.ts';
import { measureAgents, measureBrowser, measureFiles } from './measured-drivers.ts';

const SIGNAL = new AbortController().signal;
const ADDRESS = { url: 'http://shop.example', transport: 'rest', pairingKey: 'k' } as const;

it('counts rows and files both ways, and not what agents talk besides', async () => {
  const moved: string[] = [];
  const client: AgentClient = {
    async *call() {
      yield { kind: 'R', meta: {}, data: Buffer.alloc(70) };
      yield { kind: 'J', meta: {}, data: Buffer.alloc(900) };
      yield { kind: 'F', meta: {}, data: Buffer.alloc(5) };
    },
  };
  const metrics = {
    bytesMoved: ({ what, direction }: { what: string; direction: string }, bytes: number) =>
      void moved.push(`${what} ${direction} ${bytes}`),
  };
  const frames = [encodeFrame('R', { table: 'wp_posts' }, Buffer.alloc(12)), encodeFrame('J', {}, Buffer.alloc(30))];
  const kinds: string[] = [];
  for await (const { kind } of measureAgents(() => client, metrics)(ADDRESS).call('x', {}, { frames, signal: SIGNAL }))
    kinds.push(kind);
  expect(kinds).toEqual(['R', 'J', 'F']);
  expect(moved).toEqual(['rows written 12', 'rows read 70', 'files read 5']);
});

it('leaves a runtime alone that writes no files itself', () => {
  const runtime = createMemoryRuntime();
  expect(measureFiles(runtime, { bytesMoved: () => undefined }).openFiles).toBe(runtime.openFiles);
});

it('counts why a browser failed, unless it was told to stop', async () => {
  const failed: string[] = [];
  const fail = (error: Error, signal: AbortSignal) => {
    const browser: BrowserDriver = { ensurePlugin: () => Promise.reject(error), close: async () => undefined };
    const measured = measureBrowser(browser, { browserFailed: (code) => void failed.push(code) });
    const login = { url: 'http://shop.example', username: 'u', password: 'p' };
    return expect(measured.ensurePlugin(login, { signal, log: () => undefined })).rejects.toBe(error);
  };
  await fail(new AppError('source.captcha_required'), SIGNAL);
  await fail(new Error('of no name'), SIGNAL);
  await fail(new Error('aborted'), AbortSignal.abort());
  expect(failed).toEqual(['source.captcha_required', 'internal.unexpected']);
});

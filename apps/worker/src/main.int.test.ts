import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QUEUE_PREFIX, SWEEP_QUEUE } from '@wcr/shared/contracts/queues';
import { useRedis } from '@wcr/stack/testing/services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createQueues } from './queue/queues.ts';
import { createTestEngine, type TestEngine } from './testing/test-engine.ts';
import { waitUntil } from './testing/wait-until.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const dir = mkdtempSync(join(tmpdir(), 'wcr-main-test-'));
let engine: TestEngine;
const children: ChildProcess[] = [];

beforeAll(async () => {
  engine = createTestEngine((await useRedis()).url);
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  engine.redis.disconnect();
  rmSync(dir, { recursive: true, force: true });
});

const SETTINGS = {
  WCR_SECRETS_KEY: 'ab'.repeat(32),
  WCR_CLONES_URL: 'http://127.0.0.1:1',
  WCR_DATABASE_URL: 'mysql://root:a-database-password@127.0.0.1:1',
  WCR_LOCAL_DIR: dir,
  WCR_METRICS_PORT: '0',
};

function start(env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [MAIN], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += String(data)));
  return { child, output: () => output };
}

const exitOf = (child: ChildProcess) =>
  waitUntil(() => (child.exitCode === null ? undefined : { code: child.exitCode }), 'the exit');

it('runs, sweeps, answers for its health, and ends when it is told to', async () => {
  const { child, output } = start({ WCR_REDIS_URL: engine.url, ...SETTINGS });
  const port = await waitUntil(() => /"port":(\d+)/.exec(output())?.[1], 'the start');
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  expect([(await ask('/health/live')).status, (await ask('/health/ready')).status]).toEqual([200, 200]);
  await waitUntil(() => engine.redis.zcard(`{wcr}:${SWEEP_QUEUE}:completed`), 'the first sweep');
  await waitUntil(
    async () => (await (await ask('/metrics')).text()).includes('wcr_jobs_ended_total{queue="sweep"'),
    'the figures',
  );
  child.kill('SIGTERM');
  expect(await exitOf(child)).toEqual({ code: 0 });
  expect(output()).not.toMatch(/a-database-password|abababab/);
});

it('takes jobs of its queues only, and leaves sweeping to the workers that serve it', async () => {
  const queues = createQueues({ redis: engine.redis, prefix: QUEUE_PREFIX, logger: engine.logger });
  await queues[SWEEP_QUEUE].obliterate({ force: true });
  const { child, output } = start({ WCR_REDIS_URL: engine.url, ...SETTINGS, WCR_WORKER_QUEUES: 'expire,extend' });
  await waitUntil(() => /"queues":\["expire","extend"\]/.test(output()), 'the start');
  // Neither payload is valid, so that a worker that takes a job fails it at once.
  await queues.clone.add('clone', {}, { jobId: 'clone-not-taken' });
  await queues.expire.add('expire', {}, { jobId: 'expire-taken' });
  await waitUntil(async () => (await queues.expire.getJobState('expire-taken')) === 'failed', 'the end of the expire job');
  expect(await queues.clone.getJobState('clone-not-taken')).toBe('waiting');
  expect(await queues[SWEEP_QUEUE].getJobSchedulersCount()).toBe(0);
  child.kill('SIGTERM');
  expect(await exitOf(child)).toEqual({ code: 0 });
  await Promise.all(Object.values(queues).map((queue) => queue.close()));
});

it('says which settings are missing and repeats no value', async () => {
  const { child, output } = start({ WCR_SECRETS_KEY: 'too-short-to-be-a-key' });
  expect(await exitOf(child)).toEqual({ code: 1 });
  expect(output()).toContain('WCR_CLONES_URL');
  expect(output()).toContain('WCR_SECRETS_KEY');
  expect(output()).not.toContain('too-short-to-be-a-key');
});

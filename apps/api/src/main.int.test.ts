import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RedisService, startRedis } from '@wcr/stack/services/redis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ALICE, testEnv } from './testing/start-api.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'wcr-api-main-'));
let redis: RedisService;
beforeAll(async () => {
  redis = await startRedis({ dir });
});
afterAll(async () => {
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
});

type Running = {
  readonly child: ChildProcess;
  readonly url: string;
  readonly output: () => string;
  readonly exited: Promise<number | null>;
};

/** Starts the API as a process on a free port and waits until it listens. */
async function start(env: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (bytes) => (output += bytes));
  child.stderr.on('data', (bytes) => (output += bytes));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const port = await new Promise<string>((resolve) => {
    const look = () => {
      const listening = /"port":(\d+),"msg":"listening"/.exec(output)?.[1];
      if (listening !== undefined) resolve(listening);
    };
    child.stdout.on('data', look);
    child.once('exit', () => resolve(''));
  });
  return { child, url: `http://127.0.0.1:${port}`, output: () => output, exited };
}

const authorised = { authorization: `Bearer ${ALICE}` };

it('serves, ends its streams on SIGTERM and leaves with status 0', async () => {
  const api = await start({ ...testEnv(redis.url), WCR_API_PORT: '0' });
  await expect.poll(() => fetch(`${api.url}/health/ready`).then(({ status }) => status), { timeout: 15_000 }).toBe(200);
  const body = JSON.stringify({ source: { url: 'https://shop.example', username: 'u', password: 'hunter2-secret' } });
  const accepted = await fetch(`${api.url}/api/v1/clones`, {
    method: 'POST',
    headers: { ...authorised, 'content-type': 'application/json' },
    body,
  });
  expect(accepted.status).toBe(202);
  const { job } = (await accepted.json()) as { job: { eventsUrl: string } };
  const stream = await fetch(`${api.url}${job.eventsUrl}`, { headers: authorised });
  const events = stream.text();
  api.child.kill('SIGTERM');
  expect(await events).toContain('event: state');
  expect(await api.exited).toBe(0);
  expect(api.output()).toContain('"msg":"stopped"');
  for (const secret of ['hunter2-secret', ALICE, 'ab'.repeat(32)]) expect(api.output()).not.toContain(secret);
});

it('frees what a client took that hangs up in the middle of a stream', async () => {
  const api = await start({ ...testEnv(redis.url), WCR_API_PORT: '0', WCR_MAX_EVENT_STREAMS: '1' });
  await expect.poll(() => fetch(`${api.url}/health/ready`).then(({ status }) => status), { timeout: 15_000 }).toBe(200);
  const accepted = await fetch(`${api.url}/api/v1/clones`, {
    method: 'POST',
    headers: { ...authorised, 'content-type': 'application/json' },
    body: JSON.stringify({ source: { url: 'https://shop.example' } }),
  });
  const { job } = (await accepted.json()) as { job: { eventsUrl: string } };
  const hangUp = new AbortController();
  const open = () => fetch(`${api.url}${job.eventsUrl}`, { headers: authorised, signal: hangUp.signal });
  expect((await open()).status).toBe(200);
  expect((await open()).status).toBe(429);
  hangUp.abort();
  const reopened = async () => {
    const response = await fetch(`${api.url}${job.eventsUrl}`, { headers: authorised });
    await response.body?.cancel();
    return response.status;
  };
  await expect.poll(reopened, { timeout: 10_000 }).toBe(200);
  api.child.kill('SIGTERM');
  expect(await api.exited).toBe(0);
});

it('does not start without its configuration, and says what is missing', async () => {
  const api = await start({ WCR_API_KEYS: 'broken-key-0123456789' });
  expect(await api.exited).not.toBe(0);
  expect(api.output()).toMatch(/WCR_SECRETS_KEY[\s\S]*WCR_API_KEYS/);
  expect(api.output()).not.toContain('broken-key-0123456789');
});

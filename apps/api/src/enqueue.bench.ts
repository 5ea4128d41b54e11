import { type ChildProcess, fork } from 'node:child_process';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import type { CloneInput } from '@wcr/shared/contracts/jobs';
import { createApp } from './app.ts';
import { ALICE, startTestApi, type TestApi } from './testing/start-api.ts';

/**
 * How many clones a second one API process takes on, beside bare `queue.add` over the same connection. Rounds are
 * interleaved; medians of requests a second are printed, one JSON line a figure. Run with `node src/enqueue.bench.ts`
 * in apps/api; the client is a process of its own.
 */
const ROUNDS = 5;
const REQUESTS = 2_000;
const WARM_UP = 6_000;
const IN_FLIGHT = [1, 16, 64];
const BODY = JSON.stringify({ source: { url: 'https://shop.example', username: 'admin', password: 'correct horse' } });
const HEADERS = { authorization: `Bearer ${ALICE}`, 'content-type': 'application/json', 'content-length': BODY.length };

type Task = { readonly port: number; readonly inFlight: number; readonly count: number };

async function rateOf(inFlight: number, count: number, once: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const startedMs = performance.now();
  const lane = async (): Promise<void> => {
    while (next < count) await once(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return count / ((performance.now() - startedMs) / 1000);
}

function post(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(
      { agent, port, host: '127.0.0.1', method: 'POST', path: '/api/v1/clones', headers: HEADERS },
      (answer) => {
        answer.resume();
        answer.on('end', () => (answer.statusCode === 202 ? resolve() : reject(new Error(`status ${answer.statusCode}`))));
      },
    );
    call.on('error', reject);
    call.end(BODY);
  });
}

function serveTasks(): void {
  process.on('message', async ({ port, inFlight, count }: Task) => {
    const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
    const rate = await rateOf(inFlight, count, () => post(agent, port));
    agent.destroy();
    process.send?.(rate);
  });
}

function ask(client: ChildProcess, task: Task): Promise<number> {
  return new Promise((resolve) => {
    client.once('message', (rate) => resolve(Number(rate)));
    client.send(task);
  });
}

function addBare({ deps }: TestApi, index: number): Promise<unknown> {
  const cloneId = 'clone-20300101-000000-abcd';
  const input: CloneInput = {
    cloneId,
    source: { url: 'https://shop.example' },
    secretRef: `source:${cloneId}`,
    owner: 'alice',
    ttlMinutes: 60,
    requestedAt: index,
    requestId: '9e2573e3-81d6-4aa8-b527-d47bc7822436',
  };
  return deps.queues.clone.add('clone', input, { jobId: `clone-bare-${index}` });
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function main(): Promise<void> {
  await using api = await startTestApi({ WCR_KEY_REQUESTS_PER_MINUTE: '0', WCR_KEY_ENQUEUES_PER_HOUR: '0' });
  const server = serve({ fetch: createApp(api.deps).fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const client = fork(fileURLToPath(import.meta.url), ['client']);
  await ask(client, { port, inFlight: 32, count: WARM_UP });
  for (const inFlight of IN_FLIGHT) {
    const bare: number[] = [];
    const http: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await api.deps.redis.flushall();
      bare.push(await rateOf(inFlight, REQUESTS, (index) => addBare(api, index)));
      http.push(await ask(client, { port, inFlight, count: REQUESTS }));
    }
    const ratio = median(http.map((rate, round) => rate / (bare[round] ?? rate)));
    const figure = {
      bench: 'enqueue',
      inFlight,
      perSecond: Math.round(median(http)),
      queueAddPerSecond: Math.round(median(bare)),
    };
    process.stdout.write(`${JSON.stringify({ ...figure, ratio: Number(ratio.toFixed(2)) })}\n`);
  }
  client.kill();
  server.close();
}

if (process.argv[2] === 'client') serveTasks();
else await main();

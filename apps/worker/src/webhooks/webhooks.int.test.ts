import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { CLONE_QUEUE, redisKeys, WEBHOOK_QUEUE } from '@wcr/shared/contracts/queues';
import { callbackContext, type DeliveryAttempt, type WebhookEvent, webhookSecretsContext } from '@wcr/shared/contracts/webhooks';
import { createCloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import { createSealer } from '@wcr/shared/secrets/seal';
import { useRedis } from '@wcr/stack/testing/services';
import { temporaryFolder } from '@wcr/stack/testing/temporary-folder';
import type { Job } from 'bullmq';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { createPublicNetwork } from '../drivers/source-network/public-network.ts';
import { dnsOf, rulesFor, startCanary } from '../drivers/source-network/testing/canary.ts';
import { createSendWebhook } from '../drivers/webhook/send-webhook.ts';
import type { SendWebhook } from '../drivers/webhook/webhook.types.ts';
import { defineJob } from '../engine/define-job.ts';
import { createProcessor } from '../engine/run-job.ts';
import { announced } from '../jobs/index.ts';
import { webhookJob } from '../jobs/webhook/webhook.job.ts';
import { createQueues, JOB_OPTIONS, type Queues } from '../queue/queues.ts';
import { createTestEngine, TEST_PREFIX, type TestEngine } from '../testing/test-engine.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { QueueBinding, RunningWorker } from '../worker.ts';
import { createCallbacks } from './callbacks.ts';
import { createDeliveryLog } from './delivery-log.ts';
import { createWebhookOutbox, type WebhookOutbox } from './outbox.ts';

const OWNER = 'key_alice';
const secretOf = (letter: string) => `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`;
const SECRET = secretOf('n');
const OLD_SECRET = secretOf('o');
const sealer = createSealer('ab'.repeat(32));

type Received = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };
type Receiver = {
  readonly url: string;
  readonly received: Received[];
  answer: (response: ServerResponse, count: number) => void;
};

let engine: TestEngine;
let queues: Queues;
let outbox: WebhookOutbox;
let receiver: Receiver & AsyncDisposable;
let workers: RunningWorker[];

beforeEach(async () => {
  engine = createTestEngine((await useRedis()).url);
  const { redis, redactor, now } = engine;
  queues = createQueues({ redis, prefix: TEST_PREFIX, logger: pino({ level: 'silent' }) });
  const callbacks = createCallbacks({ redis, sealer, redactor, now });
  outbox = createWebhookOutbox({ redis, queues, callbacks, log: createDeliveryLog(redis), jobOptions: JOB_OPTIONS, now });
  receiver = await startReceiver();
  workers = [];
  const secrets = { current: SECRET, previous: OLD_SECRET, previousUntil: Date.now() + 60_000 };
  await redis.set(redisKeys.webhookSecrets(OWNER), sealer.seal(secrets, webhookSecretsContext(OWNER)));
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  await Promise.all(Object.values(queues).map((queue) => queue.close()));
  engine.redis.disconnect();
  await receiver[Symbol.asyncDispose]();
});

async function startReceiver(): Promise<Receiver & AsyncDisposable> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ path: request.url ?? '', headers: request.headers, body });
    made.answer(response, received.length);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const made: Receiver & AsyncDisposable = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=of-the-receiver`,
    received,
    answer: (response) => void response.writeHead(204).end(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return made;
}

/** Stands in for the job that makes clones: what is told of a job's end does not depend on what it does. */
const standIn = defineJob<{ fails: boolean }>()({
  name: CLONE_QUEUE,
  input: z.object({ cloneId: z.string() }),
  steps: ['work'],
  async run({ deps, step }) {
    await step('work', async () => {
      if (deps.fails) throw new AppError('source.not_wordpress', { url: 'https://shop.example' });
      return null;
    });
    return {};
  },
});

const work = { fails: false };
const cloning = (): QueueBinding => ({
  queue: CLONE_QUEUE,
  processor: createProcessor({ engine, definition: standIn, deps: work }),
  concurrency: 4,
});
function delivering(send: SendWebhook = createSendWebhook(undefined)): QueueBinding {
  const { redis, redactor, now } = engine;
  const callbacks = createCallbacks({ redis, sealer, redactor, now });
  const deps = { callbacks, deliveries: createDeliveryLog(redis), send, now };
  return { queue: WEBHOOK_QUEUE, processor: createProcessor({ engine, definition: webhookJob, deps }), concurrency: 4 };
}
const start = (...bindings: QueueBinding[]) => workers.push(engine.start(bindings));

/** A clone whose jobs somebody wants to hear of, and the job that makes it. */
async function requestClone(url = receiver.url): Promise<Job> {
  const id = createCloneId();
  const record: CloneRecord = {
    ...{ id, url: `https://clones.example/${id}/`, status: 'ready', owner: OWNER, sourceUrl: 'https://shop.example' },
    ...{ jobId: `clone-${id}`, createdAt: Date.now(), expiresAt: Date.now() + 60_000 },
  };
  await engine.redis.set(redisKeys.clone(id), JSON.stringify(record));
  await engine.redis.set(redisKeys.callback(id), sealer.seal({ url }, callbackContext(id)));
  return queues[CLONE_QUEUE].add(CLONE_QUEUE, { cloneId: id }, { ...JOB_OPTIONS, attempts: 1, jobId: record.jobId });
}

const ended = (queue: 'clone' | 'webhook', count = 1) =>
  waitUntil(async () => {
    const jobs = await queues[queue].getJobs(['completed', 'failed']);
    return jobs.length >= count ? jobs : undefined;
  }, `the end of ${count} ${queue} jobs`);

async function attemptsOf(jobId: string): Promise<DeliveryAttempt[]> {
  const fields = Object.entries(await engine.redis.hgetall(redisKeys.deliveries(jobId)));
  const attempts = fields.filter(([field]) => field.includes(':')).map(([, text]) => JSON.parse(text) as DeliveryAttempt);
  return attempts.sort((a, b) => a.at - b.at);
}

it('the end of a job is told once, signed for whoever knows the new secret or the one before, and holds no secret', async () => {
  start(announced(cloning(), outbox), delivering());
  const { id: jobId = '' } = await requestClone();
  await ended('webhook');
  const [{ headers, body, path }] = receiver.received as [Received];
  for (const secret of [SECRET, OLD_SECRET]) {
    const event = new Webhook(secret).verify(body, headers as Record<string, string>) as WebhookEvent;
    expect(event).toMatchObject({
      type: 'job.completed',
      data: { job: { id: jobId, status: 'completed' }, clone: { status: 'ready' } },
    });
  }
  expect(() => new Webhook(secretOf('x')).verify(body, headers as Record<string, string>)).toThrow();
  expect(path).toBe('/hook?token=of-the-receiver');
  expect(await attemptsOf(jobId)).toEqual([{ at: expect.any(Number), ms: expect.any(Number), status: 204 }]);
  expect(await engine.redis.exists(redisKeys.webhookOutbox)).toBe(0);

  const kept = JSON.stringify([
    await engine.redis.hgetall(`${TEST_PREFIX}:webhook:${headers['webhook-id']}`),
    engine.logged,
    body,
  ]);
  expect(kept).toContain(jobId);
  for (const secret of [SECRET, SECRET.slice(6), 'of-the-receiver', receiver.url]) expect(kept).not.toContain(secret);
});

it('the example of docs/webhooks.md accepts what is sent, and nothing else', async () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/webhooks.md'), 'utf8');
  const [, example = ''] = /```js\n([\s\S]+?)```/.exec(text) ?? [];
  const file = join(temporaryFolder(), 'verify.mjs');
  writeFileSync(file, example);
  const { verify } = (await import(file)) as { verify: (headers: object, body: string, secret: string) => WebhookEvent };
  start(announced(cloning(), outbox), delivering());
  await requestClone();
  await ended('webhook');
  const [{ headers, body }] = receiver.received as [Received];
  expect(verify(headers, body, SECRET).type).toBe('job.completed');
  expect(() => verify(headers, body.replace('completed', 'failed'), SECRET)).toThrow();
  expect(() => verify({ ...headers, 'webhook-timestamp': '1' }, body, SECRET)).toThrow();
  expect(() => verify(headers, body, secretOf('x'))).toThrow();
});

it('a receiver that is down is tried again under the same id until it is up, and every try is in the log', async () => {
  receiver.answer = (response, count) => void response.writeHead(count < 3 ? 503 : 200).end('a'.repeat(100_000));
  start(announced(cloning(), outbox), delivering());
  const { id: jobId = '' } = await requestClone();
  await ended('webhook');
  expect((await attemptsOf(jobId)).map(({ status, code }) => [status, code])).toEqual([
    [503, 'webhook.rejected'],
    [503, 'webhook.rejected'],
    [200, undefined],
  ]);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});

it('a receiver that says 410 hears nothing more', async () => {
  receiver.answer = (response) => void response.writeHead(410).end();
  start(announced(cloning(), outbox), delivering());
  const job = await requestClone();
  const [delivery] = await ended('webhook');
  expect(delivery?.failedReason).toContain('webhook.gone');
  expect(await engine.redis.exists(redisKeys.callback(String(job.data.cloneId)))).toBe(0);
  expect(receiver.received).toHaveLength(1);
});

it('a redirect is not followed', async () => {
  receiver.answer = (response, count) =>
    void response.writeHead(count === 1 ? 307 : 204, { location: `${receiver.url}&elsewhere` }).end();
  start(announced(cloning(), outbox), delivering());
  const { id: jobId = '' } = await requestClone();
  await ended('webhook');
  expect((await attemptsOf(jobId)).map(({ status }) => status)).toEqual([307, 204]);
  expect(receiver.received.map(({ path }) => path.includes('elsewhere'))).toEqual([false, false]);
});

it('a name that leads to a private network is refused when it is connected to, and not tried again', async () => {
  await using canary = await startCanary();
  const { dispatcher } = createPublicNetwork(rulesFor(), dnsOf({ 'hooks.example': ['127.0.0.1'] }));
  start(announced(cloning(), outbox), delivering(createSendWebhook(dispatcher)));
  for (const host of ['hooks.example', '127.0.0.1', '169.254.169.254']) await requestClone(`http://${host}:${canary.port}/`);
  const deliveries = await ended('webhook', 3);
  for (const { failedReason } of deliveries) expect(failedReason).toContain('webhook.address_refused');
  expect(canary.lines()).toBe(0);
});

it('however many workers there are, each end is told once', async () => {
  for (const _ of [1, 2]) start(announced(cloning(), outbox), delivering());
  const jobs = await Promise.all(Array.from({ length: 20 }, () => requestClone()));
  await ended('clone', 20);
  // As the sweeper, and a worker that was late, would do it.
  await Promise.all([outbox.settle(), outbox.settle(), ...(await ended('clone', 20)).map((job) => outbox.announce(job))]);
  await ended('webhook', 20);
  const told = receiver.received.map(({ body }) => (JSON.parse(body) as WebhookEvent).data.job.id);
  expect(told.sort()).toEqual(jobs.map(({ id }) => id).sort());
});

it('the end of a job whose worker died right after it is told by the next sweep; nothing else is', async () => {
  // A worker that comes no further than the end: it has noted the job before, and announces nothing.
  start({ ...announced(cloning(), outbox), onEnded: async () => undefined }, delivering());
  await requestClone();
  await ended('clone');
  expect(await queues[WEBHOOK_QUEUE].getJobCountByTypes('waiting', 'active', 'completed')).toBe(0);
  expect([await outbox.settle(), await outbox.settle()]).toEqual([1, 0]);
  await ended('webhook');
  expect(receiver.received).toHaveLength(1);
});

it('a job that failed and is tried again is told of twice: that it failed, and that it completed', async () => {
  work.fails = true;
  start(announced(cloning(), outbox), delivering());
  const job = await requestClone();
  await ended('webhook');
  work.fails = false;
  await (await queues[CLONE_QUEUE].getJob(job.id ?? ''))?.retry('failed', { resetAttemptsMade: true });
  await ended('webhook', 2);
  const events = receiver.received.map(({ body }) => JSON.parse(body) as WebhookEvent);
  expect(events.map(({ type, data }) => [type, data.job.error?.code])).toEqual([
    ['job.failed', 'source.not_wordpress'],
    ['job.completed', undefined],
  ]);
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
});

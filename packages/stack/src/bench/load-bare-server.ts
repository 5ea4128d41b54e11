import { serve } from '@hono/node-server';
import { CLONE_QUEUE, QUEUE_PREFIX } from '@wcr/shared/contracts/queues';
import { Queue } from 'bullmq';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { LOAD_JOB_OPTIONS, LOAD_PAYLOAD } from './load-job.ts';

/**
 * The least that putting a job into the queue over HTTP can cost: the API's server and framework, and a call that reads its body and
 * does `queue.add`. No keys, limits, records, secrets, logs or checks.
 */
const [port, redisUrl] = process.argv.slice(2);
if (port === undefined || redisUrl === undefined) throw new TypeError('usage: load-bare-server.ts <port> <Redis URL>');

const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
const queue = new Queue(CLONE_QUEUE, { prefix: QUEUE_PREFIX, connection, defaultJobOptions: LOAD_JOB_OPTIONS });
let index = 0;

const app = new Hono();
app.get('/health/live', (context) => context.json({ status: 'ok' }));
app.post('/api/v1/clones', async (context) => {
  await context.req.json();
  const { id } = await queue.add(CLONE_QUEUE, LOAD_PAYLOAD, { jobId: `${CLONE_QUEUE}-bare-route-${index++}` });
  return context.json({ jobId: id }, 202);
});
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' });

import { Agent, request } from 'node:http';
import { CLONE_QUEUE, QUEUE_PREFIX } from '@wcr/shared/contracts/queues';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { LOAD_BODY, LOAD_JOB_OPTIONS, LOAD_PAYLOAD } from './load-job.ts';

/**
 * A process of its own that puts jobs into the queue, so that its work is not the API's. Told by messages what to do, it answers each
 * with the milliseconds that every single call took, and how long all of them took together.
 */
export type LoadTask = {
  readonly how: LoadKind;
  readonly inFlight: number;
  readonly count: number;
  readonly apiPort: number;
  readonly barePort: number;
  readonly redisUrl: string;
  /** API keys that take turns. */
  readonly keys: readonly string[];
};
/** A clone asked for over HTTP, `queue.add` alone, the same behind a bare route, and a call of our server that does nothing. */
export type LoadKind = 'api' | 'add' | 'bare' | 'noop';
export type LoadTimes = {
  readonly totalMs: number;
  /** Of calls that were served. */
  readonly callsMs: readonly number[];
  /** Answered with 503: the machine was so busy that Redis took longer than the API waits. */
  readonly refused: number;
};

/** @returns false when the call was refused */
type Call = (index: number) => Promise<boolean>;

process.on('message', (task: LoadTask) => {
  void run(task).then((times) => process.send?.(times));
});

async function run(task: LoadTask): Promise<LoadTimes> {
  if (task.how === 'add') return runAdds(task);
  const agent = new Agent({ keepAlive: true, maxSockets: task.inFlight });
  try {
    return await measure(task, task.how === 'noop' ? () => askNothing(agent, task) : (index) => askForClone(agent, task, index));
  } finally {
    agent.destroy();
  }
}

async function runAdds(task: LoadTask): Promise<LoadTimes> {
  const redis = new Redis(task.redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(CLONE_QUEUE, { prefix: QUEUE_PREFIX, connection: redis, defaultJobOptions: LOAD_JOB_OPTIONS });
  try {
    await queue.waitUntilReady();
    return await measure(task, async (index) => {
      await queue.add(CLONE_QUEUE, LOAD_PAYLOAD, { jobId: `${CLONE_QUEUE}-bare-${index}` });
      return true;
    });
  } finally {
    await queue.close();
    redis.disconnect();
  }
}

/** So many calls, of which so many are under way at a time. */
async function measure({ inFlight, count }: LoadTask, call: Call): Promise<LoadTimes> {
  const callsMs: number[] = [];
  let [next, refused] = [0, 0];
  const begun = performance.now();
  const lane = async (): Promise<void> => {
    while (next < count) {
      const at = performance.now();
      if (await call(next++)) callsMs.push(performance.now() - at);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { totalMs: performance.now() - begun, callsMs, refused };
}

function askForClone(agent: Agent, { how, apiPort, barePort, keys }: LoadTask, index: number): Promise<boolean> {
  const headers = {
    authorization: `Bearer ${keys[index % keys.length]}`,
    'content-type': 'application/json',
    'content-length': LOAD_BODY.length,
  };
  const port = how === 'bare' ? barePort : apiPort;
  return send(request({ agent, port, host: '127.0.0.1', method: 'POST', path: '/api/v1/clones', headers }), 202, LOAD_BODY);
}

function askNothing(agent: Agent, { apiPort }: LoadTask): Promise<boolean> {
  return send(request({ agent, port: apiPort, host: '127.0.0.1', path: '/health/live' }), 200);
}

function send(call: ReturnType<typeof request>, wanted: number, body?: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    call.on('response', (answer) => {
      answer.resume();
      const { statusCode } = answer;
      answer.on('end', () => {
        if (statusCode === wanted || statusCode === 503) resolve(statusCode === wanted);
        else reject(new Error(`status ${statusCode}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

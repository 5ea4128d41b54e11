import { randomBytes } from 'node:crypto';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { CLONE_QUEUE, EXPIRE_QUEUE, EXTEND_QUEUE, ROLLBACK_QUEUE, SWEEP_QUEUE } from '@wcr/shared/contracts/queues';
import type { SweepFigures } from '@wcr/shared/contracts/sweep-figures';
import { createCloneId } from '@wcr/shared/domain/clone-id';
import { createSealer } from '@wcr/shared/secrets/seal';
import type { Job, Queue } from 'bullmq';
import { pino } from 'pino';
import { createMemoryRuntime } from '../drivers/runtime/runtime.memory.ts';
import type { Runtime } from '../drivers/runtime/runtime.types.ts';
import { createProcessor } from '../engine/run-job.ts';
import { expireJob } from '../jobs/expire/expire.job.ts';
import { extendJob } from '../jobs/extend/extend.job.ts';
import { sweepJob } from '../jobs/sweep/sweep.job.ts';
import { createProjection, type Projection } from '../projection/projection.ts';
import { createRestoreProjection } from '../projection/restores.ts';
import { type CloneJobs, createCloneJobs, createJobStates } from '../queue/clone-jobs.ts';
import { createExpireSchedule, type ExpireSchedule } from '../queue/expire-schedule.ts';
import { createExpiryOrder } from '../queue/expiry-order.ts';
import { hastenFarDelays } from '../queue/far-delays.ts';
import { createQueues, JOB_OPTIONS, type Queues } from '../queue/queues.ts';
import { createRollbackSchedule } from '../queue/rollback-schedule.ts';
import { createSecretStore, type SecretStore } from '../queue/secret-store.ts';
import { createCallbacks } from '../webhooks/callbacks.ts';
import { createDeliveryLog } from '../webhooks/delivery-log.ts';
import { createWebhookOutbox } from '../webhooks/outbox.ts';
import type { RunningWorker } from '../worker.ts';
import { createTestEngine, TEST_PREFIX, type TestEngine } from './test-engine.ts';
import { waitUntil } from './wait-until.ts';

const MINUTE_MS = 60_000;
const signal = new AbortController().signal;

/** The jobs that look after clones, over a real Redis and a runtime in memory. */
export type TestSystem = AsyncDisposable & {
  readonly engine: TestEngine;
  readonly runtime: Runtime;
  readonly queues: Queues;
  readonly projection: Projection;
  readonly restores: ReturnType<typeof createRestoreProjection>;
  readonly schedule: ExpireSchedule;
  readonly cloneJobs: CloneJobs;
  readonly secrets: SecretStore;
  /** What sweeps saw. */
  readonly figures: readonly SweepFigures[];
  /** Starts a worker for expire, extend and sweep jobs. */
  start(): RunningWorker;
  /** A clone as its job leaves it, in runtime, projection and schedule. */
  addClone(patch?: Partial<CloneRecord>): Promise<CloneRecord>;
  /** Runs a sweep and waits for its end. */
  sweep(): Promise<unknown>;
  ended(queue: keyof Queues, jobId: string): Promise<Job>;
  gone(cloneId: string): Promise<unknown>;
};

/** What the jobs work with. */
function createParts(engine: TestEngine) {
  const { redis, redactor, now, logger } = engine;
  const sealer = createSealer(randomBytes(32).toString('hex'));
  const queues = createQueues({ redis, prefix: TEST_PREFIX, logger: pino({ level: 'silent' }) });
  const jobOptions = { ...JOB_OPTIONS, attempts: 2 };
  const callbacks = createCallbacks({ redis, sealer, redactor, now });
  const deliveries = createDeliveryLog(redis);
  return {
    queues,
    runtime: createMemoryRuntime(),
    projection: createProjection({ redis, sealer }),
    schedule: createExpireSchedule({ queue: queues[EXPIRE_QUEUE], redis, jobOptions, now }),
    cloneJobs: createCloneJobs({ queue: queues[CLONE_QUEUE], redis }),
    secrets: createSecretStore({ redis, sealer, redactor }),
    order: createExpiryOrder(redis),
    restores: createRestoreProjection(redis),
    rollbacks: createRollbackSchedule({ queue: queues[ROLLBACK_QUEUE], redis, jobOptions, now }),
    restoreJobs: createJobStates(queues),
    outbox: createWebhookOutbox({ redis, queues, callbacks, log: deliveries, jobOptions, now }),
    ...{ now, logger },
  };
}

export async function createTestSystem(url: string, options: { graceMs?: number } = {}): Promise<TestSystem> {
  const engine = createTestEngine(url);
  const shared = createParts(engine);
  const { queues, runtime, projection, schedule, cloneJobs, secrets, restores } = shared;
  const { redis } = engine;
  const settings = { graceMs: options.graceMs ?? MINUTE_MS };
  const figures: SweepFigures[] = [];
  const recordFigures = async (seen: SweepFigures): Promise<void> => void figures.push(seen);
  const hasten = () => hastenFarDelays({ queues, redis, longestMs: 30 * MINUTE_MS, now: shared.now });
  const workers: RunningWorker[] = [];
  const ended = (name: keyof Queues, jobId: string): Promise<Job> =>
    waitUntil(async () => {
      const job = await queues[name].getJob(jobId);
      return job?.finishedOn === undefined ? undefined : job;
    }, `the end of ${jobId}`);
  return {
    ...{ engine, runtime, queues, projection, restores, schedule, cloneJobs, secrets, ended, figures },
    start() {
      const worker = engine.start([
        { queue: EXPIRE_QUEUE, processor: createProcessor({ engine, definition: expireJob, deps: shared }), concurrency: 4 },
        { queue: EXTEND_QUEUE, processor: createProcessor({ engine, definition: extendJob, deps: shared }), concurrency: 4 },
        {
          queue: SWEEP_QUEUE,
          processor: createProcessor({
            engine,
            definition: sweepJob,
            deps: { ...shared, settings, recordFigures, hastenFarDelays: hasten },
          }),
          concurrency: 1,
        },
      ]);
      workers.push(worker);
      return worker;
    },
    async addClone(patch = {}) {
      const record = newRecord(runtime, patch);
      const spec = {
        record: { ...record, status: 'provisioning' as const },
        tablePrefix: 'wp_',
        databaseCharset: 'utf8mb4',
        databaseCollation: 'utf8mb4_bin',
      };
      const handle = await runtime.ensure(spec, signal);
      await runtime.update(record.id, { status: record.status });
      await projection.write(record);
      if (record.status === 'ready') {
        await projection.writeCredentials(record.id, handle.credentials);
        await schedule.scheduleExpire(record.id, record.expiresAt);
      }
      return record;
    },
    async sweep() {
      const job = await queues[SWEEP_QUEUE].add(SWEEP_QUEUE, {}, { jobId: `sweep-${randomBytes(4).toString('hex')}` });
      const { failedReason, returnvalue } = await ended(SWEEP_QUEUE, job.id ?? '');
      if (failedReason !== undefined) throw new Error(failedReason);
      return returnvalue;
    },
    gone: (cloneId) => waitUntil(async () => (await runtime.read(cloneId)) === undefined, `the end of ${cloneId}`),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all(Object.values(queues).map((queue: Queue) => queue.close()));
      redis.disconnect();
    },
  };
}

function newRecord(runtime: Runtime, patch: Partial<CloneRecord>): CloneRecord {
  const id = patch.id ?? createCloneId();
  return {
    id,
    url: `${runtime.addressOf(id)}/`,
    status: 'ready',
    owner: 'tester',
    sourceUrl: 'https://shop.example',
    jobId: `clone-job-${id}`,
    createdAt: Date.now() - 10 * MINUTE_MS,
    expiresAt: Date.now() + 60 * MINUTE_MS,
    ...patch,
  };
}

import { createRedactor, type Redactor } from '@wcr/shared/telemetry/redactor';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Registry } from 'prom-client';
import type { Engine } from '../engine/attempt.ts';
import type { EngineSettings, JobOutcome, StepOutcome } from '../engine/engine.types.ts';
import { currentAttempt } from '../telemetry/job-scope.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createWorkerMetrics } from '../telemetry/metrics.ts';
import { createWorker, type QueueBinding, type RunningWorker, type WorkerSettings } from '../worker.ts';

export const TEST_PREFIX = '{wcr}';

/** Short enough that a test waits for recoveries, long enough for a busy machine. */
export const testWorkerSettings: WorkerSettings = {
  name: 'test',
  lockMs: 2_500,
  stalledEveryMs: 400,
  maxStalledCount: 9,
  firstBackoffMs: 20,
  maxBackoffMs: 100,
  drainMs: 0,
  releaseMs: 10_000,
  idleSeconds: 1,
};

const settings: EngineSettings = {
  heartbeatMs: 100,
  silenceMs: 60_000,
  progressEveryMs: 20,
  checkpointTtlMs: 60_000,
  abortGraceMs: 5_000,
  budgetMs: 600_000,
  maxStalls: 4,
  keepLogs: 100,
  terminalRetryMs: 10,
};

export type TestEngine = Engine & {
  readonly redis: Redis;
  readonly redactor: Redactor;
  readonly url: string;
  /** What the logger wrote, one JSON text a line. */
  readonly logged: string[];
  readonly jobs: { job: string; outcome: JobOutcome }[];
  readonly steps: { step: string; outcome: StepOutcome }[];
  /** What its workers count. */
  readonly registry: Registry;
  start(bindings: readonly QueueBinding[], patch?: Partial<WorkerSettings>, onRunning?: (running: number) => void): RunningWorker;
};

/** An engine over a real Redis that remembers what it was told. */
export function createTestEngine(url: string, patch: Partial<EngineSettings> = {}): TestEngine {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  const redactor = createRedactor({ holder: currentAttempt });
  const logged: string[] = [];
  const destination = { write: (line: string) => void logged.push(line) };
  const logger = createLogger({ logLevel: 'debug', logPretty: false, redactor, destination });
  const jobs: TestEngine['jobs'] = [];
  const steps: TestEngine['steps'] = [];
  const workerMetrics = createWorkerMetrics();
  return {
    registry: workerMetrics.registry,
    ...{
      redis,
      redactor,
      url,
      logged,
      jobs,
      steps,
      logger,
      prefix: TEST_PREFIX,
      redact: redactor.redact,
      forgetSecrets: redactor.forget,
    },
    settings: { ...settings, ...patch },
    metrics: {
      stepEnded: ({ step, outcome }) => void steps.push({ step, outcome }),
      jobStarted: () => undefined,
      jobEnded: (job, outcome) => void jobs.push({ job, outcome }),
      lockLost: () => undefined,
    },
    now: Date.now,
    monotonic: () => performance.now(),
    start: (bindings, workerPatch = {}, onRunning) =>
      createWorker({
        ...{ bindings, redisUrl: url, redis, prefix: TEST_PREFIX, logger: pino({ level: 'silent' }) },
        metrics: workerMetrics,
        settings: { ...testWorkerSettings, ...workerPatch },
        ...(onRunning && { onRunning }),
      }),
  };
}

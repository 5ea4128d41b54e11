import { parseEnv } from '@wcr/shared/config/parse-env';
import { QUEUE_PREFIX, SWEEP_QUEUE } from '@wcr/shared/contracts/queues';
import { startTracing } from '@wcr/shared/telemetry/start-tracing';
import { collectDefaultMetrics } from 'prom-client';
import { workerConfig } from './config/worker-config.ts';
import { createDeps, type Deps } from './deps.ts';
import { bindJobs } from './jobs/index.ts';
import { ensureSweeps, requestSweep } from './jobs/sweep/sweep-schedule.ts';
import { type HealthServer, startHealthServer } from './telemetry/health-server.ts';
import { createWorker, type RunningWorker } from './worker.ts';

/** The schedule of sweeps is looked after as often as there are sweeps, and at least so often. */
const MAX_SWEEP_CHECK_MS = 30_000;

const deps = createDeps(parseEnv(workerConfig, process.env));
const { logger } = deps;
collectDefaultMetrics({ register: deps.metrics.registry });
const tracing = await startTracing({ config: deps.config, serviceName: 'wcr-worker', logger });
const state: { worker?: RunningWorker; health?: HealthServer; sweeps?: NodeJS.Timeout; stopping: boolean } = { stopping: false };

process.once('SIGTERM', () => void stop('SIGTERM'));
process.once('SIGINT', () => void stop('SIGINT'));
process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a rejection nobody waited for'));

await start(deps);

async function start({ config, engine, jobs, metrics, redis, podCost, worker: settings }: Deps): Promise<void> {
  const isReady = async (): Promise<boolean> => !state.stopping && redis.status === 'ready' && (await redis.ping()) === 'PONG';
  const { metricsHost: host, metricsPort: port } = config;
  const isAlive = (): boolean => state.worker?.isAlive() ?? true;
  state.health = await startHealthServer({ host, port, registry: metrics.registry, logger, isAlive, isReady });
  const bindings = bindJobs(engine, jobs, config);
  const { redisUrl } = config;
  const onRunning = (running: number): void => podCost.show(running);
  onRunning(0);
  state.worker = createWorker({ bindings, redisUrl, redis, prefix: QUEUE_PREFIX, logger, metrics, settings, onRunning });
  if (config.queues.includes(SWEEP_QUEUE)) await startSweeps(deps);
  const { queues, concurrency } = config;
  logger.info({ port: state.health.port, concurrency, queues }, 'the worker runs');
}

async function startSweeps({ config, queues, now }: Deps): Promise<void> {
  const keepSweeping = (): Promise<void> =>
    ensureSweeps({ queue: queues[SWEEP_QUEUE], everyMs: config.sweepSeconds * 1000, now }).catch((error: unknown) =>
      logger.warn({ err: error }, 'sweeps could not be scheduled'),
    );
  await keepSweeping();
  await requestSweep(queues[SWEEP_QUEUE]);
  state.sweeps = setInterval(() => void keepSweeping(), Math.min(config.sweepSeconds * 1000, MAX_SWEEP_CHECK_MS));
}

async function stop(signal: string): Promise<void> {
  if (state.stopping) return;
  state.stopping = true;
  logger.info({ signal }, 'the worker stops');
  clearInterval(state.sweeps);
  const inTime = await (state.worker?.close() ?? true);
  await state.health?.close();
  if (inTime) await deps.close();
  await tracing.stop();
  logger.info({ inTime }, 'the worker has stopped');
  process.exit(0);
}

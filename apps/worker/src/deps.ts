import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { siteRulesOf } from '@wcr/shared/config/site-network-config';
import { CLONE_QUEUE, EXPIRE_QUEUE, QUEUE_PREFIX, ROLLBACK_QUEUE, redisKeys } from '@wcr/shared/contracts/queues';
import { compareVersions } from '@wcr/shared/domain/compare-versions';
import { createSealer, type Sealer } from '@wcr/shared/secrets/seal';
import { createRedactor, type Redactor } from '@wcr/shared/telemetry/redactor';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { Agent, setGlobalDispatcher } from 'undici';
import { browserEnvironment } from './config/browser-environment.ts';
import { RELEASE_SECONDS, type WorkerConfig } from './config/worker-config.ts';
import { createAgentClient } from './drivers/agent/agent-client.ts';
import { discoverAgent } from './drivers/agent/discover-agent.ts';
import { createBrowserDriver } from './drivers/browser/browser.driver.ts';
import type { BrowserDriver } from './drivers/browser/browser.types.ts';
import { createBrowserPool } from './drivers/browser/browser-pool.ts';
import { readPluginZip } from './drivers/browser/plugin-zip.ts';
import { createCluster } from './drivers/cluster/cluster.ts';
import type { Cluster } from './drivers/cluster/cluster.types.ts';
import { connectCluster } from './drivers/cluster/connection.ts';
import { connectPod } from './drivers/pod-cost/kubernetes-pod.ts';
import { createPodCost } from './drivers/pod-cost/pod-cost.driver.ts';
import type { PodCost } from './drivers/pod-cost/pod-cost.types.ts';
import { knowSecrets } from './drivers/runtime/know-secrets.ts';
import { createKubernetesRuntime } from './drivers/runtime/kubernetes/kubernetes-runtime.driver.ts';
import { createLocalRuntime } from './drivers/runtime/local/local-runtime.driver.ts';
import type { Runtime } from './drivers/runtime/runtime.types.ts';
import { createGuardedProbe } from './drivers/site/guarded-probe.ts';
import type { SiteProbe } from './drivers/site/site.types.ts';
import { visitSite } from './drivers/site/visit-site.ts';
import { startGuardedProxy } from './drivers/source-network/guarded-proxy.ts';
import { createPublicNetwork, type PublicNetwork } from './drivers/source-network/public-network.ts';
import { createSendWebhook } from './drivers/webhook/send-webhook.ts';
import type { Engine } from './engine/attempt.ts';
import type { CloneDeps } from './jobs/clone/clone.types.ts';
import type { JobDeps } from './jobs/index.ts';
import { createProjection } from './projection/projection.ts';
import { createRestoreProjection } from './projection/restores.ts';
import { createCloneJobs, createJobStates } from './queue/clone-jobs.ts';
import { createExpireSchedule } from './queue/expire-schedule.ts';
import { createExpiryOrder } from './queue/expiry-order.ts';
import { hastenFarDelays } from './queue/far-delays.ts';
import { createQueues, JOB_OPTIONS, type Queues } from './queue/queues.ts';
import { connectRedis } from './queue/redis-connection.ts';
import { resealRedis } from './queue/reseal.ts';
import { createRollbackSchedule } from './queue/rollback-schedule.ts';
import { createSecretStore } from './queue/secret-store.ts';
import { createSiteTurns, DEFAULT_TIMES } from './queue/site-turns.ts';
import { createRewriter } from './rewriter/rewriter.ts';
import { currentAttempt } from './telemetry/job-scope.ts';
import { createLogger } from './telemetry/logger.ts';
import { measureAgents, measureBrowser, measureFiles, measureRewriters } from './telemetry/measured-drivers.ts';
import { createWorkerMetrics, type WorkerMetrics } from './telemetry/metrics.ts';
import { traceAgents, traceBrowser } from './telemetry/traced-drivers.ts';
import { createCallbacks } from './webhooks/callbacks.ts';
import { createDeliveryLog } from './webhooks/delivery-log.ts';
import { createWebhookOutbox } from './webhooks/outbox.ts';
import type { WorkerSettings } from './worker.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Longest delay before a job is tried again. */
const MAX_BACKOFF_MS = 2 * MINUTE_MS;
/** How often a job may be lost by its workers; BullMQ's own limit lies above it, so that the engine can clean up. */
const MAX_STALLS = 4;

/** Everything a worker process consists of. */
export type Deps = {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly metrics: WorkerMetrics;
  readonly redis: Redis;
  readonly queues: Queues;
  readonly engine: Engine;
  readonly jobs: JobDeps;
  readonly worker: WorkerSettings;
  readonly podCost: PodCost;
  readonly now: () => number;
  close(): Promise<void>;
};

/** The composition root: the only place that constructs drivers. */
export function createDeps(config: WorkerConfig): Deps {
  useOwnHttpClient();
  const now = Date.now;
  const { redactor, logger } = createLogging(config);
  const metrics = createWorkerMetrics(config.queues);
  const redis = connectRedis(config.redisUrl, logger);
  metrics.watchRedis(() => redis.status === 'ready');
  const queues = createQueues({ redis, prefix: QUEUE_PREFIX, logger });
  const sealer = createSealer(config.secretsKey, config.secretsKeysOther);
  const isRoot = process.getuid?.() === 0;
  const runtime = measureFiles(knowSecrets(createRuntime(config, { sealer, now, isRoot }), redactor), metrics);
  const rules = siteRulesOf(config);
  const network = rules && createPublicNetwork(rules);
  const sources = sourceAccess(config, { network, metrics });
  const browser = traceBrowser(measureBrowser(createBrowser(config, { probeSite: sources.probeSite, network, isRoot }), metrics));
  const secrets = createSecretStore({ redis, sealer, redactor });
  const projection = createProjection({ redis, sealer });
  const schedule = createExpireSchedule({ queue: queues[EXPIRE_QUEUE], redis, jobOptions: JOB_OPTIONS, now });
  const cloneJobs = createCloneJobs({ queue: queues[CLONE_QUEUE], redis });
  const restores = createRestoreProjection(redis);
  const rollbacks = createRollbackSchedule({ queue: queues[ROLLBACK_QUEUE], redis, jobOptions: JOB_OPTIONS, now });
  const restoreJobs = createJobStates(queues);
  const webhooks = createWebhooks({ redis, queues, sealer, redactor, now }, network);
  return {
    ...{ config, logger, metrics, redis, queues, now },
    engine: {
      ...{ redis, prefix: QUEUE_PREFIX, logger, metrics, now, ...engineClock(config) },
      ...{ redact: redactor.redact, forgetSecrets: redactor.forget },
    },
    jobs: {
      clone: {
        ...sources,
        ...{ runtime, browser, secrets, projection, now },
        siteTurns: createSiteTurns(redis),
        scheduleExpire: schedule.scheduleExpire,
      },
      restore: {
        ...sources,
        ...{ runtime, browser, secrets, now },
        siteTurns: createSiteTurns(redis),
        restoreTurns: createSiteTurns(redis, DEFAULT_TIMES, 'restore-turn'),
        visit: (url, options) => visitSite(url, { ...options, ...(network && { dispatcher: network.dispatcher }) }),
        restores,
        scheduleForget: rollbacks.scheduleForget,
        scheduleUndo: rollbacks.undo,
        settings: { ...sources.settings, restorePointMs: config.restorePointHours * HOUR_MS },
      },
      ...webhooks,
      expire: { runtime, projection, cloneJobs, schedule, secrets, now },
      extend: { runtime, projection, schedule, order: createExpiryOrder(redis), cloneJobs, now },
      sweep: {
        ...{ runtime, projection, cloneJobs, schedule, restores, restoreJobs, rollbacks, secrets, logger, now },
        outbox: webhooks.outbox,
        hastenFarDelays: () => hastenFarDelays({ queues, redis, longestMs: MAX_BACKOFF_MS, now }),
        recordFigures: async (figures) => void (await redis.set(redisKeys.sweepFigures, JSON.stringify(figures))),
        reseal: config.secretsKeysOther.length > 0 ? (signal) => resealRedis({ redis, sealer }, signal) : undefined,
        settings: { graceMs: config.sweepGraceSeconds * 1000 },
      },
    },
    worker: workerSettings(config),
    podCost: createPodCost({ pod: connectPod(config, clusterOf(config)), logger }),
    async close() {
      await browser.close();
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}

type WebhookParts = Pick<Deps, 'redis' | 'queues' | 'now'> & { readonly sealer: Sealer; readonly redactor: Redactor };

/** Who is told of the end of jobs, and how; receivers are where sources may be. */
function createWebhooks({ redis, queues, sealer, redactor, now }: WebhookParts, network: PublicNetwork | undefined) {
  const callbacks = createCallbacks({ redis, sealer, redactor, now });
  const deliveries = createDeliveryLog(redis);
  return {
    webhook: { callbacks, deliveries, send: createSendWebhook(network?.dispatcher), now },
    outbox: createWebhookOutbox({ redis, queues, callbacks, log: deliveries, jobOptions: JOB_OPTIONS, now }),
  };
}

/** A logger that knows the process' own secrets from the start, and those of jobs as long as these run. */
function createLogging(config: WorkerConfig): { redactor: Redactor; logger: Logger } {
  const redactor = createRedactor({ holder: currentAttempt });
  const passwords = [config.redisUrl, config.databaseUrl].flatMap((url) => (url ? [passwordOf(url)] : []));
  redactor.add(config.secretsKey, ...config.secretsKeysOther, ...passwords);
  return { redactor, logger: createLogger({ ...config, redactor }) };
}

/**
 * The package and the copy inside Node share one global dispatcher, and whichever was loaded first made it. Node's copy ends
 * the process when a peer closes the line behind an answer that isn't read to its end yet (docs/adr/0003-http-client.md).
 */
function useOwnHttpClient(): void {
  setGlobalDispatcher(new Agent());
}

function createRuntime(
  config: WorkerConfig,
  { sealer, now, isRoot }: { sealer: Sealer; now: () => number; isRoot: boolean },
): Runtime {
  if (config.runtime === 'kubernetes') {
    return createKubernetesRuntime({ ...config, cluster: clusterOf(config)(config.clonesNamespace) });
  }
  const { localDir, databaseUrl } = config;
  if (localDir === undefined || databaseUrl === undefined) {
    throw new Error('The local runtime needs WCR_LOCAL_DIR and WCR_DATABASE_URL.');
  }
  return createLocalRuntime({ ...config, localDir, databaseUrl, sealer, clock: now, isRoot });
}

function clusterOf({ kubeconfig }: WorkerConfig): (namespace: string) => Cluster {
  return (namespace) => createCluster(() => connectCluster(kubeconfig), namespace);
}

type BrowserSurroundings = { probeSite: SiteProbe; network: PublicNetwork | undefined; isRoot: boolean };

function createBrowser(config: WorkerConfig, { probeSite, network, isRoot }: BrowserSurroundings): BrowserDriver {
  const pool = createBrowserPool({
    executablePath: config.browserPath,
    endpoint: config.browserEndpoint,
    sandbox: config.browserSandbox ?? !isRoot,
    environment: browserEnvironment(),
    startProxy: network && (() => startGuardedProxy(network)),
  });
  const { pluginZip, browserTimeoutMs: pageTimeoutMs, artefactDir } = config;
  return createBrowserDriver({ pool, probeSite, assertPublic: network?.assertPublic, pluginZip, pageTimeoutMs, artefactDir });
}

/** How sources are reached; our own clones are reached without these limits. */
function sourceAccess(
  config: WorkerConfig,
  { network, metrics }: { network: PublicNetwork | undefined; metrics: WorkerMetrics },
) {
  const via = network ? { dispatcher: network.dispatcher } : {};
  return {
    probeSite: createGuardedProbe(network),
    discoverAgent: (options) => discoverAgent({ ...options, ...via }),
    connectAgent: measureAgents(
      traceAgents((address) => createAgentClient(address, address.transport === 'standalone' ? {} : via)),
      metrics,
    ),
    createRewriter: measureRewriters(createRewriter, metrics),
    isOutdatedAgent: async (version) => compareVersions(version, (await readPluginZip(config.pluginZip)).version) < 0,
    readCloneGuard: (file) => readFile(join(config.pluginDir, 'clone-guard', file), 'utf8'),
    visit: visitSite,
    settings: { patienceMs: config.patienceSeconds * 1000, copyConcurrency: config.copyConcurrency },
  } satisfies Partial<CloneDeps>;
}

function engineClock(config: WorkerConfig): Pick<Engine, 'monotonic' | 'settings'> {
  return {
    monotonic: () => performance.now(),
    settings: {
      heartbeatMs: 1_000,
      silenceMs: config.lockSeconds * 1000,
      progressEveryMs: 500,
      checkpointTtlMs: 7 * DAY_MS,
      abortGraceMs: 20_000,
      budgetMs: config.jobBudgetMinutes * MINUTE_MS,
      maxStalls: MAX_STALLS,
      keepLogs: 1_000,
      terminalRetryMs: 2_000,
    },
  };
}

function workerSettings(config: WorkerConfig): WorkerSettings {
  const lockMs = config.lockSeconds * 1000;
  return {
    name: `${hostname()}:${process.pid}`,
    lockMs,
    stalledEveryMs: Math.round((lockMs * 2) / 3),
    maxStalledCount: MAX_STALLS + 5,
    firstBackoffMs: 5_000,
    maxBackoffMs: MAX_BACKOFF_MS,
    drainMs: config.drainSeconds * 1000,
    releaseMs: RELEASE_SECONDS * 1000,
  };
}

function passwordOf(address: string): string {
  return decodeURIComponent(new URL(address).password);
}

import { siteRulesOf } from '@wcr/shared/config/site-network-config';
import type { SiteRules } from '@wcr/shared/network/site-rules';
import { createSealer, type Sealer } from '@wcr/shared/secrets/seal';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type Admission, createAdmission } from './access/admission.ts';
import { type AuditLog, createAuditLog } from './audit/audit-log.ts';
import { type CloneStore, createCloneStore } from './clones/clone-store.ts';
import type { ApiConfig } from './config/api-config.ts';
import { createHealth, type Health } from './queue/health.ts';
import { createJobWatcher, type JobWatcher } from './queue/job-watcher.ts';
import { createQueues, type Queues } from './queue/queues.ts';
import { connectRedis } from './queue/redis-client.ts';
import { createRestoreStore, type RestoreStore } from './restores/restore-store.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';

/** Everything the routes work with; made once. */
export type ApiDeps = {
  readonly config: ApiConfig;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly redis: Redis;
  readonly queues: Queues;
  readonly sealer: Sealer;
  /** Where sites may be; undefined where that is anywhere. */
  readonly siteRules: SiteRules | undefined;
  readonly admission: Admission;
  readonly audit: AuditLog;
  readonly clones: CloneStore;
  readonly restores: RestoreStore;
  readonly watcher: JobWatcher;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Ends event streams and the connection to Redis. */
  close(): void;
};

/** Constructs the API's dependencies. Connecting goes on in the background: the API answers, with 503, from the first moment. */
export function createDeps(config: ApiConfig, logger: Logger, now: () => number = Date.now): ApiDeps {
  const redis = connectRedis(config.redisUrl, logger);
  const queues = createQueues(redis, logger);
  const sealer = createSealer(config.secretsKey, config.secretsKeysOther);
  const watcher = createJobWatcher({ redis, queues });
  const audit = createAuditLog({ redis, logger, now, auditEntries: config.auditEntries });
  return {
    config,
    logger,
    now,
    redis,
    queues,
    sealer,
    siteRules: siteRulesOf(config),
    admission: createAdmission({ redis, audit, config, now }),
    audit,
    clones: createCloneStore({ redis, sealer }),
    restores: createRestoreStore({ redis, sealer }),
    watcher,
    metrics: createMetrics({ redis, now }),
    health: createHealth({ redis, now }),
    close() {
      watcher.close();
      audit.close();
      redis.disconnect();
    },
  };
}

import { resolve } from 'node:path';
import { commonConfig } from '@wcr/shared/config/common-config';
import { type Config, type ConfigDefinition, envSchemas } from '@wcr/shared/config/parse-env';
import { QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import { z } from 'zod';
import { browserConfig } from '../drivers/browser/browser.config.ts';
import { podCostConfig } from '../drivers/pod-cost/pod-cost.config.ts';
import { kubernetesRuntimeConfig } from '../drivers/runtime/kubernetes/kubernetes-runtime.config.ts';
import { localRuntimeConfig } from '../drivers/runtime/local/local-runtime.config.ts';

const PLUGIN_DIR = resolve(import.meta.dirname, '../../../plugin');
const path = z.string().transform((text) => resolve(text));
/** Seconds a stopping worker needs to hand over its jobs after `WCR_DRAIN_SECONDS`; then it ends in any case. */
export const RELEASE_SECONDS = 30;

const queueNames = z
  .string()
  .default(QUEUES.join(','))
  .transform((text, context): QueueName[] => {
    const names = text.split(',').map((name) => name.trim());
    const known = QUEUES.filter((queue) => names.includes(queue));
    const unknown = names.filter((name) => !QUEUES.includes(name as QueueName));
    if (unknown.length > 0) context.addIssue({ code: 'custom', message: `names of queues are ${QUEUES.join(', ')}` });
    return known;
  });
const positive = z.coerce.number().int().positive();

/** How a worker runs. */
const processConfig = {
  concurrency: {
    env: 'WCR_WORKER_CONCURRENCY',
    doc: 'Clone jobs a worker runs at a time.',
    schema: positive.default(2),
  },
  queues: {
    env: 'WCR_WORKER_QUEUES',
    doc: 'Queues this worker serves, separated by commas; all when not given. One worker at least must serve sweep.',
    schema: queueNames,
  },
  drainSeconds: {
    env: 'WCR_DRAIN_SECONDS',
    doc: 'Seconds running jobs may go on after SIGTERM before they are handed to another worker.',
    schema: envSchemas.count.default(20),
  },
  metricsPort: {
    env: 'WCR_METRICS_PORT',
    doc: 'Port of /metrics and /health; 0 takes any free one.',
    schema: envSchemas.port.default(9464),
  },
  metricsHost: {
    env: 'WCR_METRICS_HOST',
    doc: 'Address /metrics and /health listen on; 0.0.0.0 in a container.',
    schema: z.string().default('127.0.0.1'),
  },
  jobBudgetMinutes: {
    env: 'WCR_JOB_BUDGET_MINUTES',
    doc: 'Most minutes a job may run, over all its attempts; waiting does not count.',
    schema: positive.default(360),
  },
  sweepSeconds: {
    env: 'WCR_SWEEP_SECONDS',
    doc: 'Seconds between two sweeps.',
    schema: positive.default(60),
  },
  sweepGraceSeconds: {
    env: 'WCR_SWEEP_GRACE_SECONDS',
    doc: 'Age in seconds before a clone without a job, or a record without a clone, is taken for left over.',
    schema: envSchemas.count.default(600),
  },
  lockSeconds: {
    env: 'WCR_LOCK_SECONDS',
    doc: 'Seconds after which a job whose worker is gone may be taken by another.',
    schema: positive.default(15),
  },
} as const satisfies ConfigDefinition;

/** Where clones are made and how sites are reached. */
const copyConfig = {
  runtime: {
    env: 'WCR_RUNTIME',
    doc: 'What makes clones exist.',
    schema: z.enum(['local', 'kubernetes']).default('local'),
  },
  pluginDir: { env: 'WCR_PLUGIN_DIR', doc: 'Folder of our WordPress plugin.', schema: path.default(PLUGIN_DIR) },
  copyConcurrency: {
    env: 'WCR_COPY_CONCURRENCY',
    doc: 'Requests one clone job has on their way at a time.',
    schema: positive.default(4),
  },
  patienceSeconds: {
    env: 'WCR_PATIENCE_SECONDS',
    doc: 'Seconds a site that stopped answering is asked again before the attempt fails.',
    schema: positive.default(120),
  },
  restorePointHours: {
    env: 'WCR_RESTORE_POINT_HOURS',
    doc: 'Hours a restored site can be rolled back; what that takes lies on the site as long.',
    schema: z.coerce.number().positive().default(72),
  },
} as const satisfies ConfigDefinition;

/** Everything a worker can be told. */
export const workerConfig = {
  ...commonConfig,
  ...processConfig,
  ...copyConfig,
  ...browserConfig,
  ...podCostConfig,
  ...localRuntimeConfig,
  ...kubernetesRuntimeConfig,
} as const satisfies ConfigDefinition;

export type WorkerConfig = Config<typeof workerConfig>;

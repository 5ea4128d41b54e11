import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { commonConfig } from '@wcr/shared/config/common-config';
import { type Config, type ConfigDefinition, envSchemas } from '@wcr/shared/config/parse-env';
import { z } from 'zod';

const PLUGIN_DIR = resolve(import.meta.dirname, '../../../plugin');
const path = z.string().transform((text) => resolve(text));
const positive = z.coerce.number().int().positive();

/** How a worker runs. */
const processConfig = {
  concurrency: {
    env: 'WCR_WORKER_CONCURRENCY',
    doc: 'Clone jobs a worker runs at a time.',
    schema: positive.default(2),
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
const driverConfig = {
  runtime: {
    env: 'WCR_RUNTIME',
    doc: 'What makes clones exist: local or kubernetes.',
    schema: z.enum(['local', 'kubernetes']).default('local'),
  },
  localDir: { env: 'WCR_LOCAL_DIR', doc: 'Folder of the clones (local runtime).', schema: path.optional() },
  databaseUrl: {
    env: 'WCR_DATABASE_URL',
    doc: 'Administrator login of the clones’ database, e.g. mysql://root:…@127.0.0.1:3306 (local runtime).',
    schema: z.url().optional(),
  },
  databaseSocket: {
    env: 'WCR_DATABASE_SOCKET',
    doc: 'Unix socket of the clones’ database, which clones use instead of the network.',
    schema: path.optional(),
  },
  gatewayUrl: {
    env: 'WCR_GATEWAY_URL',
    doc: 'Address of the gateway as the worker reaches it (local runtime).',
    schema: z.url().default('http://127.0.0.1:8090'),
  },
  pluginDir: { env: 'WCR_PLUGIN_DIR', doc: 'Folder of our WordPress plugin.', schema: path.default(PLUGIN_DIR) },
  pluginZip: {
    env: 'WCR_PLUGIN_ZIP',
    doc: 'The plugin as a zip file, to install on sources.',
    schema: path.default(join(tmpdir(), 'wp-clone-restore.zip')),
  },
  browserPath: { env: 'WCR_BROWSER_PATH', doc: 'Chromium of the system.', schema: path.optional() },
  browserEndpoint: {
    env: 'WCR_BROWSER_ENDPOINT',
    doc: 'WebSocket address of a remote browser, used instead of an own one.',
    schema: z.string().optional(),
  },
  artefactDir: {
    env: 'WCR_ARTEFACT_DIR',
    doc: 'Folder for screenshots of failed browser sessions.',
    schema: path.default(join(tmpdir(), 'wcr-artefacts')),
  },
  allowPrivateSources: {
    env: 'WCR_ALLOW_PRIVATE_SOURCES',
    doc: 'Whether sources may have loopback or private addresses.',
    schema: envSchemas.flag.default(false),
  },
  copyConcurrency: {
    env: 'WCR_COPY_CONCURRENCY',
    doc: 'Requests one clone job has on their way at a time.',
    schema: positive.default(4),
  },
  patienceSeconds: {
    env: 'WCR_PATIENCE_SECONDS',
    doc: 'Seconds a source that stopped answering is asked again before the attempt fails.',
    schema: positive.default(120),
  },
} as const satisfies ConfigDefinition;

/** Everything a worker can be told. */
export const workerConfig = { ...commonConfig, ...processConfig, ...driverConfig } as const satisfies ConfigDefinition;

export type WorkerConfig = Config<typeof workerConfig>;

import { z } from 'zod';
import { tracingConfig } from '../telemetry/tracing-config.ts';
import { type ConfigDefinition, envSchemas } from './parse-env.ts';
import { siteNetworkConfig } from './site-network-config.ts';

/** What the API and the workers both need. */
export const commonConfig = {
  redisUrl: {
    env: 'WCR_REDIS_URL',
    doc: 'Address of Redis, e.g. redis://127.0.0.1:6379.',
    schema: z.url().default('redis://127.0.0.1:6379'),
  },
  secretsKey: {
    env: 'WCR_SECRETS_KEY',
    doc: 'Key that seals passwords and pairing keys: 64 hex digits, the same for API and workers.',
    schema: envSchemas.hexKey,
  },
  secretsKeysOther: {
    env: 'WCR_SECRETS_KEYS_OTHER',
    doc: 'Further keys, separated by commas, that open what was sealed under them; for a change of WCR_SECRETS_KEY.',
    schema: envSchemas.hexKeys,
  },
  clonesUrl: {
    env: 'WCR_CLONES_URL',
    doc: 'Address below which clones are served, without the clone id; or with {id} in its host, e.g. https://{id}.clones.example.',
    schema: z.url(),
  },
  logLevel: { env: 'WCR_LOG_LEVEL', doc: 'Least level that is logged.', schema: envSchemas.logLevel.default('info') },
  logPretty: {
    env: 'WCR_LOG_PRETTY',
    doc: 'Logs for people instead of JSON lines; without it, when standard output is a terminal.',
    schema: envSchemas.flag.default(() => process.stdout.isTTY === true),
  },
  ...siteNetworkConfig,
  ...tracingConfig,
} as const satisfies ConfigDefinition;

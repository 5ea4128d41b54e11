import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { commonConfig } from '@wcr/shared/config/common-config';
import { type Config, type ConfigDefinition, envSchemas } from '@wcr/shared/config/parse-env';
import { z } from 'zod';

const list = z.string().transform((text) => text.split(',').map((item) => item.trim()));

/** Everything the gateway can be told. */
export const gatewayConfig = {
  clonesUrl: commonConfig.clonesUrl,
  logLevel: commonConfig.logLevel,
  logPretty: commonConfig.logPretty,
  host: { env: 'WCR_GATEWAY_HOST', doc: 'Address the gateway listens on.', schema: z.string().default('127.0.0.1') },
  port: { env: 'WCR_GATEWAY_PORT', doc: 'Port of the gateway; 0 takes any free one.', schema: envSchemas.port.default(8090) },
  localDir: {
    env: 'WCR_LOCAL_DIR',
    doc: 'Folder of the clones. Run as root, every user must be able to pass through it.',
    schema: z.string().transform((path) => resolve(path)),
  },
  runDir: {
    env: 'WCR_RUN_DIR',
    doc: 'Short path for sockets and process ids; one per WCR_LOCAL_DIR.',
    schema: z.string().optional(),
  },
  phpFpm: {
    env: 'WCR_PHP_FPM',
    doc: 'The php-fpm program; looked for in PATH when not given.',
    schema: z.string().optional(),
  },
  databaseSocket: {
    env: 'WCR_DATABASE_SOCKET',
    doc: 'Unix socket of the clones’ database; without it clones keep the network to reach the database.',
    schema: z.string().optional(),
  },
  agentScript: {
    env: 'WCR_AGENT_SCRIPT',
    doc: 'The plugin’s standalone agent.',
    schema: z.string().default(resolve(import.meta.dirname, '../../../plugin/standalone.php')),
  },
  idleSeconds: {
    env: 'WCR_GATEWAY_IDLE_SECONDS',
    doc: 'PHP of a clone stops after so many seconds without a request.',
    schema: envSchemas.count.default(600),
  },
  sweepMs: {
    env: 'WCR_GATEWAY_SWEEP_MS',
    doc: 'Milliseconds between looks for idle, expired and vanished clones.',
    schema: envSchemas.count.default(2000),
  },
  trustedProxies: {
    env: 'WCR_GATEWAY_TRUSTED_PROXIES',
    doc: 'Addresses whose X-Forwarded headers are believed, separated by commas.',
    schema: list.default(['127.0.0.1', '::1', '::ffff:127.0.0.1']),
  },
} as const satisfies ConfigDefinition;

export type GatewayConfig = Config<typeof gatewayConfig>;

/** The run folder of a local folder is always the same one, so that a restarted gateway finds what the former left. */
export function runDirOf(config: Pick<GatewayConfig, 'runDir' | 'localDir'>): string {
  return config.runDir ?? join(tmpdir(), `wcr-${createHash('sha256').update(config.localDir).digest('hex').slice(0, 8)}`);
}

import { serve } from '@hono/node-server';
import { startTracing } from '@wcr/shared/telemetry/start-tracing';
import { collectDefaultMetrics } from 'prom-client';
import { createApp } from './app.ts';
import { readApiConfig } from './config/api-config.ts';
import { createDeps } from './deps.ts';
import { stopOnSignal } from './http/graceful-stop.ts';
import { createLogger } from './telemetry/logger.ts';

const config = readApiConfig(process.env);
const logger = createLogger(config);
const tracing = await startTracing({ config, serviceName: 'wcr-api', logger });
const deps = createDeps(config, logger);
collectDefaultMetrics({ register: deps.metrics.registry });
const server = serve({ fetch: createApp(deps).fetch, port: config.port, hostname: config.host }, (address) => {
  logger.info({ host: config.host, port: address.port }, 'listening');
});
const exit = (status: number): void => void tracing.stop().then(() => process.exit(status));
stopOnSignal({ server, deps, exit, signals: process });

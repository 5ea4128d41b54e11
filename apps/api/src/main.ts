import { serve } from '@hono/node-server';
import { createApp } from './app.ts';
import { readApiConfig } from './config/api-config.ts';
import { createDeps } from './deps.ts';
import { stopOnSignal } from './http/graceful-stop.ts';
import { createLogger } from './telemetry/logger.ts';

const config = readApiConfig(process.env);
const logger = createLogger(config);
const deps = createDeps(config, logger);
const server = serve({ fetch: createApp(deps).fetch, port: config.port, hostname: config.host }, (address) => {
  logger.info({ host: config.host, port: address.port }, 'listening');
});
stopOnSignal({ server, deps, exit: (status) => process.exit(status), signals: process });

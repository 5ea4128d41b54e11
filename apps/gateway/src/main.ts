import { parseEnv } from '@wcr/shared/config/parse-env';
import { pino } from 'pino';
import { gatewayConfig } from './config/gateway-config.ts';
import { createGatewayDeps } from './deps.ts';
import { createGateway } from './gateway.ts';

// Whatever PHP makes is for the clone's user and group only.
process.umask(0o027);

const config = parseEnv(gatewayConfig, process.env);
const log = pino({
  name: 'gateway',
  level: config.logLevel,
  ...(config.logPretty ? { transport: { target: 'pino-pretty' } } : {}),
});
const deps = await createGatewayDeps(config, {
  isRoot: process.getuid?.() === 0,
  searchPath: process.env['PATH'] ?? '',
  clock: Date.now,
  log,
});
const gateway = createGateway(deps);
const port = await gateway.listen(config.port, config.host);
log.info({ host: config.host, port, localDir: config.localDir }, 'the gateway is listening');

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    gateway.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  });
}

import { type Logger, pino } from 'pino';
import type { ApiConfig } from '../config/api-config.ts';

/** JSON lines, or lines for people. Values that could hold a secret are cut out even if somebody logs them. */
export function createLogger(config: Pick<ApiConfig, 'logLevel' | 'logPretty'>): Logger {
  return pino({
    name: 'api',
    level: config.logLevel,
    redact: { paths: ['authorization', 'headers', 'body', '*.password', '*.pairingKey', '*.authorization'], remove: true },
    ...(config.logPretty ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } } : {}),
  });
}

import { type Logger, type LoggerOptions, pino } from 'pino';
import type { ApiConfig } from '../config/api-config.ts';

/** JSON lines, or lines for people. Values that could hold a secret are cut out even if somebody logs them. */
export function createLogger(config: Pick<ApiConfig, 'logLevel' | 'logPretty'>): Logger {
  const options: LoggerOptions = {
    name: 'api',
    level: config.logLevel,
    serializers: { err: describeError },
    redact: { paths: ['authorization', 'headers', 'body', '*.password', '*.pairingKey', '*.authorization'], remove: true },
  };
  if (config.logPretty) return pino({ ...options, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } });
  // Lines are written beside the requests, not within them; what is left is written when the process ends.
  return pino(options, pino.destination({ sync: false }));
}

/** Only what an error says about itself: errors of the Redis client carry the command with all its arguments. */
function describeError(error: Error) {
  const { name, message, stack, cause } = error;
  return { type: name, message, stack, ...(cause instanceof Error ? { cause: cause.message } : {}) };
}

import { describeError } from '@wcr/shared/telemetry/describe-error';
import { createRedactor } from '@wcr/shared/telemetry/redactor';
import { traceFields } from '@wcr/shared/telemetry/spans';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import type { ApiConfig } from '../config/api-config.ts';

type Config = Pick<ApiConfig, 'logLevel' | 'logPretty' | 'secretsKey' | 'secretsKeysOther' | 'metricsToken' | 'redisUrl'>;

/**
 * JSON lines, or lines for people. Fields that could hold a secret are cut out even if somebody logs them, and so are the
 * secrets of the process wherever they stand. What clients send is not known here: it is never logged.
 * @param destination where lines go instead of standard output; for tests
 */
export function createLogger(config: Config, destination?: DestinationStream): Logger {
  const redactor = createRedactor();
  redactor.add(
    config.secretsKey,
    ...config.secretsKeysOther,
    config.metricsToken,
    decodeURIComponent(new URL(config.redisUrl).password),
  );
  const options: LoggerOptions = {
    name: 'api',
    level: config.logLevel,
    mixin: traceFields,
    serializers: { err: describeError },
    redact: { paths: ['authorization', 'headers', 'body', '*.password', '*.pairingKey', '*.authorization'], remove: true },
    hooks: { streamWrite: (line) => redactor.redact(line) },
  };
  if (destination) return pino(options, destination);
  if (config.logPretty) return pino({ ...options, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } });
  // Lines are written beside the requests, not within them; what is left is written when the process ends.
  return pino(options, pino.destination({ sync: false }));
}

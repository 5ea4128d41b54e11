import { type DestinationStream, type Logger, pino } from 'pino';
import type { Redactor } from './redactor.ts';

const SECRET_NAMES = ['password', 'pairingKey', 'secretsKey', 'authorization', 'Authorization', 'cookie', 'cookies', 'httpAuth'];

export type LoggerOptions = {
  readonly logLevel: string;
  readonly logPretty: boolean;
  readonly redactor: Redactor;
  /** Where lines go instead of standard output; for tests. */
  readonly destination?: DestinationStream;
};

/**
 * JSON lines, or lines for people. Secrets are kept out twice: fields by name, and every finished line by known values.
 */
export function createLogger({ logLevel, logPretty, redactor, destination }: LoggerOptions): Logger {
  const options = {
    name: 'worker',
    level: logLevel,
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
    hooks: { streamWrite: (line: string) => redactor.redact(line) },
    ...(logPretty && !destination && { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } }),
  };
  return destination ? pino(options, destination) : pino(options);
}

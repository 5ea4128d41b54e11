import { describeError } from '@wcr/shared/telemetry/describe-error';
import type { Redactor } from '@wcr/shared/telemetry/redactor';
import { traceFields } from '@wcr/shared/telemetry/spans';
import { type DestinationStream, type Logger, type LoggerOptions as PinoOptions, pino } from 'pino';
import { jobFields } from './job-scope.ts';

const SECRET_NAMES = ['password', 'pairingKey', 'secretsKey', 'authorization', 'Authorization', 'cookie', 'cookies', 'httpAuth'];

export type LoggerOptions = {
  readonly logLevel: string;
  readonly logPretty: boolean;
  readonly redactor: Redactor;
  /** Where lines go instead of standard output; for tests. */
  readonly destination?: DestinationStream;
};

/**
 * JSON lines, or lines for people. Each says which job, step, request and trace it belongs to. Secrets are kept out twice:
 * fields by name, and every finished line by known values.
 */
export function createLogger({ logLevel, logPretty, redactor, destination }: LoggerOptions): Logger {
  const options: PinoOptions = {
    name: 'worker',
    level: logLevel,
    mixin: () => ({ ...jobFields(), ...traceFields() }),
    serializers: { err: describeError },
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
    hooks: { streamWrite: (line: string) => redactor.redact(line) },
    ...(logPretty && !destination && { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } }),
  };
  return destination ? pino(options, destination) : pino(options);
}

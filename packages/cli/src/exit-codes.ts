import { type AppError, isAppError } from '@wcr/shared/errors/app-error';
import { ReportedFailure } from './api/reported-failure.ts';

/** What scripts can rely on; described in docs/cli.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, unreachable: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code that tells of a failure. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ReportedFailure) return EXIT_OF_STATUS[error.status] ?? EXIT.failed;
  return isAppError(error) ? (EXIT_OF_CODE[error.code] ?? EXIT.failed) : EXIT.failed;
}

const EXIT_OF_STATUS: Readonly<Record<number, ExitCode>> = { 401: EXIT.refused, 403: EXIT.refused, 503: EXIT.unreachable };
const EXIT_OF_CODE: Partial<Record<AppError['code'], ExitCode>> = {
  'cli.usage': EXIT.usage,
  'cli.unreachable': EXIT.unreachable,
  'cli.unexpected_answer': EXIT.unreachable,
  'cli.interrupted': EXIT.interrupted,
};

import { AppError } from '@wcr/shared/errors/app-error';
import type { JobView } from './api/answers.ts';
import { type ApiClient, createApiClient } from './api/api-client.ts';
import type { JobNews } from './api/follow-job.ts';
import { failureOfJob } from './api/reported-failure.ts';
import { type AddressOptions, type Environment, readAddress } from './config/cli-config.ts';
import { createProgressDisplay, type ProgressDisplay } from './terminal/progress-display.ts';
import { type Terminal, withoutControls } from './terminal/terminal.ts';

/** What a program was started with. */
export type Surroundings = {
  readonly terminal: Terminal;
  readonly env: Environment;
  /** Aborts when somebody presses Ctrl-C. */
  readonly signal: AbortSignal;
};

export type SessionOptions = AddressOptions & { readonly json?: boolean | undefined };

/** What every command works with. */
export type Session = Surroundings & {
  readonly api: ApiClient;
  readonly isJson: boolean;
  /** The one answer of a command, on standard output: an object for scripts, text for people. */
  answer(value: object, text: string): void;
  /** A line for people beside the answer, on standard error. */
  note(line: string): void;
  /**
   * Follows a job to its end, with its progress on standard error.
   * @param onLine told of each line of its log
   * @throws ReportedFailure when it does not complete; AppError `cli.interrupted`: the job goes on
   */
  awaitJob(jobId: string, onLine?: (line: string) => void): Promise<JobView>;
};

/** @throws AppError `cli.usage` when it is not known where the service is */
export function openSession(options: SessionOptions, surroundings: Surroundings): Session {
  const { terminal } = surroundings;
  const isJson = options.json ?? false;
  const session: Session = {
    ...surroundings,
    isJson,
    api: createApiClient({ ...readAddress(options, surroundings.env), signal: surroundings.signal }),
    answer: (value, text) => void terminal.stdout.write(`${isJson ? JSON.stringify(value) : text}\n`),
    note(line) {
      if (!isJson) terminal.stderr.write(`${withoutControls(line)}\n`);
    },
    awaitJob: (jobId, onLine) => awaitJob(session, jobId, onLine),
  };
  return session;
}

async function awaitJob(session: Session, jobId: string, onLine?: (line: string) => void): Promise<JobView> {
  const { api, signal, terminal, isJson } = session;
  const display = isJson || onLine !== undefined ? undefined : createProgressDisplay(terminal.stderr);
  try {
    return ended(await lastOf(api.followJob(jobId, { signal }), display, onLine));
  } catch (error) {
    throw signal.aborted ? interrupted(jobId) : error;
  } finally {
    display?.end();
  }
}

/** Shows what happens until the job has ended. */
async function lastOf(
  happenings: AsyncIterable<JobNews>,
  display: ProgressDisplay | undefined,
  onLine: ((line: string) => void) | undefined,
): Promise<JobView> {
  for await (const news of happenings) {
    if (news.kind === 'progress') display?.show(news.progress);
    if (news.kind === 'log') onLine?.(news.line);
    if (news.kind === 'end') return news.job;
  }
  throw new AppError('internal.unexpected');
}

function ended(job: JobView): JobView {
  if (job.status !== 'completed') throw failureOfJob(job);
  return job;
}

function interrupted(jobId: string): AppError {
  return new AppError('cli.interrupted', {
    what: `The job ${jobId} goes on.`,
    next: `See how it goes on: clone-restore jobs follow ${jobId}. End it: clone-restore jobs cancel ${jobId}.`,
  });
}

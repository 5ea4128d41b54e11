import type { JobProgress } from '@wcr/shared/contracts/jobs';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { Redis } from 'ioredis';
import type { OwnedJob } from './find-job.ts';
import { formatMark, type LogMark, linesAfter, markOf, readLogs } from './job-logs.ts';
import type { JobWatcher } from './job-watcher.ts';
import type { Queues } from './queues.ts';
import { isTerminal, type JobView, readJob } from './read-job.ts';

export type JobEvent = {
  readonly event: 'state' | 'progress' | 'log' | 'completed' | 'failed';
  readonly id: string;
  readonly data: string;
};

/** The id of a terminal event: a client that comes back with it has seen everything. */
export const LAST_EVENT_ID = 'end';
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 500;
/** More than a job keeps. */
const ALL_LINES = 10_000;

type Deps = { readonly redis: Redis; readonly queues: Queues; readonly watcher: JobWatcher };
type Position = { mark: LogMark; progress: string | undefined };

/**
 * The events of a job: its state first, then what is new, and after a terminal event the end. `undefined` is a heartbeat.
 * @param from where an earlier stream of the same reader ended
 */
export async function* followJob(
  deps: Deps,
  owned: OwnedJob,
  options: { from: LogMark; signal: AbortSignal },
): AsyncGenerator<JobEvent | undefined> {
  const signal = AbortSignal.any([options.signal, deps.watcher.closed]);
  const changes = createSignalBox(signal);
  const unwatch = deps.watcher.watch(owned.queue, owned.jobId, changes.raise);
  try {
    const first = await readJob(deps, owned);
    const position: Position = { mark: options.from, progress: JSON.stringify(first.progress) };
    yield { event: 'state', id: formatMark(position.mark), data: JSON.stringify(first) };
    let ended = false;
    changes.raise();
    while (!ended && !signal.aborted) {
      // A heartbeat looks for itself too, so that nothing depends on the watcher alone.
      if (!(await changes.wait(HEARTBEAT_MS))) yield undefined;
      if (signal.aborted) return;
      const events = await readNews(deps, owned, position);
      if (events === undefined) setTimeout(changes.raise, RETRY_MS).unref();
      else yield* events;
      ended = events?.at(-1)?.id === LAST_EVENT_ID;
    }
  } finally {
    unwatch();
  }
}

/** What happened since `position`, which is moved on; undefined while Redis is away. */
async function readNews(deps: Deps, owned: OwnedJob, position: Position): Promise<JobEvent[] | undefined> {
  try {
    // The state first: lines written before a job ended are there when its end is seen.
    const view = await readJob(deps, owned);
    const { lines } = await readLogs(deps, owned, { offset: 0, limit: ALL_LINES });
    return [...logEvents(lines, position), ...progressEvents(view.progress, position), ...endEvents(view)];
  } catch (error) {
    if (isAppError(error) && error.code === 'job.not_found') return [goneEvent(owned.jobId)];
    if (isAppError(error) && error.retryable) return undefined;
    throw error;
  }
}

function logEvents(lines: readonly string[], position: Position): JobEvent[] {
  const fresh = linesAfter(lines, position.mark);
  const before = lines.length - fresh.length;
  return fresh.map((line, index) => {
    position.mark = markOf(line, before + index + 1);
    return { event: 'log', id: formatMark(position.mark), data: JSON.stringify({ line }) };
  });
}

function progressEvents(progress: JobProgress | undefined, position: Position): JobEvent[] {
  const text = JSON.stringify(progress);
  if (text === undefined || text === position.progress) return [];
  position.progress = text;
  return [{ event: 'progress', id: formatMark(position.mark), data: text }];
}

function endEvents(view: JobView): JobEvent[] {
  if (!isTerminal(view.status)) return [];
  const event = view.status === 'completed' ? 'completed' : 'failed';
  return [{ event, id: LAST_EVENT_ID, data: JSON.stringify(view) }];
}

function goneEvent(jobId: string): JobEvent {
  const { code, message, hint } = new AppError('job.not_found', { jobId });
  return { event: 'failed', id: LAST_EVENT_ID, data: JSON.stringify({ id: jobId, error: { code, message, hint } }) };
}

/** A flag one can wait for; raised any number of times, it wakes the waiter once. */
function createSignalBox(signal: AbortSignal) {
  let raised = false;
  let wake: (() => void) | undefined;
  const raise = () => {
    raised = true;
    wake?.();
  };
  signal.addEventListener('abort', raise, { once: true });
  return {
    raise,
    /** True when it was raised, false when the time ran out first. */
    async wait(ms: number): Promise<boolean> {
      if (!raised) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const was = raised;
      raised = false;
      return was;
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { JobProgress } from '@wcr/shared/contracts/jobs';
import { isAppError } from '@wcr/shared/errors/app-error';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Response } from 'undici';
import { z } from 'zod';
import { hasEnded, JobView, type LogPage } from './answers.ts';
import { parseJson } from './parse-json.ts';
import { failureOfJob, ReportedFailure } from './reported-failure.ts';

export type JobNews =
  | { readonly kind: 'progress'; readonly progress: JobProgress }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'end'; readonly job: JobView };

export type JobReader = {
  openEvents(jobId: string, lastEventId: string | undefined, signal: AbortSignal): Promise<Response>;
  readJob(jobId: string): Promise<JobView>;
  readLog(jobId: string, offset: number): Promise<LogPage>;
};

/** Milliseconds. */
export type FollowTimes = {
  /** A stream that says nothing for so long is dead: the API sends a heartbeat every 15 seconds. */
  readonly silence: number;
  readonly reconnect: number;
  readonly poll: number;
  /** How long the service may be away before following is given up. */
  readonly patience: number;
};

const TIMES: FollowTimes = { silence: 45_000, reconnect: 500, poll: 2_000, patience: 120_000 };
/** Streams that bring nothing, one after the other, before the job is asked for from time to time instead. */
const MAX_SILENT_STREAMS = 3;

type Following = {
  readonly reader: JobReader;
  readonly jobId: string;
  readonly signal: AbortSignal;
  readonly times: FollowTimes;
  lastEventId: string | undefined;
  linesSeen: number;
};

/**
 * What happens to a job until its end, which is the last news. Streams that break off are continued; where there can be none
 * (too many are open, a proxy keeps them back) the job is asked for from time to time.
 * @throws ReportedFailure when the service refuses; AppError `cli.unreachable` when it stays away; the signal's reason
 */
export async function* followJob(
  reader: JobReader,
  jobId: string,
  options: { signal?: AbortSignal; times?: Partial<FollowTimes> } = {},
): AsyncGenerator<JobNews> {
  const signal = options.signal ?? new AbortController().signal;
  const following: Following = {
    reader,
    jobId,
    signal,
    times: { ...TIMES, ...options.times },
    lastEventId: undefined,
    linesSeen: 0,
  };
  for (let silent = 0; silent < MAX_SILENT_STREAMS; silent += 1) {
    const stream = await openStream(following);
    if (stream === 'refused') break;
    for await (const news of stream) {
      silent = -1;
      yield news;
      if (news.kind === 'end') return;
    }
    await sleep(following.times.reconnect, undefined, { signal });
  }
  yield* pollJob(following);
}

/** The next stream; an empty one when the line is broken just now. */
async function openStream(following: Following): Promise<AsyncIterable<JobNews> | readonly JobNews[] | 'refused'> {
  const { reader, jobId, lastEventId, signal } = following;
  const dead = new AbortController();
  try {
    const answer = await reader.openEvents(jobId, lastEventId, AbortSignal.any([signal, dead.signal]));
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    if (isStream) return newsOf(following, answer, dead);
    await answer.body?.cancel();
    return 'refused';
  } catch (error) {
    signal.throwIfAborted();
    if (isAway(error)) return [];
    if (error instanceof ReportedFailure && error.envelope.error.code === 'events.too_many') return 'refused';
    throw error;
  }
}

/** The news of one stream; its end, however it comes, ends them. */
async function* newsOf(following: Following, answer: Response, dead: AbortController): AsyncGenerator<JobNews> {
  const { signal, times } = following;
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => void events.push(event) });
  const decoder = new TextDecoder();
  const timer = setTimeout(() => dead.abort(), times.silence);
  try {
    for await (const chunk of answer.body ?? []) {
      timer.refresh();
      parser.feed(decoder.decode(chunk, { stream: true }));
      for (const event of events.splice(0)) {
        following.lastEventId = event.id ?? following.lastEventId;
        yield* readEvent(following, event);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ReportedFailure) throw error;
    // A broken line: the next stream goes on where this one ended.
  } finally {
    clearTimeout(timer);
    dead.abort();
  }
}

const LogLine = z.object({ line: z.string() });
const Gone = z.object({ id: z.string(), error: z.object({ code: z.string(), message: z.string(), hint: z.string() }) });

/** What is not in a form we know says nothing to us. */
function readEvent(following: Following, { event, data }: EventSourceMessage): JobNews[] {
  const value = parseJson(data);
  if (event === 'log') {
    const line = LogLine.safeParse(value).data?.line;
    if (line === undefined) return [];
    following.linesSeen += 1;
    return [{ kind: 'log', line }];
  }
  if (event === 'progress') return progressNews(JobProgress.safeParse(value).data);
  const job = JobView.safeParse(value).data;
  if (event === 'state') return progressNews(job?.progress);
  if (event !== 'completed' && event !== 'failed') return [];
  if (job !== undefined) return [{ kind: 'end', job }];
  const gone = Gone.safeParse(value).data;
  if (gone !== undefined) throw failureOfJob({ ...gone, status: 'failed' });
  return [];
}

function progressNews(progress: JobProgress | undefined): JobNews[] {
  return progress === undefined ? [] : [{ kind: 'progress', progress }];
}

async function* pollJob(following: Following): AsyncGenerator<JobNews> {
  const { reader, jobId, signal, times } = following;
  let shown: string | undefined;
  for (;;) {
    const job = await patiently(following, () => reader.readJob(jobId));
    const { lines, nextOffset } = await patiently(following, () => reader.readLog(jobId, following.linesSeen));
    following.linesSeen += lines.length;
    for (const line of lines) yield { kind: 'log', line };
    const progress = JSON.stringify(job.progress);
    if (progress !== shown) yield* progressNews(job.progress);
    shown = progress;
    if (hasEnded(job) && nextOffset === null) return yield { kind: 'end', job };
    await sleep(times.poll, undefined, { signal });
  }
}

/** Asks again while the service is away, as it is when it is restarted. @throws AppError `cli.unreachable` */
async function patiently<T>({ signal, times }: Following, ask: () => Promise<T>): Promise<T> {
  const until = Date.now() + times.patience;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error) || Date.now() >= until) throw error;
      await sleep(times.poll, undefined, { signal });
    }
  }
}

/** True for a service that is not there at the moment, or cannot answer at the moment. */
function isAway(error: unknown): boolean {
  if (isAppError(error)) return error.code === 'cli.unreachable';
  return error instanceof ReportedFailure && error.status === 503;
}

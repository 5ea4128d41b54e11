import type { JobFailure, JobProgress } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Redis } from 'ioredis';
import type { Json, StepRecord } from './engine.types.ts';
import { runFenced } from './fenced-script.ts';

const MAX_OUTPUT_BYTES = 1 << 20;
const MAX_EVENTS = 2_000;

/** Written before `onTerminalFailure` runs, so that a crash there is told from a job that somebody tries again. */
export type TerminalMark = { readonly failure: JobFailure; readonly attemptsMade: number; readonly stalls: number };

export type JobState = {
  readonly finished: ReadonlyMap<string, StepRecord>;
  readonly terminal: TerminalMark | undefined;
  /** `traceparent` of the attempt before, if it was traced. */
  readonly trace: string | undefined;
};

/**
 * What the engine keeps of one job, for the worker that holds its lock. Every method that writes throws
 * AppError `job.lock_lost` when that is another worker by now.
 */
export type CheckpointStore = {
  load(): Promise<JobState>;
  /** Counts a start of the step; answers which one it is. */
  countStart(step: string): Promise<number>;
  /** Also forgets the step's scratch. */
  finish(step: string, record: StepRecord): Promise<void>;
  readScratch(step: string): Promise<Json | undefined>;
  writeScratch(step: string, value: Json): Promise<void>;
  writeProgress(progress: JobProgress): Promise<void>;
  appendLog(lines: readonly string[], keep: number): Promise<void>;
  /** Adds running time and answers the sum, and whether the job is to be cancelled. */
  beat(ranMs: number): Promise<{ cancelled: boolean; ranMs: number }>;
  markTerminal(mark: TerminalMark): Promise<void>;
  noteTrace(traceparent: string): Promise<void>;
  clear(): Promise<void>;
};

export type CheckpointOptions = {
  readonly redis: Redis;
  readonly prefix: string;
  readonly queue: string;
  readonly jobId: string;
  /** The lock token of this worker. */
  readonly token: string;
  readonly ttlMs: number;
  /** See `JobDefinition`. */
  readonly pointOfNoReturn?: string | undefined;
};

export function createCheckpointStore(options: CheckpointOptions): CheckpointStore {
  const { redis, prefix, queue, jobId, token, ttlMs, pointOfNoReturn } = options;
  const hash = redisKeys.checkpoints(queue, jobId);
  const job = `${prefix}:${queue}:${jobId}`;
  const keys = [`${job}:lock`, hash, job, `${job}:logs`, `${prefix}:${queue}:events`, redisKeys.cancel(jobId)];
  const write = async (operation: string, ...args: (string | number)[]): Promise<string> => {
    const value = await runFenced(redis, keys, [token, ttlMs, operation, ...args]);
    if (value === undefined) throw new AppError('job.lock_lost');
    return value;
  };
  return {
    load: async () => parseState(await redis.hgetall(hash)),
    countStart: async (step) => Number(await write('count', startsOf(step), 1)),
    finish: async (step, record) => {
      await write('put', `step:${step}`, smallJson(record, `the output of ${step}`), `scratch:${step}`);
    },
    readScratch: async (step) => {
      const text = await redis.hget(hash, `scratch:${step}`);
      return text === null ? undefined : (JSON.parse(text) as Json);
    },
    writeScratch: async (step, value) => {
      await write('put', `scratch:${step}`, smallJson(value, `the scratch of ${step}`));
    },
    writeProgress: async (progress) => {
      await write('progress', JSON.stringify(progress), jobId, MAX_EVENTS);
    },
    appendLog: async (lines, keep) => {
      await write('log', keep, ...lines);
    },
    beat: async (ranMs) => {
      const last = pointOfNoReturn === undefined ? [] : [startsOf(pointOfNoReturn)];
      const [cancelled, total] = (await write('beat', Math.round(ranMs), ...last)).split(':');
      return { cancelled: cancelled === '1', ranMs: Number(total) };
    },
    markTerminal: async (mark) => {
      await write('put', 'terminal', JSON.stringify(mark));
    },
    noteTrace: async (traceparent) => {
      await write('put', 'trace', traceparent);
    },
    clear: async () => {
      await write('clear');
    },
  };
}

const startsOf = (step: string): string => `starts:${step}`;

/** Forgets what was kept of a job that has ended. Its lock is gone by then, so this isn't fenced. */
export async function forgetCheckpoints(redis: Redis, queue: string, jobId: string): Promise<void> {
  await redis.unlink(redisKeys.checkpoints(queue, jobId), redisKeys.cancel(jobId));
}

function parseState(fields: Readonly<Record<string, string>>): JobState {
  const finished = new Map<string, StepRecord>();
  for (const [field, text] of Object.entries(fields)) {
    if (field.startsWith('step:')) finished.set(field.slice('step:'.length), JSON.parse(text) as StepRecord);
  }
  const terminal = fields['terminal'];
  return {
    finished,
    terminal: terminal === undefined ? undefined : (JSON.parse(terminal) as TerminalMark),
    trace: fields['trace'],
  };
}

function smallJson(value: unknown, what: string): string {
  const text = JSON.stringify(value);
  if (text.length > MAX_OUTPUT_BYTES) {
    throw new AppError('job.definition_invalid', { reason: `${what} is larger than ${MAX_OUTPUT_BYTES} bytes` });
  }
  return text;
}

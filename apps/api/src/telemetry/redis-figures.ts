import { DELAYED_SCORE_FACTOR, QUEUE_PREFIX, QUEUES, type QueueName, redisKeys } from '@wcr/shared/contracts/queues';
import { SweepFigures } from '@wcr/shared/contracts/sweep-figures';
import type { Redis } from 'ioredis';
import { defineScript, runScript } from '../queue/run-script.ts';

export const STATES = ['active', 'waiting', 'prioritized', 'delayed', 'failed', 'completed'] as const;
export type QueueFigures = Readonly<Record<(typeof STATES)[number] | 'demand', number>> & {
  readonly isPaused: boolean;
  /** Since when the job that waits longest could have been taken, in milliseconds since the epoch. */
  readonly waitingSince: number | undefined;
};
export type RedisFigures = {
  readonly queues: ReadonlyMap<QueueName, QueueFigures>;
  /** Undefined as long as no sweep has told any. */
  readonly sweep: SweepFigures | undefined;
};

/** Delayed jobs that fall due within this time count as demand: without a worker nobody would ever promote them. */
const DUE_SOON_MS = 30_000;
/** The keys of one queue, in the order in which the script takes them. */
const KEY_ENDS = ['active', 'wait', 'prioritized', 'delayed', 'failed', 'completed', 'meta', ''] as const;

/**
 * All queues as they are at one moment, in one round trip. A paused queue keeps its jobs where they were waiting, so only
 * its `meta` tells that no worker would take them; the ones already running still need theirs.
 *
 * BullMQ does not note since when a job waits. It is the latest of: when it was added, when its last run began, when that run
 * last told of progress. Of a job that was put off to a later time nothing tells when that was over; such a job counts from
 * its due time as long as nobody has even moved it to those that wait, which is what happens when there is no worker.
 *
 * KEYS eight of each queue, the last being the beginning of its jobs' keys, then the figures of the last sweep
 * ARGV score of what is due soon, score of what is due now
 * Answers, for each queue, the states, the demand, 1 if paused, and since when a job waits (or -1); then those figures.
 */
const READ = defineScript(`
local function since(key)
  local at, opts, started, progress = unpack(redis.call('HMGET', key, 'timestamp', 'opts', 'processedOn', 'progress'))
  if not at then return nil end
  started = tonumber(started or '')
  if not started and opts and (tonumber(cjson.decode(opts).delay or 0) or 0) > 0 then return nil end
  local latest = math.max(tonumber(at), started or 0)
  if started and progress and string.sub(progress, 1, 1) == '{' then
    latest = math.max(latest, tonumber(cjson.decode(progress).at or 0) or 0)
  end
  return latest
end
local function oldest(prefix, ids, first)
  for _, id in ipairs(ids) do
    local at = since(prefix .. id)
    if at and (first < 0 or at < first) then first = at end
  end
  return first
end
local answer = {}
for first = 1, #KEYS - 1, 8 do
  local active = redis.call('LLEN', KEYS[first])
  local waiting = redis.call('LLEN', KEYS[first + 1])
  local prioritized = redis.call('ZCARD', KEYS[first + 2])
  local due = redis.call('ZCOUNT', KEYS[first + 3], '-inf', ARGV[1])
  local paused = redis.call('HEXISTS', KEYS[first + 6], 'paused')
  local demand = active
  if paused == 0 then demand = active + waiting + prioritized + due end
  local overdue = redis.call('ZRANGEBYSCORE', KEYS[first + 3], '-inf', ARGV[2], 'WITHSCORES', 'LIMIT', 0, 1)
  local from = -1
  if overdue[2] then from = math.floor(tonumber(overdue[2]) / ${DELAYED_SCORE_FACTOR}) end
  from = oldest(KEYS[first + 7], redis.call('LRANGE', KEYS[first + 1], -1, -1), from)
  from = oldest(KEYS[first + 7], redis.call('ZRANGE', KEYS[first + 2], 0, 0), from)
  answer[#answer + 1] = {
    active, waiting, prioritized, redis.call('ZCARD', KEYS[first + 3]),
    redis.call('ZCARD', KEYS[first + 4]), redis.call('ZCARD', KEYS[first + 5]), demand, paused, from
  }
end
answer[#answer + 1] = redis.call('GET', KEYS[#KEYS])
return answer`);

const KEYS = [
  ...QUEUES.flatMap((queue) => KEY_ENDS.map((end) => `${QUEUE_PREFIX}:${queue}:${end}`)),
  redisKeys.sweepFigures,
] as const;

/** Reads what Redis knows of every queue, and what the last sweep left there. */
export async function readRedisFigures(redis: Redis, nowMs: number): Promise<RedisFigures> {
  const scores = [nowMs + DUE_SOON_MS, nowMs].map((ms) => String(ms * DELAYED_SCORE_FACTOR));
  const answer = (await runScript(redis, READ, KEYS, scores)) as (number[] | string | null)[];
  const sweep = answer.at(QUEUES.length);
  return {
    queues: new Map(QUEUES.map((queue, index) => [queue, nameFigures(answer[index])])),
    sweep: typeof sweep === 'string' ? parseSweep(sweep) : undefined,
  };
}

function nameFigures(row: unknown): QueueFigures {
  const [active = 0, waiting = 0, prioritized = 0, delayed = 0, failed = 0, completed = 0, demand = 0, paused = 0, since = -1] =
    Array.isArray(row) ? (row as number[]) : [];
  const counts = { active, waiting, prioritized, delayed, failed, completed, demand };
  return { ...counts, isPaused: paused === 1, waitingSince: since < 0 ? undefined : since };
}

/** Figures of another version are as good as none. */
function parseSweep(text: string): SweepFigures | undefined {
  return SweepFigures.safeParse(JSON.parse(text)).data;
}

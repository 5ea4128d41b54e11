import { DELAYED_SCORE_FACTOR, QUEUE_PREFIX, QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import { defineScript, runScript } from '../queue/run-script.ts';

export const STATES = ['active', 'waiting', 'prioritized', 'delayed', 'failed', 'completed'] as const;
export type QueueCounts = Readonly<Record<(typeof STATES)[number] | 'demand', number>>;

/** Delayed jobs that fall due within this time count as demand: without a worker nobody would ever promote them. */
const DUE_SOON_MS = 30_000;
/** The keys of one queue, in the order in which the script takes them. */
const KEY_ENDS = ['active', 'wait', 'prioritized', 'delayed', 'failed', 'completed', 'meta'] as const;

/**
 * All queues as they are at one moment, in one round trip. A paused queue keeps its jobs where they were waiting, so only
 * its `meta` tells that no worker would take them; the ones already running still need theirs.
 *
 * KEYS seven of each queue · ARGV score of what is due soon
 * Answers, for each queue, the states and the demand.
 */
const COUNT = defineScript(`
local answer = {}
for first = 1, #KEYS, 7 do
  local active = redis.call('LLEN', KEYS[first])
  local waiting = redis.call('LLEN', KEYS[first + 1])
  local prioritized = redis.call('ZCARD', KEYS[first + 2])
  local due = redis.call('ZCOUNT', KEYS[first + 3], '-inf', ARGV[1])
  local demand = active
  if redis.call('HEXISTS', KEYS[first + 6], 'paused') == 0 then demand = active + waiting + prioritized + due end
  answer[#answer + 1] = {
    active, waiting, prioritized, redis.call('ZCARD', KEYS[first + 3]),
    redis.call('ZCARD', KEYS[first + 4]), redis.call('ZCARD', KEYS[first + 5]), demand
  }
end
return answer`);

const KEYS = QUEUES.flatMap((queue) => KEY_ENDS.map((end) => `${QUEUE_PREFIX}:${queue}:${end}`));

/** Counts the jobs of every queue by state, and the worker slots each queue wants now. */
export async function countQueues(redis: Redis, nowMs: number): Promise<ReadonlyMap<QueueName, QueueCounts>> {
  const dueScore = String((nowMs + DUE_SOON_MS) * DELAYED_SCORE_FACTOR);
  const rows = (await runScript(redis, COUNT, KEYS, [dueScore])) as number[][];
  return new Map(QUEUES.map((queue, index) => [queue, nameCounts(rows[index] ?? [])]));
}

function nameCounts([active = 0, waiting = 0, prioritized = 0, delayed = 0, failed = 0, completed = 0, demand = 0]: number[]) {
  return { active, waiting, prioritized, delayed, failed, completed, demand };
}

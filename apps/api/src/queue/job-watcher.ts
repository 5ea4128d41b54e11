import type { QueueName } from '@wcr/shared/contracts/queues';
import type { Redis } from 'ioredis';
import type { Queues } from './queues.ts';
import { execPipeline } from './redis-client.ts';

export type JobWatcher = {
  /** Calls `onChange` whenever the job looks different from the poll before; returns how to stop. */
  watch(queue: QueueName, jobId: string, onChange: () => void): () => void;
  /** How many watches there are. */
  readonly size: number;
  /** Ends every watch: each `onEnd` subscriber is told. */
  close(): void;
  readonly closed: AbortSignal;
};

type Entry = { readonly key: string; readonly listeners: Set<() => void>; seen: string | undefined };

const DEFAULT_INTERVAL_MS = 250;
/** One pipeline asks for so many jobs. */
const CHUNK = 200;
/** BullMQ's fields of a job that change while it lives. */
const FIELDS = ['progress', 'processedOn', 'finishedOn', 'failedReason', 'ats', 'atm'];

/**
 * One poller for all event streams of the process. It compares what is stored, so nothing can be missed: a terminal state
 * stays until somebody looked, unlike the entries of a trimmed event stream. It sleeps while nobody watches.
 */
export function createJobWatcher(deps: { redis: Redis; queues: Queues; intervalMs?: number }): JobWatcher {
  const { redis, queues, intervalMs = DEFAULT_INTERVAL_MS } = deps;
  const entries = new Map<string, Entry>();
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let size = 0;

  async function poll(): Promise<void> {
    const all = [...entries.values()];
    for (let start = 0; start < all.length; start += CHUNK) {
      const chunk = all.slice(start, start + CHUNK);
      const states = await readStates(redis, chunk);
      for (const [index, entry] of chunk.entries()) notify(entry, states[index]);
    }
  }

  function schedule(): void {
    if (timer !== undefined || entries.size === 0 || closing.signal.aborted) return;
    timer = setTimeout(async () => {
      // While Redis is away there is nothing to tell; the next poll sees what was missed.
      await poll().catch(() => undefined);
      timer = undefined;
      schedule();
    }, intervalMs);
    timer.unref();
  }

  return {
    watch(queue, jobId, onChange) {
      const entry = entries.get(jobId) ?? { key: queues[queue].toKey(jobId), listeners: new Set(), seen: undefined };
      entries.set(jobId, entry);
      entry.listeners.add(onChange);
      size++;
      schedule();
      return () => {
        if (!entry.listeners.delete(onChange)) return;
        size--;
        if (entry.listeners.size === 0 && entries.get(jobId) === entry) entries.delete(jobId);
      };
    },
    get size() {
      return size;
    },
    closed: closing.signal,
    close() {
      closing.abort();
      clearTimeout(timer);
      entries.clear();
      size = 0;
    },
  };
}

function notify(entry: Entry, state: string | undefined): void {
  if (state === entry.seen) return;
  entry.seen = state;
  for (const listener of entry.listeners) listener();
}

async function readStates(redis: Redis, entries: readonly Entry[]): Promise<string[]> {
  const pipeline = redis.pipeline();
  for (const { key } of entries)
    pipeline
      .hmget(key, ...FIELDS)
      .llen(`${key}:logs`)
      .lindex(`${key}:logs`, -1);
  const results = await execPipeline(pipeline);
  return entries.map((_, index) => JSON.stringify(results.slice(index * 3, index * 3 + 3)));
}

import { QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import type { ApiDeps } from '../deps.ts';
import { viaRedis } from '../queue/redis-client.ts';
import { type QueueFigures, readRedisFigures } from '../telemetry/redis-figures.ts';

/** Where work has piled up; none of it tells whose. */
export type QueueHealth = {
  readonly verdict: 'idle' | 'busy' | 'slow' | 'paused';
  readonly running: number;
  readonly waiting: number;
  /** Since when the job that waits longest could have been taken; milliseconds since the epoch. */
  readonly waitingSince: number | undefined;
  /** Queues from which no worker takes anything. */
  readonly paused: readonly QueueName[];
  /** Of each queue, for those who may look at the queues. */
  readonly queues: ReadonlyMap<QueueName, QueueFigures>;
};

/** Who waits longer than this has no worker, or too few. */
const SLOW_MS = 60_000;

/** How the queues are. @throws AppError `queue.unavailable` */
export async function readQueueHealth({ redis, now }: Pick<ApiDeps, 'redis' | 'now'>): Promise<QueueHealth> {
  const at = now();
  const { queues } = await viaRedis(() => readRedisFigures(redis, at));
  return judge(queues, at);
}

function judge(queues: QueueHealth['queues'], now: number): QueueHealth {
  const all = [...queues.values()];
  const running = sum(all.map(({ active }) => active));
  const waiting = sum(all.map((figures) => figures.waiting + figures.prioritized));
  const since = all.flatMap(({ waitingSince }) => waitingSince ?? []);
  const waitingSince = since.length === 0 ? undefined : Math.min(...since);
  const paused = QUEUES.filter((name) => queues.get(name)?.isPaused);
  const facts = { running, waiting, waitingSince, paused, queues };
  if (paused.length > 0) return { ...facts, verdict: 'paused' };
  if (waitingSince !== undefined && now - waitingSince > SLOW_MS) return { ...facts, verdict: 'slow' };
  return { ...facts, verdict: running + waiting > 0 ? 'busy' : 'idle' };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

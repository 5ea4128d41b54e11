import { SWEEP_QUEUE } from '@wcr/shared/contracts/queues';
import type { Queue } from 'bullmq';

/** Id of the scheduler, and of the sweep that a starting worker asks for. */
const SCHEDULER = 'sweep';
const AT_START = 'sweep-at-start';
/**
 * A scheduler whose next sweep is overdue by so many intervals has lost its job; one whose next sweep is as far away was made by a
 * clock that was ahead and has been corrected.
 */
const MOST_INTERVALS = 3;
/** A sweep that fails is not tried again: the next one does the same. */
const SWEEP_OPTIONS = { attempts: 1, removeOnComplete: { count: 20 }, removeOnFail: { count: 50 }, keepLogs: 500 };

export type SweepScheduleOptions = { readonly queue: Queue; readonly everyMs: number; readonly now: () => number };

/**
 * Makes sure that sweeps are scheduled, one at a time over all workers. Called again and again, since Redis may have
 * been emptied; it leaves a schedule that works alone.
 */
export async function ensureSweeps({ queue, everyMs, now }: SweepScheduleOptions): Promise<void> {
  await queue.setGlobalConcurrency(1);
  const present = await queue.getJobScheduler(SCHEDULER);
  const next = present?.next;
  const works = present?.every === everyMs && next !== undefined && Math.abs(next - now()) < MOST_INTERVALS * everyMs;
  if (works) return;
  // Otherwise the next sweep is reckoned from that one.
  if (present !== undefined) await queue.removeJobScheduler(SCHEDULER);
  await queue.upsertJobScheduler(SCHEDULER, { every: everyMs }, { name: SWEEP_QUEUE, data: {}, opts: SWEEP_OPTIONS });
}

/** Asks for a sweep now; many workers that start together get one. */
export async function requestSweep(queue: Queue): Promise<void> {
  await queue.add(SWEEP_QUEUE, {}, { ...SWEEP_OPTIONS, deduplication: { id: AT_START } });
}

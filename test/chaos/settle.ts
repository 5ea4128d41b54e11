import { setTimeout as sleep } from 'node:timers/promises';
import { DELAYED_SCORE_FACTOR, EXPIRE_QUEUE, ROLLBACK_QUEUE, redisKeys, SWEEP_QUEUE } from '@wcr/shared/contracts/queues';
import type { Job } from 'bullmq';
import { type JobView, until } from '../support/clone-flow.ts';
import type { AcceptedJob } from './workload.ts';
import type { World } from './world.ts';

/** What has not ended by then never will. */
const GIVE_UP_MS = 240_000;
const LOOK_MS = 100;
const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);
/** Appointments further away than that are no work. */
const APPOINTMENT_MS = 60_000;

/** How an accepted job ended; undefined when nobody knows it any more. */
export type EndedJob = AcceptedJob & { readonly view: JobView | undefined };

/**
 * Waits until nothing is to be done any more.
 * @returns the jobs' ends, and the names of jobs that did not come to one
 */
export async function awaitRest(world: World, jobs: readonly AcceptedJob[]): Promise<{ ended: EndedJob[]; stuck: string[] }> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const busy = await unfinished(world);
    const ended = await Promise.all(jobs.map(async (job) => ({ ...job, view: await readJob(world, job.jobId) })));
    const open = ended.filter(({ view }) => view !== undefined && !ENDED.has(view.status)).map(({ jobId }) => jobId);
    const stuck = [...new Set([...busy, ...open])];
    if (stuck.length === 0 || performance.now() > deadline) return { ended, stuck };
    await sleep(LOOK_MS);
  }
}

/** Has everything swept now. */
export async function sweepNow({ sweeps }: World): Promise<void> {
  const job = await sweeps.add(SWEEP_QUEUE, {});
  const deadline = performance.now() + GIVE_UP_MS;
  while ((await sweeps.getJob(job.id ?? ''))?.finishedOn === undefined) {
    if (performance.now() > deadline) throw new Error('nobody sweeps');
    await sleep(LOOK_MS);
  }
}

/** Waits for a whole sweep that was not asked for and began after now. */
export async function awaitSweep({ redis }: World): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  // The first one that ends may have begun before.
  for (let sweeps = 0; sweeps < 2; sweeps += 1) {
    const before = await redis.get(redisKeys.sweepFigures);
    while ((await redis.get(redisKeys.sweepFigures)) === before) {
      if (performance.now() > deadline) throw new Error('nobody sweeps any more');
      await sleep(LOOK_MS);
    }
  }
}

/** An API that was cut off from Redis needs a moment until it answers again. */
export async function awaitApi({ system }: World): Promise<void> {
  const { call } = system.stack;
  await until(async () => (await call('GET', '/health/ready')).status === 200 || undefined);
}

async function readJob({ system }: World, jobId: string): Promise<JobView | undefined> {
  const { status, body } = await system.stack.call<JobView>('GET', `/api/v1/jobs/${jobId}`);
  if (status === 200) return body;
  if (status === 404) return undefined;
  throw new Error(`${jobId} cannot be read: ${status} ${JSON.stringify(body)}`);
}

/** Jobs that run, wait, or will be tried again. */
async function unfinished({ queues, redis }: World): Promise<string[]> {
  const found: string[] = [];
  for (const [name, queue] of Object.entries(queues)) {
    const jobs: (Job | undefined)[] = await queue.getJobs(['active', 'waiting', 'prioritized']);
    found.push(...jobs.flatMap((job) => (job?.id === undefined ? [] : [job.id])));
    const takesAppointments = name === EXPIRE_QUEUE || name === ROLLBACK_QUEUE;
    const until = takesAppointments ? (Date.now() + APPOINTMENT_MS) * DELAYED_SCORE_FACTOR : '+inf';
    found.push(...(await redis.zrangebyscore(queue.toKey('delayed'), '-inf', until)));
  }
  return found;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { CLONE_QUEUE, QUEUE_PREFIX, RESTORE_QUEUE, ROLLBACK_QUEUE } from '@wcr/shared/contracts/queues';
import type { NetworkFault } from '../support/fault-proxy.ts';
import type { Fault, Strike } from './chaos-plan.ts';
import type { Link, Part } from './mortal-stack.ts';
import type { World } from './world.ts';

const STRUCK_QUEUES = [CLONE_QUEUE, RESTORE_QUEUE, ROLLBACK_QUEUE] as const;
const MOST_SLOW_MS = 400;
const MOST_BYTES = 200_000;
/** Below the agents' tolerance of clocks that differ, and above it. */
const MOST_CLOCK_MS = 15 * 60_000;
/** A job that is to be struck may be about to begin. */
const LOOKS = 20;
const LOOK_MS = 50;
/** How long a worker that has woken up works beside the one that took over. */
const MOST_BESIDE_MS = 3_000;
/** A restore that has not come to its commit by then failed before. */
const POINT_MS = 30_000;

/** Does one thing to the system and undoes it after its time. @returns whether there was something to be struck */
export function strike(world: World, fault: Fault, blow: Strike): Promise<boolean> {
  switch (fault.does) {
    case 'kill':
      return kill(world, fault.part, blow);
    case 'repeat':
      return kill(world, 'api', blow);
    case 'freeze':
      return freeze(world, fault.part, blow);
    case 'empty':
      return emptyRedis(world, blow);
    case 'network':
      return breakLine(world, { link: fault.link, fault: networkFaultOf(fault.how, blow.severity) }, blow);
    case 'unlock':
      return onRunningJob(world, (queue, jobId) => world.redis.del(`${QUEUE_PREFIX}:${queue}:${jobId}:lock`));
    case 'redeliver':
      return onRunningJob(world, (queue, jobId) => redeliver(world, queue, jobId));
    case 'clock':
      return shiftClock(world, fault.sign * blow.severity * MOST_CLOCK_MS, blow);
  }
}

async function kill(world: World, part: Part, { forMs, share, isAtPoint }: Strike): Promise<boolean> {
  const { system } = world;
  if (!isAtPoint) system.signal(part, 'SIGKILL');
  else if (!(await crashAtPoint(world, part, share))) return false;
  await sleep(forMs);
  await system.revive(part);
  return true;
}

/** @returns whether the point was reached */
async function crashAtPoint({ system, restoreId, points }: World, part: Part, share: number): Promise<boolean> {
  const { crashPoints } = system;
  const operation = restoreId === undefined ? 'session.commit' : 'session.rollback';
  crashPoints.plan({ operation, at: Math.max(1, Math.ceil(share * points)), groups: [system.groupOf(part)] });
  const deadline = performance.now() + POINT_MS;
  while (crashPoints.isPending() && performance.now() < deadline) await sleep(LOOK_MS);
  const isReached = !crashPoints.isPending();
  crashPoints.forget();
  return isReached;
}

/** A worker that is away for long finds another one at its work when it wakes up; in the end it stops as on every deploy. */
async function freeze({ system }: World, part: Part, { forMs, severity }: Strike): Promise<true> {
  system.signal(part, 'SIGSTOP');
  if (part !== 'worker') {
    await sleep(forMs);
    system.signal(part, severity < 0.5 ? 'SIGCONT' : 'SIGKILL');
    if (severity >= 0.5) await system.revive(part);
    return true;
  }
  const [former] = await Promise.all([system.replaceWorker(), sleep(forMs)]);
  former.kill('SIGCONT');
  await sleep(severity * MOST_BESIDE_MS);
  await former.stop();
  return true;
}

async function emptyRedis({ system }: World, { forMs }: Strike): Promise<true> {
  await system.killRedisForGood();
  await sleep(forMs);
  await system.revive('redis');
  return true;
}

async function breakLine({ system }: World, line: { link: Link; fault: NetworkFault }, { forMs }: Strike): Promise<true> {
  const proxy = system.links[line.link];
  proxy.impose(line.fault);
  await sleep(forMs);
  proxy.heal();
  return true;
}

function networkFaultOf(how: NetworkFault['kind'], severity: number): NetworkFault {
  if (how === 'half-open') return { kind: how };
  if (how === 'slow') return { kind: how, delayMs: Math.round(severity * MOST_SLOW_MS) };
  // Most answers are short, so most breaks come early.
  return { kind: how, afterBytes: Math.round(severity ** 4 * MOST_BYTES) };
}

async function shiftClock({ system }: World, byMs: number, { forMs }: Strike): Promise<true> {
  await system.shiftClock(Math.round(byMs));
  await sleep(forMs);
  await system.shiftClock(0);
  return true;
}

async function onRunningJob(
  { queues }: World,
  act: (queue: (typeof STRUCK_QUEUES)[number], jobId: string) => Promise<unknown>,
): Promise<boolean> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    for (const name of STRUCK_QUEUES) {
      const [job] = await queues[name].getActive(0, 0);
      if (job?.id === undefined) continue;
      await act(name, job.id);
      return true;
    }
    await sleep(LOOK_MS);
  }
  return false;
}

/** As when Redis fails over to a replica that has not heard of the job's start: the job waits, though a worker has it. */
async function redeliver({ redis }: World, queue: string, jobId: string): Promise<void> {
  const key = (suffix: string) => `${QUEUE_PREFIX}:${queue}:${suffix}`;
  await redis.multi().rpush(key('wait'), jobId).zadd(key('marker'), 0, '0').exec();
}

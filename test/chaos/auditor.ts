import { setTimeout as sleep } from 'node:timers/promises';
import { CLONE_QUEUE, queueOfJobId, SWEEP_QUEUE, WEBHOOK_QUEUE } from '@wcr/shared/contracts/queues';
import { isErrorCode } from '@wcr/shared/errors/app-error';
import { readClone } from '../support/clone-flow.ts';
import { readHistory } from '../support/job-history.ts';
import { findDifferences } from '../support/sample-sources.ts';
import { auditLivingClones, auditRemains } from './audit-clones.ts';
import { auditRedis } from './audit-redis.ts';
import { auditSite } from './audit-site.ts';
import type { Finding } from './chaos-table.ts';
import { awaitSweep, type EndedJob, sweepNow } from './settle.ts';
import type { ExpectedClone, World } from './world.ts';

/** What is left over longer than the sweeper's grace, and a few sweeps, stays. */
const SETTLE_MS = 30_000;
const LOOK_MS = 500;
/** WordPress itself holds no address of anybody's; most files are its own. */
const CORE = /^wp-(?:admin|includes)\//;
/** What a job must not end with: nobody can do anything about it. */
const NAMELESS = 'internal.unexpected';

type Ends = {
  readonly ended: readonly EndedJob[];
  readonly isRedisEmptied: boolean;
  /** Whether sweeps must come by themselves, and not only when they are asked for. */
  readonly isSweepDue: boolean;
};

/** Looks at the world from outside after everything has ended. @returns everything that is not as it must be */
export async function audit(world: World, ends: Ends): Promise<Finding[]> {
  await learnEnds(world, ends);
  const settled = await auditUntilSettled(world, ends);
  const fresh = await auditContents(world, ends.ended);
  const findings = [...auditJobs(ends), ...(await auditEffects(world, ends)), ...settled, ...fresh];
  for (const { id, isDoomed } of world.clones.values()) {
    if (!isDoomed) continue;
    world.clones.delete(id);
    world.gone.add(id);
  }
  return findings;
}

/** A clone whose job failed must go; if Redis was emptied, so must one whose job is unknown, but wishes may be forgotten. */
async function learnEnds(world: World, { ended, isRedisEmptied }: Ends): Promise<void> {
  for (const { cloneId, jobId, view } of ended) {
    const clone = world.clones.get(cloneId ?? '');
    if (clone === undefined || queueOfJobId(jobId) !== CLONE_QUEUE) continue;
    if (view !== undefined && view.status !== 'completed') clone.isDoomed = true;
  }
  if (!isRedisEmptied) return;
  await awaitSweep(world);
  for (const clone of world.clones.values()) await learnAfterLoss(world, clone);
}

async function learnAfterLoss({ system, scene }: World, clone: ExpectedClone): Promise<void> {
  const { status, expiresAt } = await readClone(system.stack, clone.id);
  // The one that is restored from was ready before, and must be.
  clone.isDoomed = clone.id !== scene.clone.id && status !== 'ready';
  const known = clone.expiries.find((expiry) => expiry === Date.parse(expiresAt));
  if (known !== undefined) clone.expiries = [known];
}

/** The sweeper may still be at it; what stays after its time counts. */
async function auditUntilSettled(world: World, { ended, isSweepDue }: Ends): Promise<Finding[]> {
  const deadline = performance.now() + SETTLE_MS;
  const restoreId = world.restoreId;
  if (isSweepDue) await awaitSweep(world);
  for (;;) {
    await sweepNow(world);
    world.restoreId = restoreId;
    const site = await auditSite(world, ended);
    const others = await Promise.all([auditLivingClones(world), auditRemains(world), auditRedis(world)]);
    const findings = [...site, ...others.flat()].filter((finding) => !world.leftOver.has(finding.what));
    if (findings.length > 0 && performance.now() < deadline) {
      await sleep(LOOK_MS);
      continue;
    }
    for (const { harm, what } of findings) if (harm === 'orphaned') world.leftOver.add(what);
    return findings;
  }
}

/** Every job that was accepted is known, and says why if it failed. */
function auditJobs({ ended, isRedisEmptied }: Ends): Finding[] {
  return ended.flatMap(({ jobId, view }): Finding[] => {
    if (view === undefined) return isRedisEmptied ? [] : [{ harm: 'lost', what: `${jobId} is unknown` }];
    if (view.status === 'completed') return [];
    const { code } = view.error ?? {};
    return isErrorCode(code) && code !== NAMELESS
      ? []
      : [{ harm: 'lost', what: `${jobId} failed namelessly: ${JSON.stringify(view)}` }];
  });
}

/** No step has come to its end twice. */
async function auditEffects({ queues }: World, { ended }: Ends): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { jobId } of ended) {
    const name = queueOfJobId(jobId);
    if (name === undefined || name === SWEEP_QUEUE || name === WEBHOOK_QUEUE) continue;
    const { finished } = await readHistory(queues[name], jobId);
    const twice = Object.entries(finished).filter(([, times]) => times > 1);
    findings.push(
      ...twice.map(([step, times]) => ({ harm: 'doubled' as const, what: `${step} of ${jobId} finished ${times} times` })),
    );
  }
  return findings;
}

/** A clone that has just become ready is its source. */
async function auditContents({ system, clones }: World, ended: readonly EndedJob[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { cloneId } of ended) {
    const clone = clones.get(cloneId ?? '');
    if (clone === undefined || clone.isDoomed) continue;
    const { id, url, status: itsStatus } = await readClone(system.stack, clone.id);
    // One that is not there was found before.
    if (itsStatus !== 'ready') continue;
    const differences = await findDifferences(system.stack, system.live, { id, url }, { addressless: CORE });
    if (differences.length > 0)
      findings.push({ harm: 'mixed', what: `${id} differs: ${JSON.stringify(differences.slice(0, 5))}` });
    const { status } = await fetch(url);
    if (status !== 200) findings.push({ harm: 'lost', what: `${url} answers ${status}` });
  }
  return findings;
}

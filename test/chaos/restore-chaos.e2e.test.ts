import { setTimeout as sleep } from 'node:timers/promises';
import { QUEUE_PREFIX, RESTORE_QUEUE, ROLLBACK_QUEUE, redisKeys } from '@wcr/shared/contracts/queues';
import type { Service } from '@wcr/stack/services/process';
import { undoJobId } from '@wcr/worker/queue/rollback-schedule';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ALL_KINDS, type ChaosRound, ChaosTable, describeRound, planRounds } from '../support/chaos-plan.ts';
import { awaitJob, type JobView, readJobLog, until } from '../support/clone-flow.ts';

import { type MortalSite, startMortalSite } from '../support/mortal-site.ts';
import { requestRestore, requestRollback, rollBack, runRestore } from '../support/restore-flow.ts';
import { type RestoreScene, setRestoreScene } from '../support/restore-scene.ts';
import { differencesOf, findRestoreLeftovers } from '../support/site-state.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

/** More are told by the environment. */
const ROUNDS = Number(process.env['WCR_CHAOS_ROUNDS'] ?? ALL_KINDS);
const SEED = Number(process.env['WCR_CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** A dead worker is soon found, and one that waits for a busy machine isn't taken for dead. */
const QUICK = { WCR_LOCK_SECONDS: '6' };
const SLOW = { WCR_LOCK_SECONDS: '30' };
/** A job that has not ended by then never will. */
const GIVE_UP_MS = 240_000;
const SETTLED: ReadonlySet<string> = new Set(['completed', 'failed', 'unknown']);
const say = (line: string) => process.stderr.write(`${line}\n`);

let stack: TestStack;
let live: MortalSite;
let scene: RestoreScene;
let redis: Redis;
let rollbacks: Queue;
let worker: Service;
/** How an undisturbed restore and rollback go. */
const usual = { restore: { ms: 0, points: 0 }, rollback: { ms: 0, points: 0 } };
const OPERATION = { restore: 'session.commit', rollback: 'session.rollback' } as const;
const QUEUE = { restore: RESTORE_QUEUE, rollback: ROLLBACK_QUEUE } as const;

beforeAll(async () => {
  stack = await startTestStack({ workers: 0, env: QUICK });
  redis = new Redis(stack.redisUrl, { maxRetriesPerRequest: null });
  rollbacks = new Queue(ROLLBACK_QUEUE, { prefix: QUEUE_PREFIX, connection: redis });
  worker = await stack.startWorker(SLOW);
  live = await startMortalSite(stack, { uploadMb: 1, mediaCount: 2, shopRows: 3_000 });
  scene = await setRestoreScene(stack, live.site, live.database, { rows: 2_500, files: 100 });
  let restoreId = '';
  await worker.stop();
  worker = await stack.startWorker();
  usual.restore = await measure(OPERATION.restore, async () => {
    restoreId = await restoredId();
  });
  usual.rollback = await measure(OPERATION.rollback, () => rollBack(stack, restoreId));
});

afterAll(async () => {
  await rollbacks?.close();
  redis?.disconnect();
  await live?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
});

async function measure(operation: string, work: () => Promise<unknown>): Promise<{ ms: number; points: number }> {
  live.countPoints(operation);
  const begun = performance.now();
  await work();
  live.forgetCrash();
  return { ms: performance.now() - begun, points: live.points() };
}

it(
  'whoever is killed whenever in a restore: the site is as before or as restored, and its job says which',
  async () => {
    const table = new ChaosTable();
    say(`seed ${SEED}, ${ROUNDS} rounds; undisturbed ${JSON.stringify(usual)}`);
    try {
      for (const round of planRounds(SEED, ROUNDS)) {
        say(describeRound(round));
        await play(round, table);
      }
    } finally {
      say(table.render(SEED));
    }
    expect(table).toMatchObject({ rounds: ROUNDS, states: { mixed: 0 }, lost: 0, leftOver: 0 });
  },
  (ROUNDS + 2) * GIVE_UP_MS,
);

/** One round; the site is as before afterwards. */
async function play(round: ChaosRound, table: ChaosTable): Promise<void> {
  const restoreId = await (round.during === 'restore' ? requestRestore(stack, scene.request) : restoredId());
  const jobId = round.during === 'restore' ? restoreId : await requestRollback(stack, restoreId);
  const ended = { now: false };
  const end = awaitEnd(jobId).finally(() => {
    ended.now = true;
  });
  const comment = `during round ${round.number}`;
  const begun = performance.now();
  const isHit = await strike(round, { jobId, comment, ended });
  if (isHit) table.kills[round.victim] += 1;
  else table.missed += 1;
  const job = await end;
  // The machine has become faster.
  if (!isHit) usual[round.during].ms = Math.min(usual[round.during].ms, performance.now() - begun);
  live.forgetCrash();
  table.rounds += 1;
  const state = await judge({ round, job, comment }, table);
  say(`  ${isHit ? 'hit' : 'missed'}; ${job?.status ?? 'never ended'} ${job?.error?.code ?? ''}; the site is ${state}`);
  await goBack(state === 'B' ? restoreId : undefined);
}

async function restoredId(): Promise<string> {
  const { job, restore } = await runRestore(stack, scene.request);
  expect(job.status, JSON.stringify(job.error)).toBe('completed');
  return restore.id;
}

/** A restore that failed while its target was silent is undone by a job of its own. */
async function awaitEnd(jobId: string): Promise<JobView | undefined> {
  const end = async () => {
    const job = await awaitJob(stack, jobId);
    await until(async () => SETTLED.has(await rollbacks.getJobState(undoJobId(jobId))) || undefined);
    return job;
  };
  return Promise.race([end(), sleep(GIVE_UP_MS, undefined, { ref: false })]);
}

type Strike = { jobId: string; comment: string; ended: { now: boolean } };

/** Kills at the round's moment, and gives the system what it needs to go on. @returns whether the moment came */
async function strike(round: ChaosRound, { jobId, comment, ended }: Strike): Promise<boolean> {
  const { victim, during, moment } = round;
  const group = victim === 'worker' ? worker.pid : live.groupOf(victim);
  if (moment.kind === 'point') {
    await live.writeComment(comment);
    const at = Math.max(1, Math.ceil(moment.share * usual[during].points));
    live.planCrash({ operation: OPERATION[during], at, groups: [group] });
    await until(async () => !live.isCrashPending() || ended.now || undefined);
    if (live.isCrashPending()) return false;
  } else {
    if (moment.kind !== 'step') await sleep(moment.share * usual[during].ms);
    else {
      const key = redisKeys.checkpoints(QUEUE[during], jobId);
      await until(async () => (await redis.hexists(key, `starts:${moment.step}`)) === 1 || ended.now || undefined);
      await sleep(moment.delayMs);
    }
    await live.writeComment(comment);
    if (ended.now) return false;
    if (moment.kind === 'cancel') await stack.call('POST', `/api/v1/jobs/${jobId}/cancel`);
    process.kill(-group, 'SIGKILL');
  }
  await sleep(round.downMs);
  if (victim === 'worker') worker = await stack.startWorker();
  else await live.revive(victim);
  return true;
}

type Outcome = { round: ChaosRound; job: JobView | undefined; comment: string };

/** What the site is like, and what is wrong about it. @throws when it is neither as before nor as restored */
async function judge({ round, job, comment }: Outcome, table: ChaosTable): Promise<'A' | 'B'> {
  const now = await scene.look();
  const [fromA, fromB] = [differencesOf(scene.before, now), differencesOf(scene.after, now)];
  const state = fromA.length === 0 ? 'A' : fromB.length === 0 ? 'B' : 'mixed';
  table.states[state] += 1;
  const log = async () => (job === undefined ? '' : readJobLog(stack, job.id));
  if (state === 'mixed') throw new Error(`mixed: not A in ${fromA.join()}; not B in ${fromB.join()}\n${await log()}`);
  const done = round.during === 'restore' ? 'B' : 'A';
  const isTrue = job !== undefined && (job.status === 'completed') === (state === done);
  const isKept = (await live.comments()).includes(comment);
  if (!isTrue || !isKept) {
    table.lost += 1;
    say(`  LOST: the job ${isTrue ? 'agrees' : 'disagrees'}, the comment is ${isKept ? 'there' : 'gone'}\n${await log()}`);
  }
  const leftOver = await findRestoreLeftovers(live.database, live.site, state === 'B');
  if (leftOver.length > 0) {
    table.leftOver += 1;
    say(`  LEFT OVER: ${leftOver.join()}\n${await log()}`);
  }
  return state;
}

/** Whatever came of the round, the site can be restored and rolled back. */
async function goBack(restoreId: string | undefined): Promise<void> {
  const { job } = await rollBack(stack, restoreId ?? (await restoredId()));
  expect(job.status, JSON.stringify(job.error)).toBe('completed');
  await scene.expectUntouched();
}

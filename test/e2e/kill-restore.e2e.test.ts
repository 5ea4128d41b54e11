import { QUEUE_PREFIX, RESTORE_QUEUE, ROLLBACK_QUEUE } from '@wcr/shared/contracts/queues';
import { oneOfEach, someOf } from '@wcr/stack/testing/crash-points';
import { restoreJob } from '@wcr/worker/jobs/restore/restore.job';
import { rollbackJob } from '@wcr/worker/jobs/rollback/rollback.job';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awaitJob, readJobLog } from '../support/clone-flow.ts';
import { readHistory } from '../support/job-history.ts';
import { after, before, type Journey, journeysOf, within } from '../support/journeys.ts';
import { type PausingWorker, startPausingWorker } from '../support/paused-jobs.ts';
import { readRestore, requestRestore, requestRollback, rollBack } from '../support/restore-flow.ts';
import { type RestoreScene, setRestoreScene } from '../support/restore-scene.ts';
import { runPhpIn, type Source, startSource } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

/** Short enough that a lost job is soon found, long enough for a busy machine. */
const QUICK = { WCR_LOCK_SECONDS: '6' };
const RESTORING = restoreJob.steps;
const ROLLING_BACK = rollbackJob.steps;
const UNDISTURBED: Journey = { signal: 'SIGKILL', through: 'no step', stations: [] };

let stack: TestStack;
let live: Source;
let scene: RestoreScene;
let redis: Redis;

beforeAll(async () => {
  stack = await startTestStack({ workers: 0, env: QUICK });
  redis = new Redis(stack.redisUrl, { maxRetriesPerRequest: null });
  live = await startSource(stack, 'kill-restore-live', { workers: 8 });
  const worker = await stack.startWorker({ WCR_LOCK_SECONDS: '30' });
  scene = await setRestoreScene(stack, live, stack.mariaDb, { rows: 10, files: 5 });
  await worker.stop();
});

afterAll(async () => {
  redis?.disconnect();
  await live?.[Symbol.asyncDispose]();
  await stack?.[Symbol.asyncDispose]();
});

/** After a step its effect is there and its checkpoint is not; before it neither. Steps that only read are the same both times. */
const KILLED_RESTORES = oneOfEach([
  ...['reach-source', 'reach-target', 'compare-sites', 'compare-tables', 'compare-files'].map((step) => [after(step)]),
  [before('begin-restore'), after('begin-restore')],
  [before('stage-tables'), within('stage-tables', 'rows.write#2:after'), after('stage-tables')],
  [
    ...[before('stage-files'), within('stage-files', 'files.write:before')],
    ...[within('stage-files', 'files.write:after'), after('stage-files')],
  ],
  [before('commit-restore'), within('commit-restore', 'session.commit:before')],
  [within('commit-restore', 'session.commit:after'), after('commit-restore')],
  [before('verify-restore'), after('verify-restore')],
  [before('publish-restore'), within('publish-restore', 'session.finish:after')],
  [within('publish-restore', 'restores.update:after'), after('publish-restore')],
]);
const KILLED_ROLLBACKS = oneOfEach([
  [before('reach-target'), after('reach-target')],
  [before('roll-back'), within('roll-back', 'session.rollback:before')],
  [within('roll-back', 'session.rollback:after'), after('roll-back')],
  [before('remove-restore-point'), within('remove-restore-point', 'session.finish:after'), after('remove-restore-point')],
  [before('update-record'), within('update-record', 'restores.update:after'), after('update-record')],
]);

const stopped = (steps: readonly string[]) => journeysOf('SIGTERM', someOf(steps.map(after)), steps.length);
const RESTORES = [...journeysOf('SIGKILL', KILLED_RESTORES), ...stopped(RESTORING)];
const ROLLBACKS = [...journeysOf('SIGKILL', KILLED_ROLLBACKS), ...stopped(ROLLING_BACK)];

const historyOf = async (name: string, jobId: string) => {
  const queue = new Queue(name, { prefix: QUEUE_PREFIX, connection: redis });
  return readHistory(queue, jobId).finally(() => queue.close());
};
const once = (steps: readonly string[]) => Object.fromEntries(steps.map((step) => [step, 1]));
const pausing = (places: string) => startPausingWorker(stack, {}, { ...QUICK, WCR_TEST_PLACES: places });

/** Worker after worker takes the job on and ends at its place; the last one ends the job. */
async function passThrough(
  job: 'restore' | 'rollback',
  ask: () => Promise<[recordId: string, jobId: string]>,
  way: Way,
): Promise<void> {
  let asked: [recordId: string, jobId: string] | undefined;
  for (const { place } of way.stations) {
    await using worker = await pausing(`${job}/${place}`);
    asked ??= await ask();
    await worker.awaitPlace(asked[0], `${job}/${place}`);
    await worker.end(way.signal);
  }
  await using _last = await stack.startWorker();
  const [, jobId] = asked ?? (await ask());
  const ended = await awaitJob(stack, jobId);
  expect(ended.status, `${JSON.stringify(ended.error)} ${await readJobLog(stack, jobId)}`).toBe('completed');
  expect(await historyOf(job === 'restore' ? RESTORE_QUEUE : ROLLBACK_QUEUE, jobId)).toEqual({
    attempts: 1,
    stalls: way.signal === 'SIGKILL' ? way.stations.length : 0,
    repeated: way.stations.map(({ step }) => step),
    finished: once(job === 'restore' ? RESTORING : ROLLING_BACK),
  });
}

type Way = Pick<Journey, 'signal' | 'stations'>;

async function restore(way: Way): Promise<string> {
  let restoreId = '';
  await passThrough(
    'restore',
    async () => {
      restoreId = await requestRestore(stack, scene.request);
      return [restoreId, restoreId];
    },
    way,
  );
  expect(await readRestore(stack, restoreId)).toMatchObject({ status: 'completed', restorePointUntil: expect.any(String) });
  await scene.expectRestored();
  return restoreId;
}

async function goBack(restoreId: string, way: Way): Promise<void> {
  await passThrough('rollback', async () => [restoreId, await requestRollback(stack, restoreId)], way);
  expect(await readRestore(stack, restoreId)).toMatchObject({ status: 'rolled-back' });
  await scene.expectUntouched();
}

/** A restore has to be there to be rolled back: each rollback follows a restore that lost its own workers. */
const WAYS = RESTORES.map((there, at) => ({ there, back: ROLLBACKS[at] ?? UNDISTURBED }));

describe('a restore and its rollback, whose workers end in them', () => {
  it.each(WAYS)(
    'by $there.signal at $there.through, and back at $back.through: others finish it, repeating the steps they ended in only',
    async (way) => {
      await goBack(await restore(way.there), way.back);
    },
  );
});

it('a worker that is killed while it stages again what visitors have changed: another stages it whole', async () => {
  const [held, again] = ['restore/session.commit:held', 'restore/commit-restore.rows.write:after'];
  const first = await pausing(`${held} ${again}`);
  const restoreId = await requestRestore(stack, scene.request);
  await first.awaitPlace(restoreId, held);
  // The same change as the clone's: a row is not what it was, and nothing of it would be lost.
  const setLevel = (level: string) =>
    runPhpIn(live.dir, `global $wpdb; $wpdb->query( "UPDATE {$wpdb->prefix}shop_log SET level = '${level}' WHERE id = 1" );`);
  await setLevel('edited');
  first.service.kill('SIGUSR2');
  await first.awaitPlace(restoreId, again);
  await first.end('SIGKILL');
  await using _second = await stack.startWorker();
  expect(await awaitJob(stack, restoreId)).toMatchObject({ status: 'completed' });
  await scene.expectRestored();
  expect((await rollBack(stack, restoreId)).job.status).toBe('completed');
  await setLevel('warning');
  await scene.expectUntouched();
});

describe('a restore that is cancelled, and whose worker is killed while it clears away', () => {
  const places = someOf([
    ['stage-files:after', 'restore/cleaning:before'],
    ['stage-files:after', 'restore/cleaning:after'],
    ['commit-restore:after', 'cleaning/session.rollback:after'],
    ['commit-restore:after', 'cleaning/session.finish:after'],
    ['commit-restore:after', 'restore/cleaning:after'],
  ] as const);
  it.each(places)('at %s, %s: another takes back the rest', async (place, cleaning) => {
    const first: PausingWorker = await pausing(`restore/${place} ${cleaning}`);
    const restoreId = await requestRestore(stack, scene.request);
    await first.awaitPlace(restoreId, `restore/${place}`);
    expect((await stack.call('POST', `/api/v1/jobs/${restoreId}/cancel`)).status).toBe(202);
    await first.awaitPlace(restoreId, cleaning);
    await first.end('SIGKILL');
    await using _second = await stack.startWorker();
    expect(await awaitJob(stack, restoreId)).toMatchObject({ status: 'cancelled', error: { code: 'job.cancelled' } });
    expect(await readRestore(stack, restoreId)).toMatchObject({ status: 'failed' });
    await scene.expectUntouched();
  });
});

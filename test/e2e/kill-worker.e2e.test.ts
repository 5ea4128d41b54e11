import type { Service } from '@wcr/stack/services/process';
import { oneOfEach, someOf } from '@wcr/stack/testing/crash-points';
import { cloneJob } from '@wcr/worker/jobs/clone/clone.job';
import { expireJob } from '@wcr/worker/jobs/expire/expire.job';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awaitJob, type CloneView, type JobView, makeClone, readJobLog, until } from '../support/clone-flow.ts';
import { type CloneWatch, watchClones } from '../support/clone-watch.ts';
import { after, before, journeysOf, within } from '../support/journeys.ts';
import { findLeftovers } from '../support/leftovers.ts';
import { type PausedJob, type PausingWorker, startPausingWorker } from '../support/paused-jobs.ts';
import { type Source, startSource } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';

/** Short enough that a lost job is soon found, long enough for a busy machine. */
const QUICK = { WCR_LOCK_SECONDS: '6', WCR_WORKER_CONCURRENCY: '3' };
const STEPS = cloneJob.steps;

type Clone = CloneView & { sizes?: Record<string, number> };

let stack: TestStack;
let source: Source;
let watch: CloneWatch;
/** A clone nobody disturbed. */
let model: { clone: Clone; job: JobView };

beforeAll(async () => {
  stack = await startTestStack({ workers: 0, env: QUICK });
  source = await startSource(stack, 'source', { workers: 8, uploadMb: 2, shopRows: 500 });
  watch = watchClones(stack, source);
  // Pairs the source too, so that no other job needs its login.
  const worker = await stack.startWorker();
  const { username, password } = source.admin;
  const { job, ...clone } = await makeClone(stack, { source: { url: source.url, username, password }, ttlMinutes: 30 });
  model = { clone, job };
  await worker.stop();
});

afterAll(async () => {
  await watch?.[Symbol.asyncDispose]();
  await source?.stop();
  await stack?.[Symbol.asyncDispose]();
});

/** Those a failed set-up has left would take the jobs of the tests that follow. */
const pausingWorkers: PausingWorker[] = [];
const endPausingWorkers = () => Promise.all(pausingWorkers.splice(0).map((worker) => worker[Symbol.asyncDispose]()));

async function startPausing(): Promise<PausingWorker> {
  const worker = await startPausingWorker(stack, { url: source.url });
  pausingWorkers.push(worker);
  return worker;
}

const viewOf = async (cloneId: string) => (await stack.call<Clone>('GET', `/api/v1/clones/${cloneId}`)).body;

async function askForEnd(cloneId: string): Promise<string> {
  const { status, body } = await stack.call<{ job: { id: string } }>('DELETE', `/api/v1/clones/${cloneId}`);
  expect(status).toBe(202);
  return body.job.id;
}

async function deleteClone(cloneId: string): Promise<JobView> {
  return awaitJob(stack, await askForEnd(cloneId));
}

/** The clone is ready, exists once, equals its source, and will be removed once. */
async function expectWhole({ cloneId, jobId }: PausedJob): Promise<JobView> {
  const job = await awaitJob(stack, jobId);
  expect(job.status, await readJobLog(stack, jobId)).toBe('completed');
  const { status, sizes } = await viewOf(cloneId);
  expect(status).toBe('ready');
  // What was on its way when a worker died is not counted.
  expect(sizes).toEqual({ ...model.clone.sizes, databaseBytes: expect.any(Number) });
  expect(sizes?.['databaseBytes']).toBeGreaterThan(0);
  expect(job.result?.warnings).toEqual(model.job.result?.warnings);
  const name = `wcr_${cloneId.replaceAll('-', '_')}`;
  expect(await watch.partsOf(cloneId)).toEqual({ folders: [cloneId], schemas: [name], users: [name] });
  expect(await watch.expireJobsOf(cloneId)).toEqual([{ id: `expire-${cloneId}`, state: 'delayed' }]);
  expect(await watch.differences(cloneId)).toEqual([]);
  return job;
}

/** Nothing of the clone exists, and its record says why. */
async function expectGone(cloneId: string, status: 'expired' | 'failed'): Promise<void> {
  expect(await findLeftovers(stack, [cloneId])).toEqual([]);
  expect(await viewOf(cloneId)).toMatchObject({ status });
  const expected = (await watch.expireJobsOf(cloneId)).filter(({ state }) => state !== 'completed');
  expect(expected).toEqual([]);
}

const ONCE = Object.fromEntries(STEPS.map((step) => [step, 1]));

/** Between a step's begin and its end, where much is done. */
const WITHIN: Partial<Record<(typeof STEPS)[number], string[]>> = {
  'provision-clone': ['runtime.update#1:before'],
  'copy-tables': ['rows.write#4:before', 'rows.write#4:after'],
  'copy-files': ['files.write#3:before', 'files.write#3:after'],
};
const KILLS = oneOfEach(
  STEPS.map((step) => [before(step), ...(WITHIN[step] ?? []).map((place) => within(step, place)), after(step)]),
);
const STOPS = someOf(
  STEPS.flatMap((step) => [...(WITHIN[step] ?? []).slice(0, 1).map((place) => within(step, place)), after(step)]),
);

describe.each([
  { signal: 'SIGKILL', journeys: journeysOf('SIGKILL', KILLS), stalls: true },
  { signal: 'SIGTERM', journeys: journeysOf('SIGTERM', STOPS), stalls: false },
] as const)('workers that end by $signal', ({ signal, journeys, stalls }) => {
  let jobs: Map<string, PausedJob>;
  let last: Service;
  beforeAll(async () => {
    const first = await startPausing();
    jobs = await first.pauseAll(journeys.map(({ through }) => through));
    await first.end(signal);
    for (let round = 1; round < Math.max(...journeys.map(({ stations }) => stations.length)); round += 1) {
      const next = await startPausing();
      for (const { through, stations } of journeys) {
        const { cloneId, jobId } = jobs.get(through) as PausedJob;
        const place = stations[round]?.place;
        await (place === undefined ? awaitJob(stack, jobId) : next.awaitPlace(cloneId, place));
      }
      await next.end(signal);
    }
    last = await stack.startWorker();
  });
  afterAll(async () => {
    await endPausingWorkers();
    await last?.stop();
  });

  it.each(journeys)(
    'at $through: others finish the clone and repeat the steps they ended in only',
    async ({ through, stations }) => {
      const paused = jobs.get(through) as PausedJob;
      await expectWhole(paused);
      expect(await watch.historyOf(paused.jobId)).toEqual({
        attempts: 1,
        stalls: stalls ? stations.length : 0,
        repeated: stations.map(({ step }) => step),
        finished: ONCE,
      });
      expect(await deleteClone(paused.cloneId)).toMatchObject({ status: 'completed' });
      await expectGone(paused.cloneId, 'expired');
    },
  );
});

describe('a worker that is killed while it removes a clone', () => {
  const places = oneOfEach([
    ...expireJob.steps.map((step) => [`expire/${step}:before`, `expire/${step}:after`]),
    ['expire/runtime.remove:before', 'expire/runtime.remove:after'],
  ]);
  let jobs: Map<string, PausedJob>;
  let second: Service;
  beforeAll(async () => {
    const first = await startPausing();
    jobs = await first.pauseAll(places);
    for (const [place, { cloneId, jobId }] of jobs) {
      await awaitJob(stack, jobId);
      await askForEnd(cloneId);
      await first.awaitPlace(cloneId, place);
    }
    await first.end('SIGKILL');
    second = await stack.startWorker();
  });
  afterAll(async () => {
    await endPausingWorkers();
    await second?.stop();
  });

  it.each(places)('at %s: another removes the rest', async (place) => {
    const { cloneId, jobId } = jobs.get(place) as PausedJob;
    expect(await deleteClone(cloneId)).toMatchObject({ status: 'completed' });
    await expectGone(cloneId, 'expired');
    expect(await awaitJob(stack, jobId)).toMatchObject({ status: 'completed' });
  });
});

describe('a clone that is deleted while it is made', () => {
  const places = someOf([
    'reach-source:before',
    'runtime.update#1:before',
    'rows.write#4:before',
    'files.write#3:before',
    'finish-clone:after',
    'verify-clone:before',
    'publish-clone:before',
    'publish-clone:after',
  ]);

  /** Whatever the order in which the two jobs end. */
  async function expectCancelled({ cloneId, jobId }: PausedJob, isPublished = false): Promise<void> {
    const { status, error } = await awaitJob(stack, jobId);
    // Nothing was left to do for a clone that was published: whoever comes first says how its job ended.
    if (!isPublished || status !== 'completed') {
      expect({ status, error }).toMatchObject({ status: 'cancelled', error: { code: 'job.cancelled' } });
    }
    expect(await deleteClone(cloneId)).toMatchObject({ status: 'completed' });
    await expectGone(cloneId, 'expired');
  }

  describe('and whose worker lives', () => {
    let jobs: Map<string, PausedJob>;
    beforeAll(async () => {
      const worker = await startPausing();
      jobs = await worker.pauseAll(places);
    });
    afterAll(endPausingWorkers);

    it.each(places)('at %s: its job is cancelled and nothing stays', async (place) => {
      const paused = jobs.get(place) as PausedJob;
      await deleteClone(paused.cloneId);
      await expectCancelled(paused);
    });
  });

  describe('and whose worker is killed', () => {
    const some = ['reach-source:before', 'files.write#3:before', 'publish-clone:after'];
    const cleanings = someOf(some.flatMap((place) => [`${place} cleaning:before`, `${place} cleaning:after`]));
    const removals = someOf(some.map((place) => `${place} expire/runtime.remove:after`));
    const all = [...places, ...cleanings, ...removals];
    let jobs: Map<string, PausedJob>;
    let second: Service;
    beforeAll(async () => {
      const first = await startPausing();
      jobs = await first.pauseAll(all);
      for (const name of [...cleanings, ...removals]) {
        const { cloneId } = jobs.get(name) as PausedJob;
        await askForEnd(cloneId);
        await first.awaitPlace(cloneId, name.split(' ')[1] ?? '');
      }
      await first.end('SIGKILL');
      for (const name of places) await askForEnd((jobs.get(name) as PausedJob).cloneId);
      second = await stack.startWorker();
    });
    afterAll(async () => {
      await endPausingWorkers();
      await second?.stop();
    });

    it.each(all)('at %s: another cancels its job and nothing stays', async (name) => {
      await expectCancelled(jobs.get(name) as PausedJob, name === 'publish-clone:after');
    });
  });
});

describe('a worker that is frozen until another has taken over, and then does what it was about to do', () => {
  const places = someOf<[place: string, step: string]>([
    ['runtime.update#1:held', 'provision-clone'],
    ['tables.create:held', 'copy-tables'],
    ['rows.write#4:held', 'copy-tables'],
    ['files.write#3:held', 'copy-files'],
    ['users.ensure-admin:held', 'finish-clone'],
    ['session.finish:held', 'finish-clone'],
    ['runtime.update#2:held', 'verify-clone'],
    ['runtime.update#3:held', 'publish-clone'],
    ['projection.write:held', 'publish-clone'],
  ]);
  let jobs: Map<string, PausedJob>;
  let second: Service;
  beforeAll(async () => {
    const frozen = await startPausing();
    jobs = await frozen.pauseAll(places.map(([place]) => place));
    // Not `freeze`: once, locks run out by themselves.
    frozen.service.kill('SIGSTOP');
    second = await stack.startWorker();
    for (const { jobId } of jobs.values()) await awaitJob(stack, jobId);
    frozen.thaw();
    for (const [place, { cloneId }] of jobs) await frozen.awaitPlace(cloneId, place, true);
    await frozen.end('SIGTERM');
  });
  afterAll(async () => {
    await endPausingWorkers();
    await second?.stop();
  });

  it.each(places)('at %s: the finished clone is not harmed', async (place, step) => {
    const paused = jobs.get(place) as PausedJob;
    await expectWhole(paused);
    expect(await watch.historyOf(paused.jobId)).toEqual({ attempts: 1, stalls: 1, repeated: [step], finished: ONCE });
  });
});

describe('a worker that is frozen until another has gone on with its job, and then does what it was about to do', () => {
  const places = someOf([
    ['tables.create:held', 'copy-files:held'],
    ['files.write#3:held', 'finish-clone:held'],
    ['session.begin:held', 'copy-tables:held'],
  ] as const);
  it.each(places)('at %s, while the other stands at %s: the clone is whole', async (place, later) => {
    await using frozen = await startPausing();
    const paused = await frozen.pause(place);
    await frozen.freeze();
    await using second = await startPausingWorker(stack, { url: source.url }, { WCR_TEST_PLACES: later });
    await second.awaitPlace(paused.cloneId, later);
    frozen.thaw();
    await frozen.awaitPlace(paused.cloneId, place, true);
    await frozen.end('SIGTERM');
    second.service.kill('SIGUSR2');
    await expectWhole(paused);
  });
});

it('a worker that is frozen until its clone has been deleted, and then goes to make it: nothing stays', async () => {
  await using frozen = await startPausing();
  const paused = await frozen.pause('runtime.ensure:held');
  await frozen.freeze();
  await using _second = await stack.startWorker({ ...QUICK, WCR_SWEEP_SECONDS: '1', WCR_SWEEP_GRACE_SECONDS: '1' });
  await awaitJob(stack, paused.jobId);
  await deleteClone(paused.cloneId);
  await expectGone(paused.cloneId, 'expired');
  frozen.thaw();
  await frozen.awaitPlace(paused.cloneId, 'runtime.ensure:held', true);
  await until(async () => (await findLeftovers(stack, [paused.cloneId])).length === 0 || undefined);
});

it('a worker that is killed while files take the way of the agent: another finishes the clone in the same way', async () => {
  const agentFiles = { WCR_TEST_AGENT_FILES: '1' };
  const first = await startPausingWorker(stack, { url: source.url }, agentFiles);
  const paused = await first.pause('files.write#3:after');
  await first.end('SIGKILL');
  await using _second = await startPausingWorker(stack, { url: source.url }, { ...agentFiles, WCR_TEST_PLACES: '' });
  await expectWhole(paused);
  expect(await watch.historyOf(paused.jobId)).toMatchObject({ stalls: 1, repeated: ['copy-files'], finished: ONCE });
});

it('a worker that is killed when its browser has set up the plugin: another sets it up again, no browser stays', async () => {
  await watch.forgetPairings();
  const { username, password } = source.admin;
  const first = await startPausingWorker(stack, { url: source.url, username, password });
  const paused = await first.pause('browser.ensurePlugin:after');
  await first.end('SIGKILL');
  await using _second = await stack.startWorker();
  await expectWhole(paused);
  expect(await watch.historyOf(paused.jobId)).toMatchObject({ stalls: 1, repeated: ['reach-source'], finished: ONCE });
  await until(async () => first.processes().length === 0 || undefined);
});

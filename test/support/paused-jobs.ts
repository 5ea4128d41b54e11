import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort, isGroupAlive, type Service } from '@wcr/stack/services/process';
import { requestClone, until } from './clone-flow.ts';
import { lapseLocks } from './lapse-locks.ts';
import { markerOf } from './pause-places.ts';
import type { TestStack } from './test-stack.ts';

const MAIN = 'test/support/pausing-worker.ts';
/** Copies that run at a time while the jobs are brought to their places. */
const AT_A_TIME = 3;
const MANY = 40;

export type PausedJob = { readonly cloneId: string; readonly jobId: string };

/** A worker that stops jobs at places, and the jobs it has. */
export type PausingWorker = AsyncDisposable & {
  readonly service: Service;
  /** Asks for a clone that stops at `places` and waits until it stands at the first of them. */
  pause(places: string): Promise<PausedJob>;
  pauseAll(places: readonly string[]): Promise<Map<string, PausedJob>>;
  /** Waits until the job of a clone or restore stands at a place; with `over`, until what was held there is done. */
  awaitPlace(recordId: string, place: string, over?: boolean): Promise<void>;
  /** Commands of all processes it has started that still run, its own included. */
  processes(): string[];
  /** Stops the worker, the only one, as though it had been for longer than its locks last; `thaw` lets it do what it was held from. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Ends the worker, the only one, by a signal and waits until nothing of it runs; what it held by SIGKILL can be taken over at once. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
};

/** Starts a worker that takes every job at once. @param source what its clones are asked for */
export async function startPausingWorker(
  stack: TestStack,
  source: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<PausingWorker> {
  const markers = join(stack.dir, 'markers');
  mkdirSync(markers, { recursive: true });
  const port = String(await findFreePort());
  const service = await stack.startWorker(
    { ...env, WCR_METRICS_PORT: port, WCR_TEST_MARKERS: markers, WCR_WORKER_CONCURRENCY: String(MANY), WCR_DRAIN_SECONDS: '0' },
    MAIN,
  );
  const awaitPlace = async (recordId: string, place: string, over = false): Promise<void> => {
    await until(async () => existsSync(markerOf(markers, recordId, place, over)) || undefined);
  };
  const pause = async (places: string): Promise<PausedJob> => {
    const job = await requestClone(stack, { source, name: places, ttlMinutes: 30 });
    const first = places.split(' ')[0] ?? '';
    if (!first.includes('/')) await awaitPlace(job.cloneId, first);
    return job;
  };
  return {
    ...{ service, pause, awaitPlace },
    async pauseAll(all) {
      const jobs = new Map<string, PausedJob>();
      const queue = [...all];
      const lane = async (): Promise<void> => {
        for (let places = queue.shift(); places !== undefined; places = queue.shift()) jobs.set(places, await pause(places));
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, lane));
      return jobs;
    },
    processes: () => processesWith(`WCR_METRICS_PORT=${port}`),
    [Symbol.asyncDispose]: () => service.stop(),
    async freeze() {
      service.kill('SIGSTOP');
      await lapseLocks(stack.redisUrl);
    },
    thaw() {
      service.kill('SIGUSR2');
      service.kill('SIGCONT');
    },
    async end(signal) {
      service.kill(signal);
      await until(async () => !isGroupAlive(service.pid) || undefined);
      if (signal === 'SIGKILL') await lapseLocks(stack.redisUrl);
    },
  };
}

/** Children inherit the environment, whatever group they are in. */
function processesWith(variable: string): string[] {
  const read = (pid: string, name: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && read(entry, 'environ').split('\0').includes(variable))
    .map((pid) => read(pid, 'cmdline').replaceAll('\0', ' '));
}

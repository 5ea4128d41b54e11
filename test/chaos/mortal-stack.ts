import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type MariaDbService, startMariaDb } from '@wcr/stack/services/mariadb';
import { startPhpSite } from '@wcr/stack/services/php-site';
import { findFreePort, isGroupAlive, type Service } from '@wcr/stack/services/process';
import { type RedisService, startRedis } from '@wcr/stack/services/redis';
import { createSampleSite } from '@wcr/stack/sites/sample-site';
import { until } from '../support/clone-flow.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { Source } from '../support/sample-sources.ts';
import { startTestStack, type TestStack } from '../support/test-stack.ts';
import { addCrashPoints, type CrashPoints } from './crash-points.ts';

/** What can be killed and frozen. PHP is that of the live site; that of clones belongs to the gateway. */
export type Part = 'worker' | 'api' | 'gateway' | 'redis' | 'mariadb' | 'php';
/** Where there is a fault proxy: in front of the live site, between worker or API and Redis, between worker and MariaDB. */
export type Link = 'site' | 'worker-redis' | 'api-redis' | 'worker-mariadb';

/** The whole system and a live site, of which every process can die and every line can fail. */
export type MortalStack = AsyncDisposable & {
  readonly stack: TestStack;
  /** The source of clones and the target of restores; its address is that of its proxy. */
  readonly live: Source;
  readonly mariaDb: MariaDbService;
  readonly links: Readonly<Record<Link, FaultProxy>>;
  /** Of the live site. */
  readonly crashPoints: CrashPoints;
  signal(part: Part, signal: NodeJS.Signals): void;
  /** Process group of a part, as it is now. */
  groupOf(part: Part): number;
  /** Starts a part again as soon as nothing of the last one runs. */
  revive(part: Part): Promise<void>;
  /** Starts a second worker, which is the one that is meant from now on. @returns the first one */
  replaceWorker(): Promise<Service>;
  /** From now on the worker is one that is soon missed; until then nobody would take over from it for half a minute. */
  endSetUp(): Promise<void>;
  /** Redis dies, with all its data. */
  killRedisForGood(): Promise<void>;
  /** Sets the clock of all our programs off by so much. */
  shiftClock(byMs: number): Promise<void>;
};

/** Sweeps come one after the other, what stops is not waited for, and nobody is asked for long. */
const BUSTLING = {
  WCR_SWEEP_SECONDS: '2',
  WCR_SWEEP_GRACE_SECONDS: '5',
  WCR_PATIENCE_SECONDS: '30',
  WCR_DRAIN_SECONDS: '0',
  WCR_LOG_LEVEL: 'info',
};
/** A dead worker is soon found, and one that waits for a busy machine isn't taken for dead. */
const QUICK = { WCR_LOCK_SECONDS: '6' };
const SLOW = { WCR_LOCK_SECONDS: '30' };
/** WordPress is compiled once; a restore's files count from the next request on. */
const PHP_CACHE = { 'opcache.enable_cli': '1', 'opcache.revalidate_freq': '0' };
/** The smallest site that has one of everything. */
const TINY = { version: '6.5', mediaCount: 1, shopRows: 20, uploadMb: 0, exportMb: 0.1 } as const;
const CLOCK = pathToFileURL(join(import.meta.dirname, '../support/shifted-clock.ts')).href;
/** Longer than a program needs to see that its clock was set. */
const CLOCK_SEEN_MS = 100;

/** Something that can be started again as it was. */
type Mortal<T extends Service> = { readonly now: T; start(): Promise<void> };

export async function startMortalStack(): Promise<MortalStack> {
  await using undo = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'wcr-chaos-'));
  undo.defer(() => rmSync(dir, { recursive: true, force: true }));
  // Clones run as users of their own, who reach the database's socket through here.
  chmodSync(dir, 0o755);
  const keep = <T extends Service>(mortal: Mortal<T>): Mortal<T> => {
    undo.defer(() => mortal.now.stop());
    return mortal;
  };
  const redis = keep(await startMortalRedis(join(dir, 'redis')));
  const mariaDb = keep(await startMortalMariaDb(join(dir, 'mariadb')));
  const proxy = async (port: number) => undo.use(await startFaultProxy(port));
  const phpPort = await findFreePort();
  const links: Record<Link, FaultProxy> = {
    site: await proxy(phpPort),
    'worker-redis': await proxy(redis.now.port),
    'api-redis': await proxy(redis.now.port),
    'worker-mariadb': await proxy(mariaDb.now.port),
  };
  const clockFile = join(dir, 'clock');
  writeFileSync(clockFile, '0');
  const viaRedis = (link: Link) => ({ WCR_REDIS_URL: `redis://127.0.0.1:${links[link].port}` });
  const clock = { WCR_TEST_CLOCK: clockFile, NODE_OPTIONS: `--import=${CLOCK}` };
  const services = { redisUrl: redis.now.url, mariaDb: mariaDb.now };
  const stack = undo.use(
    await startTestStack({ workers: 0, env: { ...BUSTLING, ...clock, ...viaRedis('api-redis') }, services }),
  );
  const { rootUser, rootPassword } = mariaDb.now;
  const databaseUrl = `mysql://${rootUser}:${rootPassword}@127.0.0.1:${links['worker-mariadb'].port}`;
  let lock = SLOW;
  const worker = await mortal(() => stack.startWorker({ ...lock, ...viaRedis('worker-redis'), WCR_DATABASE_URL: databaseUrl }));
  const url = `http://127.0.0.1:${links.site.port}`;
  const made = await createSampleSite({ dir: join(dir, 'site'), mariaDb: mariaDb.now, url, ...TINY });
  const crashPoints = addCrashPoints(made.dir, join(dir, 'crash'));
  const ini = { ...PHP_CACHE, ...crashPoints.ini };
  const php = keep(await mortal(() => startPhpSite({ dir: made.dir, port: phpPort, workers: 8, ini })));
  const parts: Record<Part, Mortal<Service>> = {
    ...{ redis, worker, php, mariadb: mariaDb },
    gateway: programOf(stack, 'gateway'),
    api: programOf(stack, 'api'),
  };
  const owned = undo.move();
  return {
    ...{ stack, links, crashPoints, live: { ...php.now, ...made } },
    get mariaDb() {
      return mariaDb.now;
    },
    signal: (part, signal) => parts[part].now.kill(signal),
    groupOf: (part) => parts[part].now.pid,
    async revive(part) {
      const mortal = parts[part];
      await until(async () => !isGroupAlive(mortal.now.pid) || undefined);
      await mortal.now.stop();
      await mortal.start();
    },
    async replaceWorker() {
      const former = worker.now;
      await worker.start();
      return former;
    },
    async endSetUp() {
      lock = QUICK;
      await worker.now.stop();
      await worker.start();
    },
    async killRedisForGood() {
      redis.now.kill('SIGKILL');
      await until(async () => !isGroupAlive(redis.now.pid) || undefined);
      rmSync(join(dir, 'redis/appendonlydir'), { recursive: true });
    },
    async shiftClock(byMs) {
      writeFileSync(clockFile, String(byMs));
      await sleep(CLOCK_SEEN_MS);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function mortal<T extends Service>(start: () => Promise<T>): Promise<Mortal<T>> {
  let now = await start();
  return {
    get now() {
      return now;
    },
    async start() {
      now = await start();
    },
  };
}

async function startMortalRedis(dir: string): Promise<Mortal<RedisService>> {
  const port = await findFreePort();
  return mortal(() => startRedis({ dir, port, appendOnly: true }));
}

async function startMortalMariaDb(dir: string): Promise<Mortal<MariaDbService>> {
  const rootPassword = randomBytes(12).toString('hex');
  const port = await findFreePort();
  return mortal(() => startMariaDb({ dir, port, rootPassword }));
}

function programOf(stack: TestStack, name: 'gateway' | 'api'): Mortal<Service> {
  return {
    get now() {
      return stack.program(name);
    },
    start: () => stack.restart(name),
  };
}

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findFreePort, type Service, startProcess } from '../services/process.ts';
import { type RedisService, startRedis } from '../services/redis.ts';
import { repositoryRoot } from '../stack/stack-layout.ts';
import { type Figure, median } from './figures.ts';
import type { LoadKind, LoadTask, LoadTimes } from './load-client.ts';

const IN_FLIGHT = [1, 16, 64];
/** In all rounds together some ten thousand jobs wait in the queue. */
const COUNT = 2_000;
const WARM_UP = 4_000;
const OWNERS = 8;
const KINDS = ['add', 'api', 'bare', 'noop'] as const;
/** Limits are counted as in production; nobody reaches these. */
const NEVER_REACHED = '100000000';
const CLIENT = join(import.meta.dirname, 'load-client.ts');
const BARE_SERVER = join(import.meta.dirname, 'load-bare-server.ts');

/** One kind's rounds: calls a second, and milliseconds of the middle and of the slowest hundredth of the calls. */
type Measured = { readonly rate: number; readonly p50: number; readonly p99: number };
type Rounds = Record<LoadKind, Measured[]>;

/**
 * How many clones a second one API takes on, beside `queue.add` alone, `queue.add` behind a bare route, and a call that does nothing,
 * in turn. The servers, their Redis (which keeps its data as in production) and the client are processes of their own; no worker
 * takes the jobs.
 */
export async function benchLoad(rounds: number, say: (line: string) => void): Promise<Figure[]> {
  await using undo = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'wcr-load-'));
  undo.defer(() => rmSync(dir, { recursive: true, force: true }));
  const redis = undo.use(await startRedis({ dir, appendOnly: true }));
  const keys = Array.from({ length: OWNERS }, (_, at) => `load-key-${at}-0123456789`);
  const apiPort = await findFreePort();
  undo.use(await startApi({ dir, redis, apiPort, keys }));
  const barePort = await findFreePort();
  undo.use(await startBareServer(dir, barePort, redis));
  const client = fork(CLIENT);
  undo.defer(() => void client.kill());
  const task = { apiPort, barePort, redisUrl: redis.url, keys };
  say('load: warming up ...');
  for (const how of KINDS) await ask(client, { ...task, how, inFlight: 32, count: WARM_UP });
  const figures: Figure[] = [];
  for (const inFlight of IN_FLIGHT) {
    const measured: Rounds = { api: [], add: [], bare: [], noop: [] };
    for (let round = 1; round <= rounds; round += 1) {
      say(`load: ${inFlight} at a time, round ${round} of ${rounds} ...`);
      await empty(redis);
      await playRound(client, { ...task, inFlight }, measured, say);
    }
    figures.push(...figuresOf(inFlight, measured));
  }
  return figures;
}

/** Each kind once. */
async function playRound(
  client: ChildProcess,
  task: Omit<LoadTask, 'how' | 'count'>,
  measured: Rounds,
  say: (line: string) => void,
): Promise<void> {
  for (const how of KINDS) {
    const times = await ask(client, { ...task, how, count: COUNT });
    if (times.refused > 0) say(`load: ${times.refused} calls were answered with 503; the machine is too busy`);
    measured[how].push(summed(times));
  }
}

type ApiOptions = { dir: string; redis: RedisService; apiPort: number; keys: readonly string[] };

function startApi({ dir, redis, apiPort, keys }: ApiOptions): Promise<Service> {
  return startProcess({
    command: process.execPath,
    args: ['apps/api/src/main.ts'],
    cwd: repositoryRoot,
    env: {
      WCR_REDIS_URL: redis.url,
      WCR_SECRETS_KEY: 'ab'.repeat(32),
      WCR_CLONES_URL: 'http://clones.example',
      WCR_API_PORT: String(apiPort),
      WCR_API_KEYS: keys.map((key, at) => `load-${at}:${key}`).join(','),
      WCR_KEY_REQUESTS_PER_MINUTE: NEVER_REACHED,
      WCR_KEY_ENQUEUES_PER_HOUR: NEVER_REACHED,
      WCR_MAX_CLONES: NEVER_REACHED,
      WCR_KEY_MAX_CLONES: NEVER_REACHED,
      WCR_LOG_LEVEL: 'info',
      WCR_LOG_PRETTY: '',
    },
    logFile: join(dir, 'api.log'),
    isReady: async () => (await fetch(`http://127.0.0.1:${apiPort}/health/ready`)).ok,
  });
}

function startBareServer(dir: string, port: number, redis: RedisService): Promise<Service> {
  return startProcess({
    command: process.execPath,
    args: [BARE_SERVER, String(port), redis.url],
    logFile: join(dir, 'bare.log'),
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/health/live`)).ok,
  });
}

function ask(client: ChildProcess, task: LoadTask): Promise<LoadTimes> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('the client of the load bench has ended'));
    client.once('exit', onExit);
    client.once('message', (times) => {
      client.off('exit', onExit);
      resolve(times as LoadTimes);
    });
    client.send(task);
  });
}

async function empty({ url }: RedisService): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}

function summed({ totalMs, callsMs }: LoadTimes): Measured {
  const sorted = [...callsMs].sort((one, other) => one - other);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { rate: callsMs.length / (totalMs / 1_000), p50: at(0.5), p99: at(0.99) };
}

/** Ratios are of rounds that followed each other, so that a busy machine is as busy for both. */
function figuresOf(inFlight: number, { api, add, bare, noop }: Rounds): Figure[] {
  const of = (rounds: readonly Measured[], what: keyof Measured) => median(rounds.map((round) => round[what]));
  const ratios = (baseline: readonly Measured[]) => api.map(({ rate }, round) => rate / (baseline[round]?.rate ?? Number.NaN));
  const rate = { value: of(api, 'rate'), unit: '/s' } as const;
  const times = (['p50', 'p99'] as const).map((what): Figure => {
    return { name: `  ${what}`, value: of(api, what), unit: 'ms', baseline: of(add, what) };
  });
  return [
    { name: `clones taken on, ${inFlight} at a time`, ...rate, baseline: of(add, 'rate'), ratios: ratios(add), least: 0.5 },
    { name: '  beside a bare route that only adds', ...rate, baseline: of(bare, 'rate'), ratios: ratios(bare), least: 0.5 },
    { name: '  that bare route itself', value: of(bare, 'rate'), unit: '/s', baseline: of(add, 'rate') },
    { name: '  beside a call that does nothing', ...rate, baseline: of(noop, 'rate'), ratios: ratios(noop) },
    ...times,
  ];
}

import {
  CLONE_QUEUE,
  EXPIRE_QUEUE,
  EXTEND_QUEUE,
  QUEUE_PREFIX,
  RESTORE_QUEUE,
  ROLLBACK_QUEUE,
  SWEEP_QUEUE,
} from '@wcr/shared/contracts/queues';
import { connectAsRoot } from '@wcr/stack/services/mariadb';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { readClone, readCredentials } from '../support/clone-flow.ts';
import { type RestoreScene, setRestoreScene } from '../support/restore-scene.ts';
import { VISITOR } from '../support/site-state.ts';
import { type MortalStack, startMortalStack } from './mortal-stack.ts';

/** A clone as it must be. */
export type ExpectedClone = {
  readonly id: string;
  /** Absent for one that was made before the rounds. */
  readonly jobId?: string;
  /** When its time is up: what was accepted last stands last. Empty until it was seen. */
  expiries: number[];
  /** Whether its end was asked for. */
  isDoomed: boolean;
  /** Of the clone's administrator, once it was seen; never changes. */
  password?: string;
};

/** Queues whose jobs are followed, by name. */
const FOLLOWED = [CLONE_QUEUE, RESTORE_QUEUE, ROLLBACK_QUEUE, EXPIRE_QUEUE, EXTEND_QUEUE] as const;
type Followed = (typeof FOLLOWED)[number];

/** The system under test, and what is expected of it. */
export type World = AsyncDisposable & {
  readonly system: MortalStack;
  readonly scene: RestoreScene;
  readonly redis: Redis;
  readonly queues: Readonly<Record<Followed, Queue>>;
  /** Every clone that was asked for and whose end was not yet seen. */
  readonly clones: Map<string, ExpectedClone>;
  /** Clones that are gone: nothing of them may be found. */
  readonly gone: Set<string>;
  /** What was found left over by an earlier round, and is not this one's. */
  readonly leftOver: Set<string>;
  readonly sweeps: Queue;
  /** About how long a piece of work takes undisturbed; strikes are spread over that. */
  workMs: number;
  /** How many points the agent passes when it commits a restore of the scene. */
  readonly points: number;
  /** What visitors have written on the live site, which no restore may take away. */
  readonly comments: string[];
  /** The restore that the live site shows; undefined when it is as before. */
  restoreId?: string | undefined;
};

/** Edits enough that a restore takes as long as a round needs to strike it. */
const EDITS = { rows: 10, files: 20 };
/** Installing, cloning, editing, restoring and rolling back are what a scene consists of. */
const SCENE_WORKS = 4;
const MOST_TRIES = 5;
const LEAST_WORK_MS = 2_500;

export async function startWorld(): Promise<World> {
  await using undo = new AsyncDisposableStack();
  const system = undo.use(await startMortalStack());
  const { stack } = system;
  const redis = new Redis(stack.redisUrl, { maxRetriesPerRequest: null });
  // While it is down there is nothing to hear of that.
  redis.on('error', () => undefined);
  undo.defer(() => redis.disconnect());
  const queues = Object.fromEntries(
    FOLLOWED.map((name) => [name, new Queue(name, { prefix: QUEUE_PREFIX, connection: redis })]),
  ) as Record<Followed, Queue>;
  const sweeps = new Queue(SWEEP_QUEUE, { prefix: QUEUE_PREFIX, connection: redis });
  const all = [...Object.values(queues), sweeps];
  for (const queue of all) queue.on('error', () => undefined);
  undo.defer(async () => void (await Promise.all(all.map((queue) => queue.close()))));
  system.crashPoints.count('session.commit');
  const { scene, workMs } = await setScene(system);
  const points = system.crashPoints.counted();
  system.crashPoints.forget();
  await system.endSetUp();
  const { id } = scene.clone;
  const { expiresAt } = await readClone(stack, id);
  const { password } = await readCredentials(stack, id);
  const owned = undo.move();
  return {
    ...{
      system,
      scene,
      redis,
      queues,
      sweeps,
      workMs,
      points,
      gone: new Set<string>(),
      leftOver: new Set<string>(),
      comments: [],
    },
    clones: new Map([[id, { id, expiries: [Date.parse(expiresAt)], isDoomed: false, password }]]),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** On a machine that is very busy a cold site may take longer to answer than clones wait. */
async function setScene({ stack, live, mariaDb }: MortalStack): Promise<{ scene: RestoreScene; workMs: number }> {
  for (let tries = 1; ; tries += 1) {
    // The first visitor has WordPress write some options.
    await (await fetch(live.url)).text();
    const begun = performance.now();
    try {
      const scene = await setRestoreScene(stack, live, mariaDb, EDITS);
      return { scene, workMs: (performance.now() - begun) / SCENE_WORKS };
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
  }
}

/** The set-up is slower than what comes after it. How long something takes that was struck does not tell that all have become slower. */
export function learnPace(world: World, tookMs: number): void {
  world.workMs = Math.max(LEAST_WORK_MS, Math.min(tookMs, world.workMs));
}

/** Clones that may be removed: all but the one that is restored from. Oldest first. */
export function spareClones({ clones, scene }: World): ExpectedClone[] {
  return [...clones.values()].filter(({ id, isDoomed }) => id !== scene.clone.id && !isDoomed);
}

/** A visitor writes while everything goes on. */
export async function writeComment({ system, comments }: World, text: string): Promise<void> {
  const { live, mariaDb } = system;
  const connection = await connectAsRoot(mariaDb, live.database.name);
  const sql = `INSERT INTO ${live.prefix}comments (comment_post_ID, comment_author, comment_content) VALUES (1, ?, ?)`;
  await connection.query(sql, [VISITOR, text]).finally(() => connection.end());
  comments.push(text);
}

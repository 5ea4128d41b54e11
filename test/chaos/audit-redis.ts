import { QUEUE_PREFIX, redisKeys } from '@wcr/shared/contracts/queues';
import { restorePointSecretRef } from '@wcr/shared/contracts/restore';
import type { Finding } from './chaos-table.ts';
import type { World } from './world.ts';

/** Keys that nobody will use or delete any more: secrets, logins of clones that are gone, checkpoints of jobs that are. */
export async function auditRedis(world: World): Promise<Finding[]> {
  const [secrets, logins, checkpoints] = await Promise.all([straySecrets(world), strayLogins(world), strayCheckpoints(world)]);
  return [...secrets, ...logins, ...checkpoints].map((key) => ({ harm: 'orphaned', what: `the key ${key}` }));
}

/** Once all jobs have ended only a restore point may have secrets. */
async function straySecrets({ redis, restoreId }: World): Promise<string[]> {
  const keys = await redis.keys(redisKeys.secret('*'));
  const kept = restoreId === undefined ? '' : redisKeys.secret(restorePointSecretRef(restoreId));
  return keys.filter((key) => key !== kept);
}

async function strayLogins({ redis, clones }: World): Promise<string[]> {
  const keys = await redis.keys(redisKeys.credentials('*'));
  const living = [...clones.values()].filter(({ isDoomed }) => !isDoomed).map(({ id }) => redisKeys.credentials(id));
  return keys.filter((key) => !living.includes(key));
}

async function strayCheckpoints({ redis, queues }: World): Promise<string[]> {
  const keys = await Promise.all(Object.keys(queues).map((queue) => redis.keys(redisKeys.checkpoints(queue, '*'))));
  const stray: string[] = [];
  for (const key of keys.flat()) {
    const jobKey = key.slice(0, key.lastIndexOf(':'));
    if (jobKey.startsWith(QUEUE_PREFIX) && (await redis.exists(jobKey)) === 0) stray.push(key);
  }
  return stray;
}

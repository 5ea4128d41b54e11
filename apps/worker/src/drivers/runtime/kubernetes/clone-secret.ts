import { randomBytes } from 'node:crypto';
import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import type { Cluster, KubeObject, Manifest, OwnerReference } from '../../cluster/cluster.types.ts';
import { ownedBy } from './clone-names.ts';

/** The key of the Secret that the pod mounts: what its agent must know. */
export const AGENT_CONFIG_KEY = 'agent.php';
/** The key that a database in the pod, and ACK, read. */
export const DATABASE_PASSWORD_KEY = 'database-password';

const Secrets = z.object({
  [DATABASE_PASSWORD_KEY]: z.string().min(1),
  'pairing-key': z.string().regex(/^[0-9a-f]{64}$/),
  username: z.string(),
  password: z.string(),
  /** Secrets of an earlier version have none. */
  'login-secret': z.string().optional(),
});
/** What only the clone and its workers may know. */
export type CloneSecrets = z.infer<typeof Secrets>;

/** The secrets of a clone; the first call makes them up, all others get the same. */
export async function ensureSecrets(cluster: Cluster, owner: OwnerReference, signal: AbortSignal): Promise<CloneSecrets> {
  const known = await readSecrets(cluster, owner.name, signal);
  if (known) return known;
  const secrets = {
    [DATABASE_PASSWORD_KEY]: randomBytes(24).toString('base64url'),
    'pairing-key': randomBytes(32).toString('hex'),
    username: `clone-admin-${randomBytes(3).toString('hex')}`,
    password: randomBytes(18).toString('base64url'),
    'login-secret': randomBytes(32).toString('hex'),
  } satisfies CloneSecrets;
  const metadata = ownedBy(owner, { name: owner.name, component: 'web' });
  const secret: Manifest = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: encode(secrets) };
  const made = await cluster.create(secret, signal);
  if (made) return secrets;
  const theirs = await readSecrets(cluster, owner.name, signal);
  if (theirs === undefined) throw new AppError('runtime.failed', { reason: `the Secret of ${owner.name} went away` });
  return theirs;
}

/** @returns undefined when the clone has none (yet) @throws AppError `runtime.failed` when it is not one of ours */
export async function readSecrets(cluster: Cluster, cloneId: string, signal: AbortSignal): Promise<CloneSecrets | undefined> {
  const secret = await cluster.read({ kind: 'Secret', name: cloneId }, signal);
  if (secret === undefined) return undefined;
  const parsed = Secrets.safeParse(decode(secret));
  if (!parsed.success) throw new AppError('runtime.failed', { reason: `the Secret ${cloneId} holds something else` });
  return parsed.data;
}

/** Writes what the agent must know; a pod that waits for it starts then. */
export async function writeAgentConfig(cluster: Cluster, cloneId: string, config: string, signal: AbortSignal): Promise<void> {
  const answer = await cluster.patch({ kind: 'Secret', name: cloneId }, { data: encode({ [AGENT_CONFIG_KEY]: config }) }, signal);
  if (answer === undefined) throw new AppError('runtime.failed', { reason: `the Secret of ${cloneId} went away` });
}

function encode(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));
}

function decode(secret: KubeObject): Record<string, string> {
  const data = (secret['data'] ?? {}) as Record<string, string>;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]));
}

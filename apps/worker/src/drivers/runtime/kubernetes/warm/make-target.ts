import { createHash } from 'node:crypto';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Cluster } from '../../../cluster/cluster.types.ts';
import { renderWaitingAgentConfig } from '../../agent-config.ts';
import { AGENT_WORK, SITE_ROOT } from '../clone-image.ts';
import { DATABASE_PASSWORD_KEY, ensureSecrets, writeAgentConfig } from '../clone-secret.ts';
import type { DatabaseProvider } from '../databases.ts';
import { renderTarget, type TargetWorkload } from '../manifests.ts';
import { removeAndWait, removePods } from '../workload.ts';
import { IDENTITY_FILE, IDENTITY_PATTERN } from './identity.ts';
import { readTarget, type WarmTarget } from './warm-target.ts';

/** What targets are made with. */
export type WarmParts = {
  readonly cluster: Cluster;
  readonly settings: TargetWorkload['settings'];
  readonly databases: DatabaseProvider;
};

/** Of a schema that nobody has used yet; a claim changes it to that of the source. */
const ANY_CHARSET = { charset: 'utf8mb4', collation: 'utf8mb4_unicode_520_ci' };

/** Makes everything of a target besides its root. May be repeated; once it is claimed or leaves, nothing is missing. */
export async function completeTarget(parts: WarmParts, target: WarmTarget, signal: AbortSignal): Promise<void> {
  const isWanted = async (): Promise<boolean> => (await readTarget(parts.cluster, target.name, signal))?.state === 'warm';
  const assertWanted = async (): Promise<void> => {
    if (!(await isWanted())) throw new AppError('runtime.failed', { reason: `${target.name} is no longer to be made` });
  };
  try {
    await makeParts(parts, target, { assertWanted, signal });
  } catch (error) {
    if (await isWanted()) throw error;
  }
}

async function makeParts(
  { cluster, databases, settings }: WarmParts,
  { name, owner }: WarmTarget,
  { assertWanted, signal }: { assertWanted: () => Promise<void>; signal: AbortSignal },
): Promise<void> {
  const secrets = await ensureSecrets(cluster, owner, signal);
  const password = secrets[DATABASE_PASSWORD_KEY];
  const database = await databases.ensure({ owner, password, ...ANY_CHARSET, assertWanted }, signal);
  const config = renderWaitingAgentConfig({
    pairingKey: secrets['pairing-key'],
    root: SITE_ROOT,
    work: AGENT_WORK,
    database: { ...database, password },
    identity: { file: IDENTITY_FILE, pattern: IDENTITY_PATTERN },
  });
  await writeAgentConfig(cluster, name, config, signal);
  for (const manifest of renderTarget({ owner, settings })) await cluster.apply(manifest, signal);
}

/** Removes all of it, whosever it was. May be repeated; to be called when nobody can claim it any more. */
export async function removeTarget(
  { cluster, databases, settings }: WarmParts,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await removePods(cluster, settings, name, signal);
  await databases.remove(name, signal);
  await cluster.remove({ kind: 'Secret', name }, 'Background', signal);
  await removeAndWait(cluster, 'ConfigMap', name, signal);
}

/** Tells targets apart that are made of different settings or images. */
export function recipeOf({ settings, databases }: Pick<WarmParts, 'settings' | 'databases'>): string {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'warm', uid: '' };
  const made = [renderTarget({ owner, settings }), databases.addressOf(owner.name), IDENTITY_PATTERN];
  return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 32);
}

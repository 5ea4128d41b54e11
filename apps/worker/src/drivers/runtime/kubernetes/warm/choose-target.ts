import { AppError } from '@wcr/shared/errors/app-error';
import type { OwnerReference } from '../../../cluster/cluster.types.ts';
import { type CloneRoot, settleTarget } from '../clone-root.ts';
import { readSecrets } from '../clone-secret.ts';
import { recipeOf, type WarmParts } from './make-target.ts';
import { claimTarget, findReady, listTargets, readTarget, retireTarget, type WarmTarget } from './warm-target.ts';

type Root = CloneRoot & { readonly isNew: boolean };

/**
 * Decides once and for all what serves a clone: a warm target, if one can be had, or what is made for it. Of two workers that
 * decide at once the first to write it down is right, and the other gives back what it has claimed.
 * @returns the root of the target, or the clone's own
 * @throws AppError `clone.not_ready` when the clone is being removed
 */
export async function chooseTarget(parts: WarmParts, root: Root, signal: AbortSignal): Promise<OwnerReference> {
  const { cluster, settings } = parts;
  const { owner, target: decided } = root;
  if (decided === owner.name) return owner;
  const known = decided === undefined ? undefined : await readTarget(cluster, decided, signal);
  if (known) return known.owner;
  if (decided === undefined && settings.poolMax === 0) return owner;
  const candidate = await findCandidate(parts, root, signal);
  const target = candidate?.name ?? owner.name;
  const settled = await settleTarget(cluster, root, { target, stale: decided, signal });
  if (candidate && settled === candidate.name) return candidate.owner;
  // Nobody gets it after this clone; the next pass over the pool removes it.
  if (candidate) await retireClaimed(parts, candidate.name, signal);
  return settled === owner.name ? owner : await readSettled(parts, settled, signal);
}

async function findCandidate(parts: WarmParts, root: Root, signal: AbortSignal): Promise<WarmTarget | undefined> {
  const { cluster, settings } = parts;
  const cloneId = root.owner.name;
  // A worker without a pool has begun to make what serves it.
  if (!root.isNew && (await readSecrets(cluster, cloneId, signal)) !== undefined) return undefined;
  const targets = await listTargets(cluster, signal);
  const mine = targets.find(({ state, claimedBy }) => state === 'claimed' && claimedBy === cloneId);
  if (mine || settings.poolMax === 0) return mine;
  const recipe = recipeOf(parts);
  const free = targets.filter((target) => target.state === 'warm' && target.recipe === recipe);
  const ready = await findReady(cluster, free, signal);
  for (const target of free) {
    if (ready.has(target.name) && (await claimTarget(cluster, target, cloneId, signal))) return target;
  }
  return undefined;
}

async function retireClaimed({ cluster }: WarmParts, name: string, signal: AbortSignal): Promise<void> {
  const target = await readTarget(cluster, name, signal);
  if (target) await retireTarget(cluster, target, signal);
}

async function readSettled({ cluster }: WarmParts, name: string, signal: AbortSignal): Promise<OwnerReference> {
  const target = await readTarget(cluster, name, signal);
  if (target === undefined) throw new AppError('runtime.failed', { reason: `the target ${name} went away` });
  return target.owner;
}

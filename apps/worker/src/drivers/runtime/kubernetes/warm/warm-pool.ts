import type { WarmPool } from '../../runtime.types.ts';
import { listTargetsOfClones } from '../clone-root.ts';
import { completeTarget, recipeOf, removeTarget, type WarmParts } from './make-target.ts';
import { createWarmName } from './warm-names.ts';
import { createTargetRoot, findReady, listTargets, retireTarget, type WarmTarget } from './warm-target.ts';

const HOUR_MS = 3_600_000;

/**
 * Targets made ahead. Who removes one has taken it off the market first, by the same check of its version by which it is
 * claimed, so that nobody gets one that leaves. Of passes that overlap both may make targets; the next removes what is too many.
 */
export function createWarmPool(parts: WarmParts, now: () => number = Date.now): WarmPool {
  return {
    async topUp({ backlog }, signal) {
      const { cluster, settings } = parts;
      const targets = await listTargets(cluster, signal);
      const free = targets.filter(({ state }) => state === 'warm');
      const ready = await findReady(cluster, free, signal);
      const size = Math.min(settings.poolMax, Math.max(settings.poolMin, backlog));
      const kept = chooseKept(free, { ready, size, now: now(), ...limitsOf(parts) });
      const dropped = await retire(parts, free, { kept, signal });
      const left = [...(await findAbandoned(parts, targets, signal)), ...dropped];
      const missing = Array.from({ length: size - kept.length }, () => createWarmName());
      await allOf([
        ...left.map(({ name }) => removeTarget(parts, name, signal)),
        ...kept.filter(({ name }) => !ready.has(name)).map((target) => completeTarget(parts, target, signal)),
        ...missing.map((name) => makeTarget(parts, name, signal)),
      ]);
      const isReady = ({ name }: WarmTarget): boolean => ready.has(name);
      return { ready: kept.filter(isReady).length, made: missing.length, removed: left.length };
    },
  };
}

type Limits = {
  readonly recipe: string;
  /** How long one may take to become ready, and how long one that is ready may wait for a clone. */
  readonly readyMs: number;
  readonly oldMs: number;
};

function limitsOf(parts: WarmParts): Limits {
  const { readySeconds, poolHours } = parts.settings;
  return { recipe: recipeOf(parts), readyMs: readySeconds * 1000, oldMs: poolHours * HOUR_MS };
}

/** Those that are ready come first, and of those the youngest. */
export function chooseKept(
  free: readonly WarmTarget[],
  { recipe, readyMs, oldMs, ready, size, now }: Limits & { ready: ReadonlySet<string>; size: number; now: number },
): WarmTarget[] {
  const isGood = ({ name, recipe: its, madeAt }: WarmTarget): boolean =>
    its === recipe && now - madeAt < (ready.has(name) ? oldMs : readyMs);
  const rank = ({ name }: WarmTarget): number => (ready.has(name) ? 0 : 1);
  return free
    .filter(isGood)
    .sort((one, other) => rank(one) - rank(other) || other.madeAt - one.madeAt)
    .slice(0, size);
}

/** @returns those nobody wants and nobody has claimed meanwhile */
async function retire(
  { cluster }: WarmParts,
  free: readonly WarmTarget[],
  { kept, signal }: { kept: readonly WarmTarget[]; signal: AbortSignal },
): Promise<WarmTarget[]> {
  const surplus = free.filter((target) => !kept.includes(target));
  const retired = await Promise.all(surplus.map((target) => retireTarget(cluster, target, signal)));
  return surplus.filter((_, index) => retired[index]);
}

/** Those on their way out, and those claimed by a clone that is gone or is served by another. */
async function findAbandoned({ cluster }: WarmParts, targets: readonly WarmTarget[], signal: AbortSignal): Promise<WarmTarget[]> {
  if (targets.every(({ state }) => state === 'warm')) return [];
  // Asked after the targets: a clone's root is there before it claims anything.
  const clones = await listTargetsOfClones(cluster, signal);
  const isUsed = ({ name, claimedBy = '' }: WarmTarget): boolean =>
    clones.has(claimedBy) && (clones.get(claimedBy) ?? name) === name;
  return targets.filter((target) => target.state === 'leaving' || (target.state === 'claimed' && !isUsed(target)));
}

async function makeTarget(parts: WarmParts, name: string, signal: AbortSignal): Promise<void> {
  const target = await createTargetRoot(parts.cluster, { name, recipe: recipeOf(parts) }, signal);
  if (target) await completeTarget(parts, target, signal);
}

/** One that fails keeps no other from it. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

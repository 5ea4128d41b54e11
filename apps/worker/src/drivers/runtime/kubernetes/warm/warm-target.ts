import type { Cluster, KubeObject, OwnerReference } from '../../../cluster/cluster.types.ts';
import { COMPONENT_LABEL, INSTANCE_LABEL, labelsOf } from '../clone-names.ts';
import { isAvailable } from '../workload.ts';
import { CLAIMED_BY_LABEL, POOL_LABEL, type PoolState, RECIPE_ANNOTATION, WARM_SELECTOR } from './warm-names.ts';

/** The root of a target made ahead: like a clone's it is made first, owns what belongs to it, and is removed last. */
export type WarmTarget = {
  readonly name: string;
  readonly owner: OwnerReference;
  readonly state: PoolState;
  readonly claimedBy: string | undefined;
  readonly recipe: string | undefined;
  readonly madeAt: number;
  readonly version: string | undefined;
};

export async function listTargets(cluster: Cluster, signal: AbortSignal): Promise<WarmTarget[]> {
  return (await cluster.list({ kind: 'ConfigMap', labels: WARM_SELECTOR }, signal)).map(targetOf);
}

/** All that a clone has claimed, those included which it does not use. */
export async function listClaimedBy(cluster: Cluster, cloneId: string, signal: AbortSignal): Promise<WarmTarget[]> {
  const labels = `${COMPONENT_LABEL}=warm,${CLAIMED_BY_LABEL}=${cloneId}`;
  return (await cluster.list({ kind: 'ConfigMap', labels }, signal)).map(targetOf);
}

export async function readTarget(cluster: Cluster, name: string, signal: AbortSignal): Promise<WarmTarget | undefined> {
  const root = await cluster.read({ kind: 'ConfigMap', name }, signal);
  return root && targetOf(root);
}

/** @returns undefined when there is one of that name */
export async function createTargetRoot(
  cluster: Cluster,
  { name, recipe }: { name: string; recipe: string },
  signal: AbortSignal,
): Promise<WarmTarget | undefined> {
  const labels = { ...labelsOf(name, 'warm'), [POOL_LABEL]: 'warm' };
  const metadata = { name, labels, annotations: { [RECIPE_ANNOTATION]: recipe } };
  const root = await cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata }, signal);
  return root && targetOf(root);
}

/** Names of those whose pod is ready. */
export async function findReady(
  cluster: Cluster,
  targets: readonly WarmTarget[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (targets.length === 0) return new Set();
  const labels = `${INSTANCE_LABEL} in (${targets.map(({ name }) => name).join(',')})`;
  const deployments = await cluster.list({ kind: 'Deployment', labels }, signal);
  return new Set(deployments.filter(isAvailable).map(({ metadata }) => metadata.name));
}

/** Makes a target a clone's. @returns false when somebody was faster */
export async function claimTarget(cluster: Cluster, target: WarmTarget, cloneId: string, signal: AbortSignal): Promise<boolean> {
  const labels = { [POOL_LABEL]: 'claimed', [CLAIMED_BY_LABEL]: cloneId };
  if (await label(cluster, target, labels, signal)) return true;
  // An answer that was lost is asked for again, and by then the object has changed.
  return (await readTarget(cluster, target.name, signal))?.claimedBy === cloneId;
}

/** Nobody gets it any more. @returns false when it has changed meanwhile */
export async function retireTarget(cluster: Cluster, target: WarmTarget, signal: AbortSignal): Promise<boolean> {
  return await label(cluster, target, { [POOL_LABEL]: 'leaving' }, signal);
}

async function label(
  cluster: Cluster,
  { name, version }: WarmTarget,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await cluster.patch({ kind: 'ConfigMap', name }, { metadata: { resourceVersion: version, labels } }, signal);
  return answer !== undefined && answer !== 'conflict';
}

function targetOf({ metadata }: KubeObject): WarmTarget {
  const { name, uid = '', labels = {}, annotations, creationTimestamp, deletionTimestamp, resourceVersion } = metadata;
  const state = labels[POOL_LABEL];
  const isKept = (state === 'warm' || state === 'claimed') && deletionTimestamp === undefined;
  return {
    name,
    owner: { apiVersion: 'v1', kind: 'ConfigMap', name, uid },
    state: isKept ? state : 'leaving',
    claimedBy: labels[CLAIMED_BY_LABEL],
    recipe: annotations?.[RECIPE_ANNOTATION],
    madeAt: Date.parse(String(creationTimestamp)),
    version: resourceVersion,
  };
}

import { createHash } from 'node:crypto';
import type { V1Deployment, V1ReplicaSet } from '@kubernetes/client-node';
import { type Fields, isFields, type KubeObject, viewAs } from '../storage/kube-object.ts';
import { keyOf } from '../storage/object-store.ts';
import { timeOf } from '../verbs/machinery.ts';
import {
  type Actor,
  type Condition,
  type Controller,
  controllerOf,
  controllerReference,
  isControlledBy,
  setConditions,
} from './controller.ts';

const DEPLOYMENTS = 'apps/deployments';
const REPLICA_SETS = 'apps/replicasets';
const HASH_LABEL = 'pod-template-hash';

/**
 * One ReplicaSet for each template of a Deployment. Simplified: a rolling update brings up all new pods before any old one
 * goes, and a pod that is ready counts as available at once.
 */
export const deploymentController: Controller = {
  name: 'deployment-controller',
  concerns: ({ key, object }, actor) => {
    if (key.resource === DEPLOYMENTS) return [key];
    if (key.resource === REPLICA_SETS) return controllerOf(object, DEPLOYMENTS);
    if (key.resource !== '/pods') return [];
    return controllerOf(object, REPLICA_SETS).flatMap((owner) => {
      const set = actor.read(owner);
      return set === undefined ? [] : controllerOf(set, DEPLOYMENTS);
    });
  },
  reconcile(key, actor) {
    const deployment = actor.read(key);
    if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
    const hash = hashOf(deployment.spec?.['template']);
    const sets = setsOf(actor, deployment);
    const current = sets.find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
    const old = sets.filter((set) => set !== current);
    const { spec } = viewAs<V1Deployment>(deployment);
    if (spec?.paused !== true) rollOut({ actor, deployment, hash, current, old, recreates: spec?.strategy?.type === 'Recreate' });
    actor.setStatus(key, statusOf(actor, deployment, hash));
  },
};

type Rollout = {
  readonly actor: Actor;
  readonly deployment: KubeObject;
  readonly hash: string;
  readonly current: KubeObject | undefined;
  readonly old: readonly KubeObject[];
  readonly recreates: boolean;
};

function rollOut({ actor, deployment, hash, current, old, recreates }: Rollout): void {
  const wanted = viewAs<V1Deployment>(deployment).spec?.replicas ?? 1;
  if (recreates) scaleAll(actor, old, 0);
  const mustWait = recreates && old.some((set) => podsOf(actor, set).length > 0);
  if (current === undefined && mustWait) return;
  if (current === undefined) createSet(actor, deployment, hash, wanted, old);
  else scaleAll(actor, [current], wanted);
  const available = current === undefined ? 0 : (viewAs<V1ReplicaSet>(current).status?.availableReplicas ?? 0);
  if (available >= wanted) scaleAll(actor, old, 0);
  dropHistory(actor, deployment, old);
}

function createSet(actor: Actor, deployment: KubeObject, hash: string, replicas: number, old: readonly KubeObject[]): void {
  const { namespace = '', name } = deployment.metadata;
  const template = deployment.spec?.['template'] as { metadata?: { labels?: Record<string, string> } };
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  const selector = deployment.spec?.['selector'] as { matchLabels?: Record<string, string> };
  const revision = String(Math.max(0, ...old.map(revisionOf)) + 1);
  actor.create(REPLICA_SETS, namespace, {
    metadata: {
      name: `${name}-${hash}`,
      labels,
      annotations: {
        'deployment.kubernetes.io/revision': revision,
        'deployment.kubernetes.io/desired-replicas': String(replicas),
      },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  });
  actor.update(keyOf(DEPLOYMENTS, deployment), (object) => {
    const annotations = { ...object.metadata.annotations, 'deployment.kubernetes.io/revision': revision };
    return { ...object, metadata: { ...object.metadata, annotations } };
  });
}

function scaleAll(actor: Actor, sets: readonly KubeObject[], replicas: number): void {
  for (const set of sets) {
    if (set.metadata.deletionTimestamp !== undefined) continue;
    actor.update(keyOf(REPLICA_SETS, set), (object) => ({ ...object, spec: { ...object.spec, replicas } }));
  }
}

function dropHistory(actor: Actor, deployment: KubeObject, old: readonly KubeObject[]): void {
  const limit = viewAs<V1Deployment>(deployment).spec?.revisionHistoryLimit ?? 10;
  const idle = old.filter((set) => set.spec?.['replicas'] === 0 && podsOf(actor, set).length === 0);
  const surplus = idle.toSorted((one, other) => revisionOf(one) - revisionOf(other)).slice(0, Math.max(0, idle.length - limit));
  for (const set of surplus) actor.remove(keyOf(REPLICA_SETS, set), { propagationPolicy: 'Background' });
}

function statusOf(actor: Actor, before: KubeObject, hash: string): Fields {
  const deployment = actor.read(keyOf(DEPLOYMENTS, before)) ?? before;
  const sets = setsOf(actor, deployment).map((set) => viewAs<V1ReplicaSet>(set));
  const current = sets.find(({ metadata }) => metadata?.labels?.[HASH_LABEL] === hash);
  const sum = (count: (set: V1ReplicaSet) => number | undefined) => sets.reduce((total, set) => total + (count(set) ?? 0), 0);
  const wanted = viewAs<V1Deployment>(deployment).spec?.replicas ?? 1;
  const available = sum(({ status }) => status?.availableReplicas);
  const updated = current?.status?.replicas ?? 0;
  const isDone =
    updated >= wanted && (current?.status?.availableReplicas ?? 0) >= wanted && sum(({ status }) => status?.replicas) === updated;
  const counts = {
    isDone,
    updatedReplicas: updated,
    readyReplicas: sum(({ status }) => status?.readyReplicas),
    availableReplicas: available,
  };
  const failure = current?.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  const changes: Condition[] = [
    available >= wanted
      ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    progressOf(actor, deployment, current?.metadata?.name ?? '', counts),
    ...(failure === undefined
      ? []
      : [{ type: 'ReplicaFailure', status: 'True' as const, reason: failure.reason ?? '', message: failure.message ?? '' }]),
  ];
  const conditions = setConditions(
    withoutFailure(deployment.status, failure === undefined),
    changes,
    timeOf(actor.machinery.now()),
  );
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sum(({ status }) => status?.replicas),
    updatedReplicas: updated,
    readyReplicas: sum(({ status }) => status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
    conditions,
  };
}

/** A rollout that came no further for longer than its deadline has failed, until it does come further. */
function progressOf(actor: Actor, deployment: KubeObject, set: string, counts: Counts): Condition {
  const { spec, status, metadata } = viewAs<V1Deployment>(deployment);
  const before = status?.conditions?.find(({ type }) => type === 'Progressing') as unknown as Condition | undefined;
  const isSame = ([name, count]: [string, number]) => (deployment.status?.[name] ?? 0) === count;
  const isNew = before === undefined || status?.observedGeneration !== metadata?.generation;
  const { isDone, ...numbers } = counts;
  const now = actor.machinery.now();
  const hasMoved = isNew || !Object.entries(numbers).every(isSame) || (isDone && before.reason !== 'NewReplicaSetAvailable');
  const lastUpdateTime = hasMoved ? timeOf(now) : (before.lastUpdateTime ?? timeOf(now));
  const progressing = { type: 'Progressing', lastUpdateTime };
  if (isDone)
    return {
      ...progressing,
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${set}" has successfully progressed.`,
    };
  const leftMs = Date.parse(lastUpdateTime) + (spec?.progressDeadlineSeconds ?? 600) * 1000 - now.getTime();
  if (leftMs <= 0)
    return {
      ...progressing,
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${set}" has timed out progressing.`,
    };
  // A timer longer than a day would be a mistake, and one longer than 24 days would fire at once.
  actor.lookAgainIn(keyOf(DEPLOYMENTS, deployment), Math.min(leftMs, 86_400_000));
  return { ...progressing, status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "${set}" is progressing.` };
}

type Counts = {
  readonly isDone: boolean;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
};

function withoutFailure(status: Fields | undefined, isOver: boolean): Fields | undefined {
  const conditions = Array.isArray(status?.['conditions']) ? status['conditions'].filter(isFields) : [];
  return isOver ? { conditions: conditions.filter(({ type }) => type !== 'ReplicaFailure') } : status;
}

function setsOf(actor: Actor, { metadata }: KubeObject): KubeObject[] {
  return actor.list(REPLICA_SETS, metadata.namespace).filter((set) => isControlledBy(set, metadata.uid));
}

function podsOf(actor: Actor, { metadata }: KubeObject): KubeObject[] {
  return actor.list('/pods', metadata.namespace).filter((pod) => isControlledBy(pod, metadata.uid));
}

function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
}

/** Ten characters that are the same for the same template. */
function hashOf(template: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(template)))
    .digest('hex')
    .slice(0, 10);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}

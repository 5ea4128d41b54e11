import type { V1Pod, V1ReplicaSet } from '@kubernetes/client-node';
import { StatusError } from '../http/status-error.ts';
import { isFields, type KubeObject, viewAs } from '../storage/kube-object.ts';
import { keyOf } from '../storage/object-store.ts';
import { timeOf } from '../verbs/machinery.ts';
import { type Actor, type Controller, controllerOf, controllerReference, isControlledBy, setConditions } from './controller.ts';

const REPLICA_SETS = 'apps/replicasets';
/** What may be the reason that a pod was refused before and is not any more. */
const OBSTACLES = ['/resourcequotas', '/limitranges', '/namespaces', '/serviceaccounts'];

/** As many pods as a ReplicaSet asks for. One that is refused is asked for again when something in its namespace changed. */
export const replicaSetController: Controller = {
  name: 'replicaset-controller',
  concerns: ({ key, object, type }, actor) => {
    if (key.resource === REPLICA_SETS) return [key];
    const namespace = key.resource === '/namespaces' ? key.name : key.namespace;
    const mayLetThrough = OBSTACLES.includes(key.resource) || (key.resource === '/pods' && type === 'DELETED');
    const refused = mayLetThrough ? actor.list(REPLICA_SETS, namespace).filter(isRefused) : [];
    const owner = key.resource === '/pods' ? controllerOf(object, REPLICA_SETS) : [];
    return [...owner, ...refused.map((set) => keyOf(REPLICA_SETS, set))];
  },
  reconcile(key, actor) {
    const set = actor.read(key);
    if (set === undefined) return;
    const problem = set.metadata.deletionTimestamp === undefined ? adjust(actor, set) : undefined;
    if (problem !== undefined) actor.tellEvent(set, 'Warning', 'FailedCreate', `Error creating: ${problem.message}`);
    actor.setStatus(key, statusOf(actor, set, problem));
  },
};

function isRefused({ status }: KubeObject): boolean {
  const conditions = Array.isArray(status?.['conditions']) ? status['conditions'].filter(isFields) : [];
  return conditions.some(({ type }) => type === 'ReplicaFailure');
}

/** Returns why a pod was refused, if one was. */
function adjust(actor: Actor, set: KubeObject): StatusError | undefined {
  const wanted = viewAs<V1ReplicaSet>(set).spec?.replicas ?? 1;
  const active = podsOf(actor, set).filter(isActive);
  for (const pod of active
    .toSorted((one, other) => Number(isReady(one)) - Number(isReady(other)))
    .slice(0, Math.max(0, active.length - wanted))) {
    actor.remove(keyOf('/pods', pod), { preconditions: { uid: pod.metadata.uid ?? '' } });
  }
  try {
    for (let count = active.length; count < wanted; count += 1) createPod(actor, set);
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

function createPod(actor: Actor, set: KubeObject): void {
  const template = set.spec?.['template'] as { metadata?: Record<string, unknown>; spec?: unknown };
  const { creationTimestamp: _none, ...metadata } = template.metadata ?? {};
  actor.create('/pods', set.metadata.namespace ?? '', {
    metadata: { ...metadata, generateName: `${set.metadata.name}-`, ownerReferences: [controllerReference(set)] },
    spec: structuredClone(template.spec),
  });
}

function statusOf(actor: Actor, set: KubeObject, problem: StatusError | undefined) {
  const active = podsOf(actor, set).filter(isActive);
  const ready = active.filter(isReady).length;
  const conditions = Array.isArray(set.status?.['conditions']) ? set.status['conditions'].filter(isFields) : [];
  const others = { conditions: conditions.filter(({ type }) => type !== 'ReplicaFailure') };
  const failure = { type: 'ReplicaFailure', status: 'True' as const, reason: 'FailedCreate', message: problem?.message ?? '' };
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: set.metadata.generation,
    conditions: problem === undefined ? others.conditions : setConditions(set.status, [failure], timeOf(actor.machinery.now())),
  };
}

function podsOf(actor: Actor, { metadata }: KubeObject): KubeObject[] {
  return actor.list('/pods', metadata.namespace).filter((pod) => isControlledBy(pod, metadata.uid));
}

function isActive({ metadata, status }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined && status?.['phase'] !== 'Failed' && status?.['phase'] !== 'Succeeded';
}

function isReady(pod: KubeObject): boolean {
  return viewAs<V1Pod>(pod).status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

import { resourceOf } from '../kinds/kind.ts';
import type { KubeObject, OwnerReference } from '../storage/kube-object.ts';
import { type Change, keyOf, type ObjectKey } from '../storage/object-store.ts';
import { FOREGROUND, ORPHAN } from '../verbs/delete-object.ts';
import type { Actor, Controller } from './controller.ts';

/** Removes objects whose owners are gone, and helps owners that wait for their dependents to go first or to be let go. */
export const garbageCollector: Controller = {
  name: 'generic-garbage-collector',
  concerns: ({ key, object, type }: Change, actor) => {
    const dependents = type === 'ADDED' ? [] : dependentsOf(actor, object).map(({ key: dependent }) => dependent);
    const owners = (object.metadata.ownerReferences ?? []).flatMap(
      (reference) => ownerKey(actor, key.namespace, reference) ?? [],
    );
    return [key, ...dependents, ...owners];
  },
  reconcile(key, actor) {
    const object = actor.read(key);
    if (object === undefined) return;
    const finalizers = object.metadata.finalizers ?? [];
    if (object.metadata.deletionTimestamp !== undefined && finalizers.includes(ORPHAN))
      return orphanDependents(key, object, actor);
    if (object.metadata.deletionTimestamp !== undefined && finalizers.includes(FOREGROUND))
      return deleteDependents(key, object, actor);
    collect(key, object, actor);
  },
};

function dependentsOf(actor: Actor, { metadata }: KubeObject): { key: ObjectKey; object: KubeObject }[] {
  const isDependent = (object: KubeObject) => object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
  return actor.machinery.store.all().filter(({ object }) => isDependent(object));
}

/** Where an owner would be: beside its dependent, unless its kind has no namespaces. `undefined` if that cannot be told. */
function ownerKey(actor: Actor, namespace: string, { apiVersion, kind, name }: OwnerReference): ObjectKey | undefined {
  const known = actor.machinery.kinds.byKind(apiVersion, kind);
  if (known === undefined || (known.namespaced && namespace === '')) return undefined;
  return { resource: resourceOf(known), namespace: known.namespaced ? namespace : '', name };
}

function stateOf(actor: Actor, namespace: string, reference: OwnerReference): 'alive' | 'leaving' | 'gone' {
  const key = ownerKey(actor, namespace, reference);
  if (key === undefined) return 'alive';
  const owner = actor.read(key);
  if (owner === undefined || owner.metadata.uid !== reference.uid) return 'gone';
  const isLeaving = owner.metadata.deletionTimestamp !== undefined && owner.metadata.finalizers?.includes(FOREGROUND) === true;
  return isLeaving ? 'leaving' : 'alive';
}

/** One owner alive is enough; references to those who are not are taken away then. */
function collect(key: ObjectKey, object: KubeObject, actor: Actor): void {
  const references = object.metadata.ownerReferences ?? [];
  if (references.length === 0 || object.metadata.deletionTimestamp !== undefined) return;
  const states = new Map(references.map((reference) => [reference.uid, stateOf(actor, key.namespace, reference)]));
  const others = references.filter(({ uid }) => states.get(uid) !== 'gone');
  if (references.some(({ uid }) => states.get(uid) === 'alive')) {
    if (others.length < references.length) keepOwners(key, actor, others);
    return;
  }
  const waitsForMine = others.length > 0 && dependentsOf(actor, object).length > 0;
  const preconditions = { uid: object.metadata.uid ?? '' };
  actor.remove(key, { propagationPolicy: waitsForMine ? 'Foreground' : 'Background', preconditions });
}

function keepOwners(key: ObjectKey, actor: Actor, ownerReferences: OwnerReference[]): void {
  actor.update(key, (object) => ({ ...object, metadata: { ...object.metadata, ownerReferences } }));
}

function orphanDependents(key: ObjectKey, owner: KubeObject, actor: Actor): void {
  for (const { object, key: dependent } of dependentsOf(actor, owner)) {
    const others = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
    keepOwners(dependent, actor, others);
  }
  actor.dropFinalizer(key, ORPHAN);
}

/** The owner waits only for dependents that say they block it. */
function deleteDependents(key: ObjectKey, owner: KubeObject, actor: Actor): void {
  for (const dependent of dependentsOf(actor, owner)) collect(dependent.key, dependent.object, actor);
  const blocking = dependentsOf(actor, owner).filter(({ object }) =>
    object.metadata.ownerReferences?.some(
      ({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true,
    ),
  );
  if (blocking.length === 0) actor.dropFinalizer(keyOf(key.resource, owner), FOREGROUND);
}

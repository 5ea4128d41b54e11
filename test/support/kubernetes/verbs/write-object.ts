import { ownersAfterUpdate, writeOwners } from '../apply/managed-fields.ts';
import { topologyOf } from '../apply/topology.ts';
import { completeObject } from '../kinds/defaults.ts';
import { apiVersionOf, isCustom, type Kind } from '../kinds/kind.ts';
import { isSame, type KubeObject, type ManagedFieldsEntry } from '../storage/kube-object.ts';
import { checkDecodable, checkValid } from '../validation/check-object.ts';
import { type Caller, type Machinery, storeKey, type Target, timeOf } from './machinery.ts';

/** A change of an object that is there. `managedFields` is given by who keeps the owners itself. */
export type Write = {
  readonly target: Target;
  readonly before: KubeObject;
  readonly after: KubeObject;
  readonly caller: Caller;
  readonly managedFields?: ManagedFieldsEntry[] | undefined;
};

/**
 * Checks and stores a change. Without one nothing is written and the resourceVersion stays. An object that was only
 * waiting for its last finalizer is gone after this.
 *
 * @throws StatusError 400 or 422 for what the kind does not allow
 */
export function writeObject(machinery: Machinery, write: Write): KubeObject {
  const { target, before, caller } = write;
  const { kind, subresource } = target;
  checkDecodable(kind, write.after);
  const after = completeObject(kind, restrict(kind, subresource, before, write.after));
  checkValid(kind, after, before);
  const counted = kind.hasGeneration && !isSame(countedPart(kind, before), countedPart(kind, after));
  const generation = (before.metadata.generation ?? 0) + (counted ? 1 : 0);
  const managedFields = write.managedFields ?? ownersOf(machinery, write, after);
  const metadata = { ...after.metadata, ...(kind.hasGeneration ? { generation } : {}), managedFields };
  const result: KubeObject = { ...after, metadata };
  if (isSame(withoutOwnerTimes(before), withoutOwnerTimes(result))) return before;
  if (caller.dryRun) return result;
  const key = storeKey(target);
  if (!isFinished(result)) return machinery.store.write(key, result);
  return machinery.store.remove(key, result) ?? result;
}

/** Whether nothing keeps a deleted object any more. */
export function isFinished({ metadata, spec, kind }: KubeObject): boolean {
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0) return false;
  if (kind === 'Namespace') return !Array.isArray(spec?.['finalizers']) || spec['finalizers'].length === 0;
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

/** The owners' entries of an object that an updater, not an applier, changed to `after`. */
function ownersOf(machinery: Machinery, { target, before, caller }: Write, after: KubeObject): ManagedFieldsEntry[] {
  const { kind, subresource } = target;
  const writer = {
    manager: caller.fieldManager,
    operation: 'Update' as const,
    apiVersion: apiVersionOf(kind),
    subresource,
    time: timeOf(machinery.now()),
  };
  return writeOwners(ownersAfterUpdate(before, after, writer, topologyOf(kind)));
}

/** Only the part of the object that may be written this way, with what the server keeps of its metadata. */
function restrict(kind: Kind, subresource: string, before: KubeObject, after: KubeObject): KubeObject {
  if (subresource === 'status') return { ...before, ...(after.status === undefined ? {} : { status: after.status }) };
  if (subresource === 'finalize') return { ...before, ...(after.spec === undefined ? {} : { spec: after.spec }) };
  const { status: _status, ...rest } = keepAllocated(kind, before, after);
  const kept = kind.subresources.includes('status') ? before.status : after.status;
  return {
    ...rest,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    ...(kept === undefined ? {} : { status: kept }),
    metadata: keepSystemFields(after.metadata, before.metadata),
  };
}

/** Whoever replaces a Service does not have to know the address it was given. */
function keepAllocated(kind: Kind, before: KubeObject, after: KubeObject): KubeObject {
  if (kind.kind !== 'Service' || after.spec?.['clusterIP'] !== undefined) return after;
  const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy } = before.spec ?? {};
  const allocated = Object.entries({ clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...after, spec: { ...Object.fromEntries(allocated), ...after.spec } };
}

function keepSystemFields(after: KubeObject['metadata'], before: KubeObject['metadata']): KubeObject['metadata'] {
  const { name, namespace, generateName, uid, resourceVersion, generation, creationTimestamp } = before;
  const { deletionTimestamp, deletionGracePeriodSeconds, managedFields } = before;
  const system = {
    ...{ namespace, generateName, uid, resourceVersion, generation, creationTimestamp },
    ...{ deletionTimestamp, deletionGracePeriodSeconds, managedFields },
  };
  const present = Object.fromEntries(Object.entries(system).filter(([, value]) => value !== undefined));
  return { ...after, ...present, name };
}

/** What generation counts: the spec, or of custom resources all but metadata and status. */
function countedPart(kind: Kind, { metadata: _metadata, status: _status, ...rest }: KubeObject): unknown {
  return isCustom(kind) ? rest : rest.spec;
}

function withoutOwnerTimes(object: KubeObject): unknown {
  const owners = (object.metadata.managedFields ?? []).map(({ time: _time, ...entry }) => entry);
  return { ...object, metadata: { ...object.metadata, managedFields: owners } };
}

import { conflict } from '../http/status-error.ts';
import { resourceOf } from '../kinds/kind.ts';
import type { KubeObject } from '../storage/kube-object.ts';
import { type Machinery, storeKey, type Target, timeOf } from './machinery.ts';
import { readObject } from './update-object.ts';
import { isFinished } from './write-object.ts';

/** What may come with a deletion; without a policy the kind's own counts. */
export type DeleteOptions = {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
};

export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

/** What is left: an object that waits for finalizers or for its pod to stop, or one that is gone. */
export type Deletion = { readonly object: KubeObject; readonly isGone: boolean };

/** @throws StatusError 404, or 409 if a precondition does not hold */
export function deleteObject(machinery: Machinery, target: Target, options: DeleteOptions): Deletion {
  const before = readObject(machinery, target);
  assertPreconditions(target, before, options);
  const marked = markDeleted(machinery, target, before, options);
  const isGone = isFinished(marked);
  if (options.dryRun === true) return { object: marked, isGone };
  const key = storeKey(target);
  if (isGone) return { object: machinery.store.remove(key, marked) ?? marked, isGone };
  return { object: isUnchanged(before, marked) ? before : machinery.store.write(key, marked), isGone };
}

function assertPreconditions({ kind, name }: Target, { metadata }: KubeObject, { preconditions = {} }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions;
  const failed = (what: string, wanted: string, found: string | undefined) =>
    conflict(kind, name, `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`);
  if (uid !== undefined && uid !== metadata.uid) throw failed('UID', uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw failed('ResourceVersion', resourceVersion, metadata.resourceVersion);
  }
}

function markDeleted(machinery: Machinery, target: Target, before: KubeObject, options: DeleteOptions): KubeObject {
  const { kind } = target;
  const policy = options.propagationPolicy;
  const own = (before.metadata.finalizers ?? []).filter(
    (name) => policy === undefined || (name !== FOREGROUND && name !== ORPHAN),
  );
  const asked = policy ?? (own.includes(FOREGROUND) || own.includes(ORPHAN) ? undefined : kind.defaultPropagation);
  const added = { Background: undefined, Foreground: FOREGROUND, Orphan: ORPHAN }[asked ?? 'Background'];
  const finalizers = added === undefined ? own : [...own, added];
  const metadata = {
    ...before.metadata,
    ...(kind.hasGeneration && before.metadata.deletionTimestamp === undefined
      ? { generation: (before.metadata.generation ?? 0) + 1 }
      : {}),
    deletionTimestamp: before.metadata.deletionTimestamp ?? timeOf(machinery.now()),
    deletionGracePeriodSeconds: graceOf(target, before, options),
    finalizers,
  };
  const { finalizers: _none, ...withoutFinalizers } = metadata;
  const object = { ...before, metadata: finalizers.length === 0 ? withoutFinalizers : metadata };
  if (kind.kind !== 'Namespace') return object;
  return { ...object, status: { ...before.status, phase: 'Terminating' } };
}

/** Pods get time to stop; asking again may only shorten it. A pod that no node runs has nothing to stop. */
function graceOf({ kind }: Target, before: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  if (resourceOf(kind) !== '/pods') return 0;
  const { spec, status, metadata } = before;
  const isOver = status?.['phase'] === 'Succeeded' || status?.['phase'] === 'Failed';
  if (spec?.['nodeName'] === undefined || isOver) return 0;
  const own = spec['terminationGracePeriodSeconds'];
  const asked = gracePeriodSeconds ?? (typeof own === 'number' ? own : 30);
  return Math.min(asked, metadata.deletionGracePeriodSeconds ?? asked);
}

function isUnchanged({ metadata: one }: KubeObject, { metadata: other }: KubeObject): boolean {
  return (
    one.deletionTimestamp === other.deletionTimestamp &&
    one.deletionGracePeriodSeconds === other.deletionGracePeriodSeconds &&
    (one.finalizers ?? []).join() === (other.finalizers ?? []).join()
  );
}

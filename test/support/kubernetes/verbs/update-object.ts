import { badRequest, conflict, invalid, MODIFIED, notFound } from '../http/status-error.ts';
import { isCustom } from '../kinds/kind.ts';
import type { KubeObject } from '../storage/kube-object.ts';
import { invalidValue } from '../validation/field-error.ts';
import { readBody } from './create-object.ts';
import { type Caller, type Machinery, storeKey, type Target } from './machinery.ts';
import { writeObject } from './write-object.ts';

/** @throws StatusError 404 */
export function readObject(machinery: Machinery, target: Target): KubeObject {
  const object = machinery.store.read(storeKey(target));
  if (object === undefined) throw notFound(target.kind, target.name);
  return object;
}

/**
 * Replaces an object, or its status.
 *
 * @throws StatusError 409 if it states a resourceVersion that is not the newest
 */
export function updateObject(machinery: Machinery, target: Target, body: unknown, caller: Caller): KubeObject {
  const { kind, namespace, name } = target;
  const sent = readBody(kind, namespace, body);
  if (sent.metadata.name !== name) {
    throw badRequest(`the name of the object (${sent.metadata.name ?? ''}) does not match the name on the URL (${name})`);
  }
  const before = readObject(machinery, target);
  if (isCustom(kind) && !sent.metadata.resourceVersion) {
    throw invalid(kind, name, [invalidValue('metadata.resourceVersion', 0, 'must be specified for an update')]);
  }
  assertNewest(target, before, sent);
  return writeObject(machinery, { target, before, after: sent, caller });
}

/** @throws StatusError 409 if `sent` states another resourceVersion or uid than the object has */
export function assertNewest({ kind, name }: Target, before: KubeObject, sent: Pick<KubeObject, 'metadata'>): void {
  const { resourceVersion, uid } = sent.metadata;
  if (uid && uid !== before.metadata.uid) {
    throw conflict(kind, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`);
  }
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) throw conflict(kind, name, MODIFIED);
}

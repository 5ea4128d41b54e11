import { fieldValuesOf } from '../apply/field-values.ts';
import { applyJsonPatch } from '../apply/json-patch.ts';
import { newOwner, writeOwners } from '../apply/managed-fields.ts';
import { applyMergePatch, applyStrategicPatch } from '../apply/merge-patch.ts';
import { applyConfiguration } from '../apply/server-side-apply.ts';
import { topologyOf } from '../apply/topology.ts';
import { badRequest, conflict, MODIFIED, unsupportedMediaType } from '../http/status-error.ts';
import { apiVersionOf, isCustom, type Kind } from '../kinds/kind.ts';
import { type Fields, isFields, type KubeObject } from '../storage/kube-object.ts';
import { checkDecodable } from '../validation/check-object.ts';
import { createObject, readBody } from './create-object.ts';
import { type Caller, type Machinery, storeKey, type Target, timeOf } from './machinery.ts';
import { assertNewest, readObject } from './update-object.ts';
import { writeObject } from './write-object.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
export const APPLY_PATCH = 'application/apply-patch+yaml';

/** A change sent with PATCH. `mediaType` says how the body is meant. */
export type Patch = { readonly mediaType: string; readonly body: unknown; readonly force: boolean };

/** @throws StatusError 400, 404, 409, 415 or 422 */
export function patchObject(machinery: Machinery, target: Target, patch: Patch, caller: Caller): KubeObject {
  assertAccepted(target.kind, patch.mediaType);
  if (patch.mediaType === APPLY_PATCH) return applyObject(machinery, target, patch, caller);
  const before = readObject(machinery, target);
  const after = patched(target.kind, before, patch);
  if (!isFields(after) || !isFields(after['metadata'])) throw badRequest('the patch leaves no object');
  const object = after as KubeObject;
  assertNewest(target, before, object);
  if (object.metadata.name !== target.name) throw badRequest('metadata.name may not be changed');
  return writeObject(machinery, { target, before, after: object, caller });
}

function assertAccepted(kind: Kind, mediaType: string): void {
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(isCustom(kind) ? [] : [STRATEGIC_PATCH]), APPLY_PATCH];
  if (!accepted.includes(mediaType)) throw unsupportedMediaType(accepted);
}

function patched(kind: Kind, before: KubeObject, { mediaType, body }: Patch): unknown {
  if (mediaType === JSON_PATCH) return applyJsonPatch(before, body);
  if (!isFields(body)) throw badRequest('error decoding patch: the patch is not an object');
  if (mediaType === MERGE_PATCH) return applyMergePatch(before, body);
  return applyStrategicPatch(before, body, topologyOf(kind));
}

function applyObject(machinery: Machinery, target: Target, { body, force }: Patch, caller: Caller): KubeObject {
  const { kind, namespace, name, subresource } = target;
  if (isFields(body) && (body['apiVersion'] === undefined || body['kind'] === undefined)) {
    throw badRequest('apiVersion and kind must be set in an applied configuration');
  }
  const sent = readBody(kind, namespace, body);
  if (sent.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  if (sent.metadata.name !== undefined && sent.metadata.name !== name) {
    throw badRequest(`the name of the object (${sent.metadata.name}) does not match the name on the URL (${name})`);
  }
  checkDecodable(kind, sent);
  const applied = ownPart(kind, subresource, sent);
  const topology = topologyOf(kind);
  const writer = {
    manager: caller.fieldManager,
    operation: 'Apply' as const,
    apiVersion: apiVersionOf(kind),
    subresource,
    time: timeOf(machinery.now()),
  };
  const live = machinery.store.read(storeKey(target));
  if (live === undefined) {
    if (sent.metadata.resourceVersion || sent.metadata.uid) throw conflict(kind, name, MODIFIED);
    if (subresource !== '') readObject(machinery, target);
    const paths = new Set(fieldValuesOf(applied, topology).keys());
    const named = { ...applied, metadata: { ...sent.metadata, name } };
    return createObject(machinery, {
      kind,
      namespace,
      body: named,
      caller,
      managedFields: () => writeOwners([newOwner(writer, paths)]),
    });
  }
  assertNewest(target, live, sent);
  const { resourceVersion: _version, uid: _uid, ...metadata } = sent.metadata;
  const merged = applyConfiguration({ live, applied: { ...applied, metadata }, writer, force, topology });
  const { managedFields } = merged.metadata;
  return writeObject(machinery, { target, before: live, after: merged, caller, managedFields });
}

/** What of a configuration counts: the status is applied by its own path only. */
function ownPart(kind: Kind, subresource: string, { status, ...rest }: KubeObject): Fields {
  if (subresource === 'status')
    return { apiVersion: rest.apiVersion, kind: rest.kind, ...(status === undefined ? {} : { status }) };
  return kind.subresources.includes('status') || status === undefined ? rest : { ...rest, status };
}

import { randomUUID } from 'node:crypto';
import { ownersAfterUpdate, writeOwners } from '../apply/managed-fields.ts';
import { topologyOf } from '../apply/topology.ts';
import { alreadyExists, badRequest, invalid } from '../http/status-error.ts';
import { completeObject } from '../kinds/defaults.ts';
import { apiVersionOf, type Kind } from '../kinds/kind.ts';
import { type Fields, isFields, type KubeObject, type ManagedFieldsEntry } from '../storage/kube-object.ts';
import { checkDecodable, checkValid } from '../validation/check-object.ts';
import { required } from '../validation/field-error.ts';
import { type Caller, type Machinery, storeKey, timeOf } from './machinery.ts';
import { randomSuffix } from './random-suffix.ts';

/** A new object. `managedFields` is given by who keeps the owners itself. */
export type Creation = {
  readonly kind: Kind;
  readonly namespace: string;
  readonly body: unknown;
  readonly caller: Caller;
  readonly managedFields?: (object: KubeObject) => ManagedFieldsEntry[];
};

/** @throws StatusError 400, 403, 409 or 422 */
export function createObject(machinery: Machinery, { kind, namespace, body, caller, managedFields }: Creation): KubeObject {
  const sent = readBody(kind, namespace, body);
  checkDecodable(kind, sent);
  const object = completeObject(kind, newObject(machinery, kind, namespace, sent));
  const key = storeKey({ kind, namespace, name: object.metadata.name });
  for (const admit of machinery.admissions) admit(machinery, kind, object);
  checkValid(kind, object, undefined);
  if (machinery.store.read(key) !== undefined) throw alreadyExists(kind, object.metadata.name);
  const writer = {
    manager: caller.fieldManager,
    operation: 'Update' as const,
    apiVersion: apiVersionOf(kind),
    subresource: '',
    time: timeOf(machinery.now()),
  };
  const owners = managedFields?.(object) ?? writeOwners(ownersAfterUpdate(undefined, object, writer, topologyOf(kind)));
  const result = { ...object, metadata: { ...object.metadata, managedFields: owners } };
  return caller.dryRun ? result : machinery.store.write(key, result);
}

/**
 * The body of a request as an object of the kind asked for.
 *
 * @throws StatusError 400 if it says it is something else
 */
export function readBody(kind: Kind, namespace: string, body: unknown): KubeObject {
  if (!isFields(body)) throw badRequest('the object provided is unrecognized (must be of type Object)');
  const { apiVersion = apiVersionOf(kind), kind: name = kind.kind } = body;
  if (apiVersion !== apiVersionOf(kind) || name !== kind.kind) {
    const said = `${String(apiVersion)}, Kind=${String(name)}`;
    throw badRequest(
      `the API version in the data (${said}) does not match the expected API version (${apiVersionOf(kind)}, Kind=${kind.kind})`,
    );
  }
  const metadata: Fields = isFields(body['metadata']) ? withoutNulls(body['metadata']) : {};
  const stated = metadata['namespace'];
  if (kind.namespaced && stated !== undefined && stated !== '' && stated !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  return { ...withoutNulls(body), apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: metadata as KubeObject['metadata'] };
}

/** Clients write fields they do not set as null. */
function withoutNulls(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function newObject(machinery: Machinery, kind: Kind, namespace: string, sent: KubeObject): KubeObject {
  const { generateName, labels, annotations, finalizers, ownerReferences } = sent.metadata;
  const name = sent.metadata.name || (generateName ? `${generateName}${randomSuffix()}` : '');
  if (name === '') throw invalid(kind, '', [required('metadata.name', 'name or generateName is required')]);
  const given = { generateName, labels, annotations, finalizers, ownerReferences };
  const metadata = {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    name,
    ...(kind.namespaced ? { namespace } : {}),
    uid: randomUUID(),
    creationTimestamp: timeOf(machinery.now()),
    ...(kind.hasGeneration ? { generation: 1 } : {}),
  };
  const { status, ...rest } = sent;
  const keepsStatus = status !== undefined && !kind.subresources.includes('status');
  return { ...rest, ...(keepsStatus ? { status } : {}), metadata };
}

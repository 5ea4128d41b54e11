import { randomUUID } from 'node:crypto';
import type { Fields, KubeObject } from '../storage/kube-object.ts';
import { isFields } from '../storage/kube-object.ts';
import { createObject } from '../verbs/create-object.ts';
import { type DeleteOptions, deleteObject } from '../verbs/delete-object.ts';
import { listObjects } from '../verbs/list-objects.ts';
import { type Caller, type Machinery, storeKey, type Target } from '../verbs/machinery.ts';
import { patchObject } from '../verbs/patch-object.ts';
import { readScale, writeScale } from '../verbs/scale-object.ts';
import { parseFieldSelector, parseLabelSelector, type Selector } from '../verbs/selectors.ts';
import { readObject, updateObject } from '../verbs/update-object.ts';
import type { Body } from './read-body.ts';
import type { ResourceRoute } from './route-request.ts';
import { methodNotAllowed } from './status-error.ts';

/** An answer: an object, or text. */
export type Answer = { readonly code: number; readonly body: Fields | string };

/** @throws StatusError whatever the verb refuses */
export function executeVerb(machinery: Machinery, route: ResourceRoute, body: Body, caller: Caller): Answer {
  const { kind, namespace, name, subresource } = route;
  const target: Target = { kind, namespace, name, subresource };
  if (subresource === 'scale') return scale(machinery, route, target, body, caller);
  switch (route.verb) {
    case 'get':
      return { code: 200, body: readObject(machinery, target) };
    case 'list':
      return { code: 200, body: listObjects(machinery, listQuery(route)) };
    case 'create':
      return create(machinery, route, body, caller);
    case 'update':
      return { code: 200, body: updateObject(machinery, target, body.value, caller) };
    case 'patch':
      return patch(machinery, route, target, body, caller);
    case 'delete':
      return remove(machinery, target, deleteOptions(route.query, body.value));
    case 'deletecollection':
      return removeAll(machinery, route, deleteOptions(route.query, body.value));
    default:
      throw methodNotAllowed();
  }
}

/** @throws StatusError 400 for a selector that cannot be read */
export function selectorOf({ query, name }: ResourceRoute): Selector {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
  return (object) => (name === '' || object.metadata.name === name) && labels(object) && fields(object);
}

function listQuery(route: ResourceRoute) {
  const { kind, namespace, query } = route;
  const isSelected = selectorOf(route);
  return { kind, namespace, isSelected, limit: Number(query.get('limit') ?? 0), continueToken: query.get('continue') ?? '' };
}

function create(machinery: Machinery, { kind, namespace, name }: ResourceRoute, body: Body, caller: Caller): Answer {
  if (name !== '') throw methodNotAllowed();
  return { code: 201, body: createObject(machinery, { kind, namespace, body: body.value, caller }) };
}

function patch(machinery: Machinery, route: ResourceRoute, target: Target, body: Body, caller: Caller): Answer {
  const isNew = machinery.store.read(storeKey(target)) === undefined;
  const force = route.query.get('force') === 'true';
  const object = patchObject(machinery, target, { mediaType: body.mediaType, body: body.value, force }, caller);
  return { code: isNew ? 201 : 200, body: object };
}

function scale(machinery: Machinery, { verb }: ResourceRoute, target: Target, body: Body, caller: Caller): Answer {
  if (verb === 'get') return { code: 200, body: readScale(machinery, target) };
  if (verb === 'update' || verb === 'patch') return { code: 200, body: writeScale(machinery, target, body.value, caller) };
  throw methodNotAllowed();
}

function remove(machinery: Machinery, target: Target, options: DeleteOptions): Answer {
  const { object, isGone } = deleteObject(machinery, target, options);
  return { code: 200, body: isGone && target.kind.kind !== 'Pod' ? success(target, object) : object };
}

function success({ kind, name }: Target, { metadata }: KubeObject): Fields {
  const details = { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural, uid: metadata.uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

function removeAll(machinery: Machinery, route: ResourceRoute, options: DeleteOptions): Answer {
  const list = listObjects(machinery, { ...listQuery(route), limit: 0, continueToken: '' });
  for (const { metadata } of list['items'] as KubeObject[]) {
    const target = { kind: route.kind, namespace: metadata.namespace ?? '', name: metadata.name, subresource: '' };
    deleteObject(machinery, target, options);
  }
  return { code: 200, body: list };
}

function deleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const sent = isFields(body)
    ? (Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) as DeleteOptions)
    : {};
  const policy = query.get('propagationPolicy');
  const grace = query.get('gracePeriodSeconds');
  const dryRun = [sent.dryRun ?? []].flat().length > 0 || query.get('dryRun') === 'All';
  return {
    ...sent,
    ...(policy === null ? {} : { propagationPolicy: policy as 'Background' }),
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    dryRun,
  };
}

/** Says whether the caller may do something. @param isAllowed by what an attempt is judged */
export function reviewAccess(body: unknown, isAllowed: (attributes: Readonly<Record<string, string>>) => boolean): Answer {
  const spec = isFields(body) && isFields(body['spec']) ? body['spec'] : {};
  const attributes = isFields(spec['resourceAttributes']) ? (spec['resourceAttributes'] as Record<string, string>) : {};
  const metadata = { uid: randomUUID(), creationTimestamp: null };
  const review = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', metadata, spec };
  return { code: 201, body: { ...review, status: { allowed: isAllowed(attributes) } } };
}

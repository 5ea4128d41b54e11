import { PatchStrategy, setHeaderOptions, type V1ConfigMap, type V1OwnerReference } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { openTestCluster, refusalOf, until, untilGone } from '../support/kubernetes/test-cluster.ts';

const cluster = await openTestCluster();
const { clients, namespace } = cluster;

const make = (name: string, metadata: object = {}, where = namespace) =>
  clients.core.createNamespacedConfigMap({ namespace: where, body: { metadata: { name, ...metadata } } });
const read = (name: string, where = namespace) => clients.core.readNamespacedConfigMap({ namespace: where, name });
const remove = (name: string, options: object = {}) => clients.core.deleteNamespacedConfigMap({ namespace, name, ...options });
const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const setFinalizers = (name: string, finalizers: string[]) =>
  clients.core.patchNamespacedConfigMap({ namespace, name, body: { metadata: { finalizers } } }, mergePatch);

const ownedBy = ({ metadata }: V1ConfigMap, more: Partial<V1OwnerReference> = {}) => ({
  ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: metadata?.name ?? '', uid: metadata?.uid ?? '', ...more }],
});

describe('deletion', () => {
  test('an object with a finalizer stays until that is taken away', async () => {
    await make('held', { finalizers: ['example.com/hold'] });
    await remove('held');
    expect((await read('held')).metadata?.deletionTimestamp).toBeInstanceOf(Date);
    expect(await refusalOf(setFinalizers('held', ['example.com/hold', 'example.com/more']))).toMatchObject({ code: 422 });
    await setFinalizers('held', []);
    expect(await refusalOf(read('held'))).toMatchObject({ code: 404 });
  });

  test('a precondition that does not hold is a conflict', async () => {
    await make('conditional');
    const refusal = await refusalOf(
      remove('conditional', { body: { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } } }),
    );
    expect(refusal).toMatchObject({ code: 409, reason: 'Conflict' });
    const { metadata } = await read('conditional');
    await remove('conditional', { body: { preconditions: { uid: metadata?.uid, resourceVersion: metadata?.resourceVersion } } });
    expect(await refusalOf(read('conditional'))).toMatchObject({ code: 404 });
  });

  test('dependents follow their owner', async () => {
    const owner = await make('owner');
    await make('dependent', ownedBy(owner));
    await remove('owner', { propagationPolicy: 'Background' });
    await untilGone(() => read('dependent'));
  });

  test('an owner waits for dependents that block it, if it is deleted in the foreground', async () => {
    const owner = await make('front');
    await make('front-part', { ...ownedBy(owner, { blockOwnerDeletion: true }), finalizers: ['example.com/hold'] });
    await remove('front', { propagationPolicy: 'Foreground' });
    await until(async () => (await read('front-part')).metadata?.deletionTimestamp !== undefined);
    expect((await read('front')).metadata?.finalizers).toContain('foregroundDeletion');
    await setFinalizers('front-part', []);
    await untilGone(() => read('front'));
  });

  test('orphaned dependents stay and forget their owner', async () => {
    const owner = await make('parent');
    await make('orphan', ownedBy(owner));
    await remove('parent', { propagationPolicy: 'Orphan' });
    await untilGone(() => read('parent'));
    expect((await read('orphan')).metadata?.ownerReferences ?? []).toEqual([]);
  });

  test('an object whose owner never was is collected', async () => {
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: '00000000-0000-0000-0000-000000000000' };
    await make('dangling', { ownerReferences: [reference] });
    await untilGone(() => read('dangling'));
  });

  test('an owner in another namespace is none', async () => {
    const other = await cluster.makeNamespace();
    const owner = await make('far', {}, other);
    await make('near', ownedBy(owner));
    await untilGone(() => read('near'));
    expect((await read('far', other)).metadata?.name).toBe('far');
  });

  test('a namespace goes with everything in it, and nothing is made in it meanwhile', async () => {
    const other = await cluster.makeNamespace();
    await make('content', { finalizers: ['example.com/hold'] }, other);
    await clients.core.deleteNamespace({ name: other });
    await until(async () => (await read('content', other)).metadata?.deletionTimestamp !== undefined);
    expect((await clients.core.readNamespace({ name: other })).status?.phase).toBe('Terminating');
    const refusal = await refusalOf(make('late', {}, other));
    expect(refusal).toMatchObject({ code: 403, reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } });
    await clients.core.patchNamespacedConfigMap(
      { namespace: other, name: 'content', body: { metadata: { finalizers: [] } } },
      mergePatch,
    );
    await untilGone(() => clients.core.readNamespace({ name: other }));
  });

  test('a collection is deleted by its labels', async () => {
    await make('goes', { labels: { fate: 'goes' } });
    await make('stays', { labels: { fate: 'stays' } });
    await clients.core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'fate=goes' });
    await untilGone(() => read('goes'));
    expect((await read('stays')).metadata?.name).toBe('stays');
  });
});

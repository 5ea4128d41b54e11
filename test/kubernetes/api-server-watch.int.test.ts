import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { openTestCluster } from '../support/kubernetes/test-cluster.ts';
import { watchEvents } from '../support/kubernetes/watch-events.ts';

const cluster = await openTestCluster();
const { clients, namespace } = cluster;

const make = (name: string, labels: Record<string, string>) =>
  clients.core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } });
const relabel = (name: string, labels: Record<string, string>) =>
  clients.core.patchNamespacedConfigMap(
    { namespace, name, body: { metadata: { labels } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
const newest = async () => (await clients.core.listNamespacedConfigMap({ namespace })).metadata?.resourceVersion ?? '';
const path = () => `/api/v1/namespaces/${namespace}/configmaps`;

test('a watch tells every change after a version, in order', async () => {
  const resourceVersion = await newest();
  await make('told', { run: 'told' });
  await using watch = await watchEvents(cluster.config, path(), { resourceVersion, labelSelector: 'run=told' });
  await relabel('told', { more: 'yes' });
  await clients.core.deleteNamespacedConfigMap({ namespace, name: 'told' });
  const events = await watch.take(3);
  expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  const versions = events.map(({ object }) => Number(object.metadata?.resourceVersion));
  expect(versions).toEqual(versions.toSorted((one, other) => one - other));
});

test('without a version a watch begins with what is there', async () => {
  await make('there', { run: 'there' });
  await using watch = await watchEvents(cluster.config, path(), { labelSelector: 'run=there' });
  expect(await watch.take(1)).toMatchObject([{ type: 'ADDED', object: { metadata: { name: 'there' } } }]);
});

test('an object that leaves the selection is told as deleted, and as added when it comes back', async () => {
  await make('mover', { run: 'mover' });
  const resourceVersion = await newest();
  await using watch = await watchEvents(cluster.config, path(), { resourceVersion, labelSelector: 'run=mover' });
  await relabel('mover', { run: 'away' });
  await relabel('mover', { run: 'mover' });
  expect((await watch.take(2)).map(({ type }) => type)).toEqual(['DELETED', 'ADDED']);
});

test('a watch of one name tells of nothing else', async () => {
  const resourceVersion = await newest();
  await using watch = await watchEvents(cluster.config, path(), { resourceVersion, fieldSelector: 'metadata.name=only' });
  await make('unheard', {});
  await make('only', {});
  expect(await watch.take(1)).toMatchObject([{ object: { metadata: { name: 'only' } } }]);
});

test('a watch ends when its time is over, with a bookmark where that is allowed', async () => {
  const resourceVersion = await newest();
  await using watch = await watchEvents(cluster.config, path(), {
    resourceVersion,
    allowWatchBookmarks: true,
    timeoutSeconds: 2,
    labelSelector: 'run=none',
  });
  expect(await watch.ended).toBeNull();
  const bookmarks = watch.seen.filter(({ type }) => type === 'BOOKMARK');
  expect(watch.seen).toEqual(bookmarks);
});

test('initial events are closed by a bookmark', async () => {
  await make('initial', { run: 'initial' });
  const query = {
    labelSelector: 'run=initial',
    sendInitialEvents: true,
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: true,
  };
  await using watch = await watchEvents(cluster.config, path(), query);
  const events = await watch.take(2);
  expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']);
  expect(events[1]?.object.metadata?.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
});

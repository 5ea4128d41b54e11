import { randomBytes } from 'node:crypto';
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineKind } from '../support/kubernetes/addons/define-kind.ts';
import {
  type Clients,
  refusalOf,
  startTestCluster,
  type TestCluster,
  until,
  untilGone,
} from '../support/kubernetes/test-cluster.ts';

/** A group of its own, so that no other run meets these kinds. */
const group = `t${randomBytes(3).toString('hex')}.wcr.test`;
const version = 'v1alpha1';
const plural = 'widgets';
const apiVersion = `${group}/${version}`;

let cluster: TestCluster;
let clients: Clients;
let namespace: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  ({ clients, namespace } = cluster);
  const spec = {
    type: 'object',
    required: ['size'],
    properties: {
      size: { type: 'integer', minimum: 1 },
      colour: { type: 'string', enum: ['red', 'blue'], default: 'red' },
      cloneId: {
        type: 'string',
        pattern: '^clone-',
        'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'cloneId is immutable' }],
      },
      parts: {
        type: 'array',
        items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, count: { type: 'integer' } } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      },
    },
  };
  const definition = defineKind({ group, version, kind: 'Widget', plural, spec });
  await install(definition);
  await until(async () => {
    const { status } = await clients.definitions.readCustomResourceDefinition({ name: `${plural}.${group}` });
    return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') === true;
  });
  await until(async () => (await clients.custom.listNamespacedCustomObject({ ...place() })) !== undefined);
});

afterAll(async () => {
  await clients.definitions.deleteCustomResourceDefinition({ name: `${plural}.${group}` });
  await cluster[Symbol.asyncDispose]();
});

/** As it stands: the typed client knows a schema's `default` and `enum` by other names. */
const install = (body: object) =>
  clients.custom.createClusterCustomObject({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    body,
  });
const place = () => ({ group, version, plural, namespace });
const widget = (name: string, spec: object) => ({ apiVersion, kind: 'Widget', metadata: { name }, spec });
const create = (name: string, spec: object) =>
  clients.custom.createNamespacedCustomObject({ ...place(), body: widget(name, spec) });
const patch = (name: string, body: object, strategy: string) =>
  clients.custom.patchNamespacedCustomObject(
    { ...place(), name, body, fieldManager: 'tester' },
    setHeaderOptions('Content-Type', strategy),
  );

test('a kind of its own is kept, with defaults and a generation', async () => {
  expect(await create('plain', { size: 1 })).toMatchObject({ spec: { size: 1, colour: 'red' }, metadata: { generation: 1 } });
  expect(await patch('plain', { spec: { size: 2 } }, PatchStrategy.MergePatch)).toMatchObject({
    spec: { size: 2 },
    metadata: { generation: 2 },
  });
  expect(await patch('plain', { metadata: { labels: { a: 'b' } } }, PatchStrategy.MergePatch)).toMatchObject({
    metadata: { generation: 2 },
  });
});

test('what breaks the schema is refused, each field by itself', async () => {
  const refusal = await refusalOf(create('wrong', { size: 0, colour: 'green', cloneId: 'other' }));
  expect(refusal).toMatchObject({ code: 422, reason: 'Invalid' });
  expect(refusal.details?.causes?.map(({ field }) => field).sort()).toEqual(['spec.cloneId', 'spec.colour', 'spec.size']);
  expect((await refusalOf(create('empty', {}))).details?.causes).toMatchObject([
    { field: 'spec.size', reason: 'FieldValueRequired' },
  ]);
});

test('a rule on changes holds for changes only', async () => {
  await create('ruled', { size: 1, cloneId: 'clone-1' });
  const refusal = await refusalOf(patch('ruled', { spec: { cloneId: 'clone-2' } }, PatchStrategy.MergePatch));
  expect(refusal.details?.causes).toMatchObject([
    { field: 'spec.cloneId', message: expect.stringContaining('cloneId is immutable') },
  ]);
});

test('strategic merge is nothing for it', async () => {
  await create('strategic', { size: 1 });
  const refusal = await refusalOf(patch('strategic', { spec: { size: 2 } }, PatchStrategy.StrategicMergePatch));
  expect(refusal).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
});

test('it is applied, its lists by the keys of the schema', async () => {
  await patch('applied', widget('applied', { size: 1, parts: [{ name: 'wheel', count: 4 }] }), PatchStrategy.ServerSideApply);
  const parts = [{ name: 'door', count: 2 }];
  const both = await clients.custom.patchNamespacedCustomObject(
    { ...place(), name: 'applied', body: widget('applied', { parts }), fieldManager: 'other' },
    setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
  );
  expect((both as { spec: { parts: { name: string }[] } }).spec.parts.map(({ name }) => name).sort()).toEqual(['door', 'wheel']);
});

test('its status is written by its own path, and nothing else that way', async () => {
  await create('stated', { size: 1 });
  const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  const body = { status: { state: 'ACTIVE' }, spec: { size: 9 } };
  const stated = await clients.custom.patchNamespacedCustomObjectStatus({ ...place(), name: 'stated', body }, options);
  expect(stated).toMatchObject({ status: { state: 'ACTIVE' }, spec: { size: 1 }, metadata: { generation: 1 } });
  expect(await patch('stated', { status: { state: 'OTHER' } }, PatchStrategy.MergePatch)).toMatchObject({
    status: { state: 'ACTIVE' },
  });
});

test('a replacement has to state what it replaces', async () => {
  await create('replaced', { size: 1 });
  const request = clients.custom.replaceNamespacedCustomObject({
    ...place(),
    name: 'replaced',
    body: widget('replaced', { size: 2 }),
  });
  expect((await refusalOf(request)).details?.causes).toMatchObject([{ field: 'metadata.resourceVersion' }]);
});

test('a kind that is deleted takes its objects along', async () => {
  const other = { group, version, kind: 'Gadget', plural: 'gadgets' };
  await install(defineKind(other));
  const at = { ...place(), plural: 'gadgets' };
  const body = { apiVersion, kind: 'Gadget', metadata: { name: 'any' }, anything: { goes: true } };
  await until(async () => (await clients.custom.createNamespacedCustomObject({ ...at, body })) !== undefined);
  await clients.definitions.deleteCustomResourceDefinition({ name: `gadgets.${group}` });
  await untilGone(() => clients.custom.getNamespacedCustomObject({ ...at, name: 'any' }));
  await untilGone(() => clients.definitions.readCustomResourceDefinition({ name: `gadgets.${group}` }));
});

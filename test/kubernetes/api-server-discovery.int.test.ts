import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { ApisApi, AppsV1Api, CoreV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestCluster, type TestCluster } from '../support/kubernetes/test-cluster.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
});

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

test('the server says that it is well', async () => {
  for (const path of ['/healthz', '/readyz', '/livez']) expect(await get(path)).toEqual({ code: 200, body: 'ok' });
});

test('the groups are listed with their versions', async () => {
  const { groups } = await cluster.config.makeApiClient(ApisApi).getAPIVersions();
  const versions = groups.map(({ preferredVersion }) => preferredVersion?.groupVersion);
  expect(versions).toEqual(
    expect.arrayContaining(['apps/v1', 'batch/v1', 'networking.k8s.io/v1', 'rbac.authorization.k8s.io/v1', 'policy/v1']),
  );
});

test('each kind is listed with its verbs, its scope and its parts', async () => {
  const core = await cluster.config.makeApiClient(CoreV1Api).getAPIResources();
  const find = (name: string) => core.resources.find((resource) => resource.name === name);
  expect(find('pods')).toMatchObject({
    kind: 'Pod',
    namespaced: true,
    shortNames: ['po'],
    verbs: expect.arrayContaining(['get', 'list', 'watch', 'patch']),
  });
  expect(find('namespaces')).toMatchObject({ kind: 'Namespace', namespaced: false });
  const apps = await cluster.config.makeApiClient(AppsV1Api).getAPIResources();
  expect(apps.resources.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['deployments', 'deployments/scale', 'deployments/status']),
  );
});

test('a path that nobody serves is not found', async () => {
  expect((await get('/apis/no.such/v1')).code).toBe(404);
});

async function get(path: string): Promise<{ code: number | undefined; body: string }> {
  const options = {};
  await cluster.config.applyToHTTPSOptions(options);
  const sent = request(new URL(path, cluster.config.getCurrentCluster()?.server), options);
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { code: response.statusCode, body: await text(response) };
}

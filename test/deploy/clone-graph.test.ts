import { parseEnv } from '@wcr/shared/config/parse-env';
import { renderKroInstance } from '@wcr/worker/drivers/runtime/kubernetes/kro-instance';
import { kubernetesRuntimeConfig } from '@wcr/worker/drivers/runtime/kubernetes/kubernetes-runtime.config';
import { type CloneWorkload, renderObjects } from '@wcr/worker/drivers/runtime/kubernetes/manifests';
import { describe, expect, it } from 'vitest';
import { expressionsIn, mentions } from '../support/kubernetes/addons/kro/expressions.ts';
import { BUILDING, buildManifests, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import { type Observed, type Rendered, renderGraph } from '../support/manifests/kro-graph.ts';
import type { Manifest } from '../support/manifests/manifest.ts';
import { validateManifest } from '../support/manifests/validate-manifest.ts';

const ID = 'clone-20261126-012345-ab12';
const EXPIRES_AT = Date.parse('2026-11-26T03:23:45.678Z');
const ENV = { WCR_KUBERNETES_IMAGE: 'ghcr.io/wp-clone-restore/wordpress-clone:0.1.0' };
const SHARED = { host: 'db.internal:3306', name: 'wcr_clone', user: 'wcr_clone' };
const READY: Observed = { Deployment: { status: { readyReplicas: 1 } } };
const ENDPOINT: Observed = {
  DBInstance: { status: { dbInstanceStatus: 'available', endpoint: { address: 'db.example', port: 3306 } } },
};
/** Names that kro keeps for itself. */
const RESERVED = [
  'each',
  'graph',
  'instance',
  'item',
  'items',
  'kind',
  'metadata',
  'namespace',
  'object',
  'resource',
  'resources',
];
const ALSO_RESERVED = ['root', 'runtime', 'schema', 'self', 'spec', 'status', 'this', 'variables', 'version', 'context', 'kro'];

const readGraph = async (component = 'kro'): Promise<Manifest> => {
  const found = (await buildManifests('base', [component])).find(({ kind }) => kind === 'ResourceGraphDefinition');
  if (!found) throw new Error('there is no graph');
  return found;
};

/** A clone as the worker asks for it, by its settings. */
function workloadOf(env: Readonly<Record<string, string>>, url = `https://clones.example.com/${ID}`): CloneWorkload {
  const settings = parseEnv(kubernetesRuntimeConfig, { ...ENV, ...env });
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: ID, uid: 'an-uid' };
  return { owner, url, settings: { ...settings, cloneImage: settings.cloneImage ?? '' } };
}
const instanceOf = (clone: CloneWorkload): Manifest => {
  const database = clone.settings.cloneDatabase === 'shared' ? SHARED : undefined;
  return renderKroInstance(clone, { expiresAt: EXPIRES_AT, database }) as Manifest;
};
const render = async (clone: CloneWorkload, observed: Observed = READY, component?: string): Promise<Rendered> =>
  renderGraph(await readGraph(component), { name: ID, namespace: 'wp-clones', spec: instanceOf(clone)['spec'] }, observed);
const renderSpec = async (spec: object): Promise<Rendered> => {
  const whole = { ...instanceOf(workloadOf({}))['spec'], ...spec };
  return renderGraph(await readGraph(), { name: ID, namespace: 'wp-clones', spec: whole }, READY);
};
const kindsOf = ({ objects }: Rendered) => objects.map(({ kind }) => kind).sort();
const pick = ({ objects }: Rendered, kind: string): Manifest => {
  const found = objects.find((object) => object.kind === kind);
  if (!found) throw new Error(`no ${kind} was made`);
  return found;
};
/** What a cluster would take; a status is the cluster's to write. */
const problemsOf = ({ objects }: Rendered) => objects.flatMap(({ status: _, ...object }) => validateManifest(object as Manifest));
const hostOf = (rendered: Rendered) =>
  pick(rendered, 'Deployment').metadata.annotations?.['clones.wp-clone-restore.dev/database-host'];

/** An empty list of containers before the others is as good as none. */
function withoutEmpty(object: Manifest): Manifest {
  if (object.kind !== 'Deployment') return object;
  const copy = structuredClone(object) as Manifest & { spec: { template: { spec: { initContainers?: unknown[] } } } };
  if (copy.spec.template.spec.initContainers?.length === 0) delete copy.spec.template.spec.initContainers;
  return copy;
}

/** What stays of an object when it is compared: kro names the namespace and owns it, the worker's client and the root do that. */
function comparable({ metadata, status: _, ...object }: Manifest): object {
  const { namespace: __, ownerReferences: ___, annotations: ____, ...rest } = metadata as Record<string, unknown>;
  return { ...object, metadata: rest };
}
const byKind = (objects: readonly Manifest[]) => Object.fromEntries(objects.map((object) => [object.kind, comparable(object)]));

describe.skipIf(skipsWithoutKubectl())('a clone as one resource', BUILDING, () => {
  it.each<[string, Record<string, string>, string?]>([
    ['with the shared database', {}],
    ['behind an Ingress', { WCR_KUBERNETES_ROUTING: 'ingress' }],
    ['behind an Ingress of a class', { WCR_KUBERNETES_ROUTING: 'ingress', WCR_KUBERNETES_INGRESS_CLASS: 'nginx' }],
    ['without a route', { WCR_KUBERNETES_ROUTING: 'none' }],
    ['on a host of its own', { WCR_KUBERNETES_ENTRY_POINTS: 'web,websecure' }, `https://${ID}.clones.example.com`],
    ['with files that outlive its pod', { WCR_KUBERNETES_STORAGE: 'pvc', WCR_KUBERNETES_STORAGE_SIZE: '2Gi' }],
    ['on a volume of a class', { WCR_KUBERNETES_STORAGE: 'pvc', WCR_KUBERNETES_STORAGE_CLASS: 'gp3' }],
    ['with other resources', { WCR_KUBERNETES_CPU: '1', WCR_KUBERNETES_MEMORY: '1Gi', WCR_KUBERNETES_MEMORY_LIMIT: '2Gi' }],
  ])('%s becomes what the worker makes by itself', async (_, env, url) => {
    const clone = workloadOf(env, url);
    for (const component of ['kro', 'kro-without-ack']) {
      const rendered = await render(clone, READY, component);
      expect(problemsOf(rendered)).toEqual([]);
      expect(byKind(rendered.objects.map(withoutEmpty))).toEqual(byKind(renderObjects(clone) as Manifest[]));
    }
  });

  it.each(['emptyDir', 'pvc'])('with a database in its pod has the worker’s, files in a %s', async (storage) => {
    const clone = workloadOf({ WCR_KUBERNETES_DATABASE: 'sidecar', WCR_KUBERNETES_STORAGE: storage });
    const rendered = await render(clone);
    expect(problemsOf(rendered)).toEqual([]);
    const { spec } = pick(rendered, 'Deployment')['spec'].template;
    const own = renderObjects(clone).find(({ kind }) => kind === 'Deployment') as Manifest;
    expect(spec).toEqual(own['spec'].template.spec);
    expect(hostOf(rendered)).toBe('localhost:/run/mysqld/mysqld.sock');
  });

  it('with a database of its own waits for its address, and then for nothing else', async () => {
    const clone = workloadOf({
      WCR_KUBERNETES_DATABASE: 'dedicated',
      WCR_KUBERNETES_DEDICATED_SUBNETS: 'clones',
      WCR_KUBERNETES_DEDICATED_SECURITY_GROUPS: 'sg-1',
    });
    const creating = await render(clone, {});
    expect(kindsOf(creating)).toEqual(['DBInstance', 'IngressRoute', 'Service']);
    expect(problemsOf(creating)).toEqual([]);
    expect(creating.nodes.get('deployment')).toEqual({ is: 'waiting', reason: 'databases is not ready' });
    const ready = await render(clone, { ...READY, ...ENDPOINT });
    expect(kindsOf(ready)).toEqual(['DBInstance', 'Deployment', 'IngressRoute', 'Service']);
    expect(problemsOf(ready)).toEqual([]);
    expect(pick(ready, 'DBInstance')['spec']).toMatchObject({
      dbName: 'wordpress',
      masterUsername: 'wordpress',
      vpcSecurityGroupIDs: ['sg-1'],
      masterUserPassword: { namespace: 'wp-clones', name: ID, key: 'database-password' },
    });
    expect(ready.status).toMatchObject({ databaseHost: 'db.example:3306', databaseStatus: 'available', readyReplicas: 1 });
  });

  it('tells where it and its database are', async () => {
    const rendered = await render(workloadOf({}));
    expect(hostOf(rendered)).toBe(SHARED.host);
    expect(rendered.status).toMatchObject({ url: `https://clones.example.com/${ID}/`, databaseStatus: '' });
  });

  it.each<[string, object, RegExp]>([
    ['an id that is no clone id', { cloneId: 'shop' }, /cloneId/],
    ['an unknown database mode', { database: { mode: 'own' } }, /mode/],
    ['a misspelt field', { databse: {} }, /databse/],
    ['a text for a number', { database: { allocatedStorage: '20' } }, /allocatedStorage/],
  ])('with %s is refused', async (_, spec, complaint) => {
    await expect(renderSpec(spec)).rejects.toThrow(complaint);
  });

  it('with a dedicated database is refused where there is no ACK', async () => {
    await expect(render(workloadOf({ WCR_KUBERNETES_DATABASE: 'dedicated' }), READY, 'kro-without-ack')).rejects.toThrow(/mode/);
  });

  it('needs to say no more than what has no default', async () => {
    const { cloneId, url, image, expiresAt } = instanceOf(workloadOf({}))['spec'];
    const graph = await readGraph();
    const spec = { cloneId, url, image, expiresAt, routing: { host: 'clones.example.com' } };
    expect(problemsOf(renderGraph(graph, { name: ID, namespace: 'wp-clones', spec }, READY))).toEqual([]);
  });
});

describe.skipIf(skipsWithoutKubectl())('the graph', BUILDING, () => {
  it('uses none of the names kro keeps for itself, and refers to nothing that is not there', async () => {
    for (const component of ['kro', 'kro-without-ack']) {
      const graph = await readGraph(component);
      const ids: string[] = graph['spec'].resources.map(({ id }: { id: string }) => id);
      for (const id of ids) expect([...RESERVED, ...ALSO_RESERVED]).not.toContain(id);
      const status = expressionsIn(graph['spec'].schema.status);
      expect(ids.includes('databases') || status.every((expression) => !mentions(expression, 'databases'))).toBe(true);
    }
  });

  it('lets a resource decide about its own readiness only', async () => {
    const graph = await readGraph();
    const ids: string[] = graph['spec'].resources.map(({ id }: { id: string }) => id);
    for (const { id, readyWhen } of graph['spec'].resources) {
      const others = expressionsIn(readyWhen ?? [])
        .flatMap((expression) => ids.filter((id: string) => mentions(expression, id)))
        .filter((name) => name !== id);
      expect(others).toEqual([]);
    }
  });
});

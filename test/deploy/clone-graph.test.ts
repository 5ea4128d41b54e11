import { describe, expect, it } from 'vitest';
import { BUILDING, buildManifests, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import { expressionsOf, variablesOf } from '../support/manifests/kro-expressions.ts';
import { type Observed, type Rendered, renderGraph } from '../support/manifests/kro-graph.ts';
import type { Manifest } from '../support/manifests/manifest.ts';
import { containersOf, podsOf } from '../support/manifests/pods.ts';
import { validateManifest } from '../support/manifests/validate-manifest.ts';

const ID = 'clone-20261126-012345-ab12';
const SPEC = {
  cloneId: ID,
  clonesUrl: 'https://clones.example.com',
  image: 'ghcr.io/wp-clone-restore/clone:0.1.0',
  expiresAt: '2026-11-26T03:23:45Z',
  record: '{"owner":"alice"}',
};
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
  const found = (await buildManifests('', [component])).find(({ kind }) => kind === 'ResourceGraphDefinition');
  if (!found) throw new Error('there is no graph');
  return found;
};
const render = async (spec: object, observed: Observed = READY, component?: string): Promise<Rendered> =>
  renderGraph(await readGraph(component), { name: ID, namespace: 'wp-clones', spec: { ...SPEC, ...spec } }, observed);
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

describe.skipIf(skipsWithoutKubectl())('a clone as one resource', BUILDING, () => {
  it.each<[string, object, string[]]>([
    [
      'with the shared database',
      { database: { host: 'db.internal:3306' } },
      ['ConfigMap', 'Deployment', 'IngressRoute', 'Service'],
    ],
    ['with a database in its pod', { database: { mode: 'sidecar' } }, ['ConfigMap', 'Deployment', 'IngressRoute', 'Service']],
    ['behind an Ingress', { routing: { kind: 'ingress' } }, ['ConfigMap', 'Deployment', 'Ingress', 'Service']],
    ['without a route', { routing: { kind: 'none' } }, ['ConfigMap', 'Deployment', 'Service']],
    [
      'with files that outlive its pod',
      { storage: { kind: 'pvc', size: '2Gi' } },
      ['ConfigMap', 'Deployment', 'IngressRoute', 'PersistentVolumeClaim', 'Service'],
    ],
  ])('%s becomes objects a cluster takes', async (_, spec, kinds) => {
    for (const component of ['kro', 'kro-without-ack']) {
      const rendered = await render(spec, READY, component);
      expect(kindsOf(rendered)).toEqual(kinds);
      expect(problemsOf(rendered)).toEqual([]);
    }
  });

  it('with a database of its own waits for its address, and then for nothing else', async () => {
    const spec = { database: { mode: 'dedicated', name: 'shop', subnetGroupName: 'clones', securityGroupIds: ['sg-1'] } };
    const creating = await render(spec, {});
    expect(kindsOf(creating)).toEqual(['ConfigMap', 'DBInstance', 'IngressRoute', 'Service']);
    expect(problemsOf(creating)).toEqual([]);
    expect(creating.nodes.get('deployment')).toEqual({ is: 'waiting', reason: 'databases is not ready' });
    const ready = await render(spec, { ...READY, ...ENDPOINT });
    expect(kindsOf(ready)).toContain('Deployment');
    expect(problemsOf(ready)).toEqual([]);
    expect(pick(ready, 'DBInstance')['spec']).toMatchObject({ dbName: 'shop', vpcSecurityGroupIDs: ['sg-1'] });
    expect(ready.status).toMatchObject({ databaseHost: 'db.example:3306', databaseStatus: 'available', readyReplicas: 1 });
  });

  it('tells where its database is', async () => {
    expect(hostOf(await render({ database: { host: 'db.internal:3306' } }))).toBe('db.internal:3306');
    expect(hostOf(await render({ database: { mode: 'sidecar' } }))).toBe('127.0.0.1:3306');
    expect((await render({})).status).toMatchObject({ url: `https://clones.example.com/${ID}/`, databaseStatus: '' });
  });

  it('names everything as the clone and labels it alike', async () => {
    const rendered = await render({ storage: { kind: 'pvc' }, database: { mode: 'dedicated' } }, { ...READY, ...ENDPOINT });
    for (const { metadata } of rendered.objects) {
      expect(metadata).toMatchObject({ name: ID, namespace: 'wp-clones' });
      expect(metadata.labels).toEqual({
        'app.kubernetes.io/name': 'wordpress-clone',
        'app.kubernetes.io/instance': ID,
        'app.kubernetes.io/component': expect.stringMatching(/^(record|web|files|database)$/),
        'app.kubernetes.io/part-of': 'wp-clone-restore',
        'app.kubernetes.io/managed-by': 'wp-clone-restore',
      });
    }
    expect(pick(rendered, 'ConfigMap').metadata.annotations?.['clones.wp-clone-restore.dev/record']).toBe(SPEC.record);
  });

  it('is served below its id, with the prefix kept', async () => {
    const route = pick(await render({ routing: { host: 'c.example' } }), 'IngressRoute');
    expect(route['spec'].routes).toEqual([
      {
        kind: 'Rule',
        match: `Host(\`c.example\`) && (Path(\`/${ID}\`) || PathPrefix(\`/${ID}/\`))`,
        services: [{ name: ID, port: 'http' }],
      },
    ]);
    const [rule] = pick(await render({ routing: { kind: 'ingress' } }), 'Ingress')['spec'].rules;
    expect(rule.http.paths[0]).toMatchObject({ path: `/${ID}`, pathType: 'Prefix', backend: { service: { name: ID } } });
  });

  it('keeps to what its image was made for', async () => {
    const rendered = await render({});
    const [pod] = podsOf(rendered.objects);
    expect(pod?.spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 33, runAsGroup: 33, fsGroup: 33 },
      volumes: expect.arrayContaining([
        { name: 'html', emptyDir: { sizeLimit: '5Gi' } },
        { name: 'agent', secret: { secretName: ID, items: [{ key: 'agent.php', path: 'agent.php' }] } },
      ]),
    });
    const [wordpress] = pod?.spec.containers ?? [];
    expect(wordpress).toMatchObject({
      name: 'wordpress',
      ports: [{ name: 'http', containerPort: 8080 }],
      env: [{ name: 'WCR_CLONE_ID', value: ID }],
      startupProbe: { httpGet: { path: '/healthz' } },
      livenessProbe: { httpGet: { path: '/healthz' } },
      readinessProbe: { httpGet: { path: `/${ID}/.wcr/ready` } },
    });
    const mounts = wordpress.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath).sort();
    expect(mounts).toEqual(['/etc/wcr', '/run/wcr', '/tmp', '/var/www/html']);
    expect(pick(rendered, 'Service')['spec'].ports).toEqual([{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }]);
  });

  it('runs nothing as root and mounts only volumes it has, in every mode', async () => {
    for (const mode of ['shared', 'sidecar', 'dedicated']) {
      const [pod] = podsOf((await render({ database: { mode } }, { ...READY, ...ENDPOINT })).objects);
      if (!pod) throw new Error('no pod was made');
      const containers = containersOf(pod);
      expect(containers).toHaveLength(mode === 'sidecar' ? 2 : 1);
      const volumes = new Set(pod.spec.volumes.map(({ name }: { name: string }) => name));
      for (const { securityContext, volumeMounts } of containers) {
        expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
        expect(securityContext.capabilities).toEqual({ drop: ['ALL'] });
        expect(securityContext.runAsUser ?? pod.spec.securityContext.runAsUser).toBeGreaterThan(0);
        for (const { name } of volumeMounts) expect(volumes).toContain(name);
      }
    }
  });

  it.each<[string, object, RegExp]>([
    ['an id that is no clone id', { cloneId: 'shop' }, /cloneId/],
    ['an unknown database mode', { database: { mode: 'own' } }, /mode/],
    ['a misspelt field', { databse: {} }, /databse/],
    ['a text for a number', { database: { allocatedStorage: '20' } }, /allocatedStorage/],
  ])('with %s is refused', async (_, spec, complaint) => {
    await expect(render(spec)).rejects.toThrow(complaint);
  });

  it('with a dedicated database is refused where there is no ACK', async () => {
    await expect(render({ database: { mode: 'dedicated' } }, READY, 'kro-without-ack')).rejects.toThrow(/mode/);
  });
});

describe.skipIf(skipsWithoutKubectl())('the graph', BUILDING, () => {
  it('uses none of the names kro keeps for itself, and refers to nothing that is not there', async () => {
    for (const component of ['kro', 'kro-without-ack']) {
      const graph = await readGraph(component);
      const ids: string[] = graph['spec'].resources.map(({ id }: { id: string }) => id);
      for (const id of ids) expect([...RESERVED, ...ALSO_RESERVED]).not.toContain(id);
      const status = expressionsOf(graph['spec'].schema.status);
      expect(variablesOf(status.join(' '), ['databases', ...ids]).every((id) => ids.includes(id))).toBe(true);
    }
  });

  it('lets a resource decide about its own readiness only', async () => {
    const graph = await readGraph();
    const ids: string[] = graph['spec'].resources.map(({ id }: { id: string }) => id);
    for (const { id, readyWhen } of graph['spec'].resources) {
      const others = expressionsOf(readyWhen ?? [])
        .flatMap((expression) => variablesOf(expression, ids))
        .filter((name) => name !== id);
      expect(others).toEqual([]);
    }
  });

  it('mentions every field an instance may leave out with a default', async () => {
    const graph = await readGraph();
    const bare = renderGraph(graph, { name: ID, namespace: 'wp-clones', spec: SPEC }, READY);
    expect(problemsOf(bare)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Manifest } from './manifest.ts';
import { validateManifest } from './validate-manifest.ts';

const deployment = (patch: object = {}, container: object = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'x', labels: { any: 'label' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'x' } },
    template: {
      metadata: { labels: { app: 'x' } },
      spec: { containers: [{ name: 'x', image: 'x:1', resources: { limits: { memory: '1Gi' } }, ...container }] },
    },
    ...patch,
  },
});
const scaledObject = (patch: object = {}): Manifest => ({
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: 'x' },
  spec: {
    scaleTargetRef: { name: 'x' },
    triggers: [{ type: 'metrics-api', metadata: { anything: 'goes' } }],
    ...patch,
  },
});
const route = (patch: object = {}): Manifest => ({
  apiVersion: 'traefik.io/v1alpha1',
  kind: 'IngressRoute',
  metadata: { name: 'x' },
  spec: { routes: [{ kind: 'Rule', match: 'Host(`x`)', services: [{ name: 'x', port: 80 }], ...patch }] },
});
const graph = (patch: object = {}): Manifest => ({
  apiVersion: 'kro.run/v1alpha1',
  kind: 'ResourceGraphDefinition',
  metadata: { name: 'x' },
  spec: { schema: { kind: 'X', apiVersion: 'v1alpha1' }, resources: [{ id: 'one', template: {}, ...patch }] },
});
const database = (patch: object = {}): Manifest => ({
  apiVersion: 'rds.services.k8s.aws/v1alpha1',
  kind: 'DBInstance',
  metadata: { name: 'x' },
  spec: { dbInstanceIdentifier: 'x', dbInstanceClass: 'db.t4g.micro', engine: 'mysql', ...patch },
});

describe('a manifest', () => {
  it.each([deployment(), scaledObject(), route(), graph(), database()])('of the kind $kind that is right passes', (manifest) => {
    expect(validateManifest(manifest)).toEqual([]);
  });

  it.each<[string, Manifest, RegExp]>([
    ['a misspelt field', deployment({ replicaz: 1 }), /spec\/replicaz is not a known field/],
    ['a misspelt field deep inside', deployment({}, { securityContext: { runAsNonroot: true } }), /runAsNonroot is not a known/],
    [
      'a misspelt field in a list',
      deployment({}, { ports: [{ containerport: 80 }] }),
      /containerport is not a known|containerPort/,
    ],
    ['a field at the wrong place', deployment({ serviceAccountName: 'x' }), /spec\/serviceAccountName is not a known/],
    ['a wrong type', deployment({ replicas: '1' }), /replicas must be integer/],
    ['a missing field', deployment({ selector: undefined }), /selector/],
    ['a number among labels', { ...deployment(), metadata: { name: 'x', labels: { a: 1 as unknown as string } } }, /labels\/a/],
    ['a misspelt field of KEDA', scaledObject({ minReplicasCount: 0 }), /minReplicasCount is not a known/],
    [
      'a wrong type in KEDA',
      scaledObject({ triggers: [{ type: 'x', metadata: { targetValue: 2 } }] }),
      /targetValue must be string/,
    ],
    ['a misspelt field of Traefik', route({ middleware: [] }), /middleware is not a known/],
    ['a wrong value in Traefik', route({ kind: 'Rules' }), /kind/],
    ['a misspelt field of kro', graph({ includeIf: [] }), /includeIf/],
    ['a resource of kro that is two things', graph({ externalRef: {} }), /oneOf|exactly one/],
    ['a misspelt field of ACK', database({ dbinstanceClass: 'x' }), /dbinstanceClass/],
    ['an unknown kind', { ...deployment(), kind: 'Deploymant' }, /nothing is known of apps\/v1 Deploymant/],
    ['a kind of a version that is gone', { ...deployment(), apiVersion: 'extensions/v1beta1' }, /nothing is known of/],
  ])('with %s is refused', (_, manifest, complaint) => {
    expect(validateManifest(manifest).join('\n')).toMatch(complaint);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS } from '@wcr/worker/drivers/cluster/cluster.types';
import { describe, expect, it } from 'vitest';
import { BUILDING, deployFolder, parseManifests, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import { buildVariant, describeVariant, mainVariants } from '../support/manifests/overlays.ts';

const ALL = ['create', 'delete', 'get', 'list', 'patch', 'watch'];
/** Without reading one by its name. */
const MADE = ALL.filter((verb) => verb !== 'get');
/** What the drivers of the worker do. A driver that does more needs a line here and in deploy/base/rbac.yaml. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'wp-clones/clone-runtime': {
    '/configmaps': ALL,
    '/services': MADE,
    '/persistentvolumeclaims': MADE,
    'apps/deployments': MADE,
    'networking.k8s.io/ingresses': MADE,
    'traefik.io/ingressroutes': MADE,
    'rds.services.k8s.aws/dbinstances': ALL,
    'clones.wp-clone-restore.dev/wordpressclones': MADE,
    '/secrets': ['create', 'delete', 'get', 'patch'],
    '/pods': ['list', 'watch'],
  },
  'wp-clone-restore/pod-deletion-cost': { '/pods': ['patch'] },
};
type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };

const rights = parseManifests(readFileSync(join(deployFolder, 'base/rbac.yaml'), 'utf8'));
const ofKind = (kind: string) => rights.filter((manifest) => manifest.kind === kind);

function verbsByResource(rules: readonly Rule[]): Record<string, string[]> {
  const verbs: Record<string, string[]> = {};
  for (const { apiGroups, resources, verbs: allowed } of rules) {
    for (const resource of apiGroups.flatMap((group) => resources.map((name) => `${group}/${name}`))) {
      verbs[resource] = [...(verbs[resource] ?? []), ...allowed].sort();
    }
  }
  return verbs;
}

describe('the rights', () => {
  it('are what the workers need, verb by verb', () => {
    const roles = ofKind('Role').map(({ metadata, rules }) => [`${metadata.namespace}/${metadata.name}`, verbsByResource(rules)]);
    expect(Object.fromEntries(roles)).toEqual(NEEDED);
  });

  it('are for every kind the worker touches, and for no other', () => {
    const touched = Object.values(KINDS).map(
      ({ apiVersion, plural }) => `${apiVersion.split('/').slice(0, -1).join('/')}/${plural}`,
    );
    expect(touched.sort()).toEqual(Object.keys(NEEDED['wp-clones/clone-runtime'] ?? {}).sort());
  });

  it('are the workers’ alone', () => {
    for (const { subjects } of ofKind('RoleBinding')) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'worker', namespace: 'wp-clone-restore' }]);
    }
    const bound = ofKind('RoleBinding').map(({ metadata, roleRef }) => `${metadata.namespace}/${roleRef.name}`);
    expect(bound.sort()).toEqual(Object.keys(NEEDED).sort());
  });

  it('come with no token that nobody asked for', () => {
    const accounts = ofKind('ServiceAccount');
    expect(accounts.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort()).toEqual([
      'wp-clone-restore/api',
      'wp-clone-restore/redis',
      'wp-clone-restore/worker',
      'wp-clones/default',
    ]);
    for (const { automountServiceAccountToken } of accounts) expect(automountServiceAccountToken).toBe(false);
  });

  describe.skipIf(skipsWithoutKubectl())('of a whole cluster', BUILDING, () => {
    it.each(mainVariants().map((variant) => [describeVariant(variant), variant] as const))(
      'are nobody’s in %s',
      async (_, variant) => {
        const manifests = await buildVariant(variant);
        expect(manifests.filter(({ kind }) => kind === 'ClusterRoleBinding')).toEqual([]);
        // kro's own controller collects this one; none of our accounts is bound to it.
        const roles = manifests.filter(({ kind }) => kind === 'ClusterRole');
        for (const { metadata } of roles)
          expect(metadata.labels).toMatchObject({ 'rbac.kro.run/aggregate-to-controller': 'true' });
        const elsewhere = manifests.filter(({ kind }) => kind === 'Role' || kind === 'RoleBinding');
        expect(elsewhere).toHaveLength(rights.filter(({ kind }) => kind === 'Role' || kind === 'RoleBinding').length);
      },
    );
  });
});

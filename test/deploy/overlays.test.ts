import { describe, expect, it } from 'vitest';
import { BUILDING, buildManifests, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import { nameOf } from '../support/manifests/manifest.ts';
import { allVariants, buildVariant, describeVariant, OVERLAYS } from '../support/manifests/overlays.ts';
import { validateManifest } from '../support/manifests/validate-manifest.ts';

const OURS = ['wp-clone-restore', 'wp-clones'];
const CLUSTER_WIDE = ['Namespace', 'ClusterRole', 'IngressClass', 'IngressClassParams', 'ResourceGraphDefinition'];

describe.skipIf(skipsWithoutKubectl())('what is applied to a cluster', BUILDING, () => {
  it.each(allVariants().map((variant) => [describeVariant(variant), variant] as const))(
    'of %s is known to the schemas, field by field',
    async (_, variant) => {
      const manifests = await buildVariant(variant);
      const problems = manifests.flatMap((manifest) =>
        validateManifest(manifest).map((problem) => `${nameOf(manifest)}: ${problem}`),
      );
      expect(problems).toEqual([]);
      const names = manifests.map((manifest) => `${manifest.apiVersion} ${nameOf(manifest)}`);
      expect(new Set(names).size).toBe(names.length);
    },
  );

  it.each(OVERLAYS)('of %s says for each object which namespace it belongs to', async (overlay) => {
    for (const { kind, metadata } of await buildManifests(`overlays/${overlay}`)) {
      if (CLUSTER_WIDE.includes(kind)) expect(metadata.namespace).toBeUndefined();
      // The one Ingress of the load balancer lives where its backend does.
      else expect(overlay === 'production' ? [...OURS, 'traefik'] : OURS).toContain(metadata.namespace);
    }
  });

  it('of the base already has every class of workers, the queue and the API', async () => {
    const base = await buildManifests('base');
    const running = base
      .filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
      .map(({ metadata }) => metadata.name);
    expect(running.sort()).toEqual(['api', 'redis', 'worker-clone', 'worker-housekeeping', 'worker-restore']);
  });
});

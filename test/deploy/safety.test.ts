import { describe, expect, it } from 'vitest';
import { BUILDING, buildManifests, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import { buildVariant, describeVariant, mainVariants } from '../support/manifests/overlays.ts';
import { containersOf, podsOf } from '../support/manifests/pods.ts';

const PINNED = /^[a-z0-9.-]+\/[a-z0-9./-]+(:\d[\w.-]*|@sha256:[0-9a-f]{64})$/;
const SECRET_NAMES = /SECRET|PASSWORD|TOKEN|_KEYS?$|DATABASE_URL|REDIS_URL/;
const variants = mainVariants().map((variant) => [describeVariant(variant), variant] as const);

describe.skipIf(skipsWithoutKubectl())('every pod', BUILDING, () => {
  it.each(variants)('of %s runs without root, rights or a writable image', async (_, variant) => {
    const pods = podsOf(await buildVariant(variant));
    expect(pods.length).toBeGreaterThanOrEqual(5);
    for (const pod of pods) {
      expect(pod.spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(pod.spec.securityContext.runAsUser).toBeGreaterThan(0);
      expect(pod.spec).toMatchObject({ enableServiceLinks: false });
      expect(pod.spec.hostNetwork ?? pod.spec.hostPID ?? pod.spec.hostIPC).toBeUndefined();
      for (const { securityContext } of containersOf(pod)) {
        expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
        expect(securityContext.capabilities).toEqual({ drop: ['ALL'] });
        expect(securityContext.privileged ?? false).toBe(false);
        expect(securityContext.runAsUser ?? 1).toBeGreaterThan(0);
      }
    }
  });

  it.each(variants)('of %s runs an image of one version, says what it needs and how it is', async (_, variant) => {
    for (const container of podsOf(await buildVariant(variant)).flatMap(containersOf)) {
      expect(container.image).toMatch(PINNED);
      expect(container.resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
      expect(container.resources.limits.memory).toEqual(expect.any(String));
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) expect(container[probe]).toBeDefined();
    }
  });

  it.each(variants)('of %s but the workers’ has no token of the cluster', async (_, variant) => {
    for (const { spec, owner } of podsOf(await buildVariant(variant))) {
      expect(spec.automountServiceAccountToken).toBe(owner.metadata.name.startsWith('worker-'));
      expect(spec.serviceAccountName).toBeDefined();
    }
  });
});

describe.skipIf(skipsWithoutKubectl())('secrets', BUILDING, () => {
  it.each(['base', 'overlays/staging', 'overlays/production'])('are not in %s', async (folder) => {
    expect((await buildManifests(folder)).filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  it.each(variants)('of %s come from Secrets, never from a setting in clear', async (_, variant) => {
    const manifests = await buildVariant(variant);
    for (const { data } of manifests.filter(({ kind }) => kind === 'ConfigMap')) {
      for (const name of Object.keys(data ?? {})) expect(name).not.toMatch(SECRET_NAMES);
    }
    for (const { name, value } of podsOf(manifests)
      .flatMap(containersOf)
      .flatMap(({ env }) => env ?? [])) {
      if (SECRET_NAMES.test(name) && value !== undefined) expect(value).toMatch(/\$\([A-Z_]+\)/);
    }
  });
});

describe.skipIf(skipsWithoutKubectl())('namespaces', BUILDING, () => {
  it.each(variants)('of %s take only pods that are restricted', async (_, variant) => {
    const namespaces = (await buildVariant(variant)).filter(({ kind }) => kind === 'Namespace');
    expect(namespaces.map(({ metadata }) => metadata.name).sort()).toEqual(['wp-clone-restore', 'wp-clones']);
    for (const { metadata } of namespaces) {
      expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    }
  });

  it.each(variants)('of %s: clones are limited in number and size, and may be evicted', async (_, variant) => {
    const kinds = (await buildVariant(variant))
      .filter(({ metadata }) => metadata.namespace === 'wp-clones')
      .map(({ kind }) => kind);
    expect(kinds).toContain('ResourceQuota');
    expect(kinds).toContain('LimitRange');
    expect(kinds).not.toContain('PodDisruptionBudget');
  });
});

import { describe, expect, it } from 'vitest';
import { BUILDING, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import { type Manifest, nameOf } from '../support/manifests/manifest.ts';
import { buildVariant, describeVariant, mainVariants } from '../support/manifests/overlays.ts';
import { containersOf, type PodTemplate, podsOf, selects } from '../support/manifests/pods.ts';

const variants = mainVariants().map((variant) => [describeVariant(variant), variant] as const);
/** What others install: the router, for whose Service the load balancer has its rule. */
const OTHERS = ['Service traefik/traefik'];

/** Whatever else a pod needs to start, as `Kind namespace/name`. */
function needsOf({ spec, namespace }: PodTemplate): string[] {
  const containers = containersOf({ spec } as PodTemplate);
  const names = [
    `ServiceAccount ${spec.serviceAccountName}`,
    ...containers.flatMap(({ envFrom }) => envFrom ?? []).map(({ configMapRef }) => `ConfigMap ${configMapRef.name}`),
    ...(spec.volumes ?? []).flatMap(({ configMap }: Manifest) => (configMap ? [`ConfigMap ${configMap.name}`] : [])),
  ];
  return names.map((name) => name.replace(' ', ` ${namespace}/`));
}

function targetsOf(manifest: Manifest): string[] {
  const { kind, metadata, spec } = manifest;
  const at = (name: string) => `${metadata.namespace}/${name}`;
  if (kind === 'ScaledObject' || kind === 'HorizontalPodAutoscaler')
    return [`${spec.scaleTargetRef.kind} ${at(spec.scaleTargetRef.name)}`];
  if (kind === 'StatefulSet') return [`Service ${at(spec.serviceName)}`];
  if (kind === 'RoleBinding') {
    const accounts = manifest['subjects'].map(
      (subject: { name: string; namespace: string }) => `ServiceAccount ${subject.namespace}/${subject.name}`,
    );
    return [`Role ${at(manifest['roleRef'].name)}`, ...accounts];
  }
  if (kind === 'IngressRoute')
    return spec.routes.flatMap((route: Manifest) => route['services']).map(({ name }: { name: string }) => `Service ${at(name)}`);
  if (kind === 'Ingress') {
    return spec.rules
      .flatMap((rule: Manifest) => rule['http'].paths)
      .map((path: Manifest) => `Service ${at(path['backend'].service.name)}`);
  }
  return [];
}

describe.skipIf(skipsWithoutKubectl())('every reference', BUILDING, () => {
  it.each(variants)('in %s leads to something that is there', async (_, variant) => {
    const manifests = await buildVariant(variant);
    const present = [...manifests.map(nameOf), ...OTHERS];
    const wanted = [...podsOf(manifests).flatMap(needsOf), ...manifests.flatMap(targetsOf)];
    expect(wanted.length).toBeGreaterThan(10);
    for (const name of wanted) expect(present).toContain(name);
  });

  it.each(variants)('in %s from a Service or budget finds pods, and ports by their names', async (_, variant) => {
    const manifests = await buildVariant(variant);
    const pods = podsOf(manifests);
    for (const { kind, metadata, spec } of manifests) {
      if (kind !== 'Service' && kind !== 'PodDisruptionBudget') continue;
      const selector = kind === 'Service' ? { matchLabels: spec.selector } : spec.selector;
      const found = pods.filter(({ namespace, labels }) => namespace === metadata.namespace && selects(selector, labels));
      expect(found).toHaveLength(1);
      const ports = found.flatMap(containersOf).flatMap((container) => container.ports.map(({ name }: { name: string }) => name));
      for (const { targetPort } of spec.ports ?? []) expect(ports).toContain(targetPort);
    }
  });

  it.each(variants)('in %s from a Deployment to its pods is its own', async (_, variant) => {
    const pods = podsOf(await buildVariant(variant));
    for (const { owner, namespace } of pods) {
      const found = pods.filter((pod) => pod.namespace === namespace && selects(owner['spec'].selector, pod.labels));
      expect(found.map((pod) => pod.owner.metadata.name)).toEqual([owner.metadata.name]);
    }
  });

  it.each(variants)('in %s from a mount is to a volume of the pod', async (_, variant) => {
    for (const pod of podsOf(await buildVariant(variant))) {
      const claims = pod.owner['spec'].volumeClaimTemplates ?? [];
      const volumes = [...(pod.spec.volumes ?? []), ...claims.map(({ metadata }: Manifest) => metadata)].map(({ name }) => name);
      for (const { name } of containersOf(pod).flatMap(({ volumeMounts }) => volumeMounts)) expect(volumes).toContain(name);
    }
  });
});

import { QUEUES, type QueueName } from '@wcr/shared/contracts/queues';
import { describe, expect, it } from 'vitest';
import { BUILDING, skipsWithoutKubectl } from '../support/manifests/build-kustomization.ts';
import type { Manifest } from '../support/manifests/manifest.ts';
import { allVariants, buildVariant, describeVariant, mainVariants } from '../support/manifests/overlays.ts';
import { containersOf, podsOf } from '../support/manifests/pods.ts';

const LOCATION = /^wcr_queue_demand\{queue="([a-z]+)"\}$/;
const hasKeda = (manifests: readonly Manifest[]) => manifests.some(({ kind }) => kind === 'ScaledObject');
const variants = mainVariants().map((variant) => [describeVariant(variant), variant] as const);
const scaled = allVariants()
  .filter(({ overlay, components }) => (overlay === 'dev' ? components.join() === 'keda' : components.length !== 1))
  .map((variant) => [describeVariant(variant), variant] as const);

/** The queues of each class of workers. */
function classesOf(manifests: readonly Manifest[]): Map<string, string[]> {
  const workers = podsOf(manifests).filter(({ owner }) => owner.metadata.name.startsWith('worker-'));
  return new Map(
    workers.map((pod) => {
      const [{ env }] = containersOf(pod);
      const { value } = env.find(({ name }: { name: string }) => name === 'WCR_WORKER_QUEUES');
      return [pod.owner.metadata.name, value.split(',')];
    }),
  );
}
const queueOf = (trigger: { metadata: { valueLocation: string } }) => LOCATION.exec(trigger.metadata.valueLocation)?.[1];

describe.skipIf(skipsWithoutKubectl())('workers', BUILDING, () => {
  it.each(variants)('of %s serve every queue, each by one class', async (_, variant) => {
    const served = [...classesOf(await buildVariant(variant)).values()].flat();
    expect(served.sort()).toEqual([...QUEUES].sort());
  });

  it.each(scaled)('of %s follow the demand of the queues they serve', async (_, variant) => {
    const manifests = await buildVariant(variant);
    expect(hasKeda(manifests)).toBe(true);
    const classes = classesOf(manifests);
    const objects = manifests.filter(({ kind }) => kind === 'ScaledObject');
    expect(objects.map(({ spec }) => spec.scaleTargetRef.name).sort()).toEqual([...classes.keys()].sort());
    for (const { spec } of objects) {
      const followed = spec.triggers.map(queueOf);
      for (const queue of followed) expect(QUEUES).toContain(queue as QueueName);
      // One sweep runs at a time, whatever waits.
      const served = classes.get(spec.scaleTargetRef.name)?.filter((queue) => queue !== 'sweep');
      expect(followed.sort()).toEqual(served?.sort());
    }
  });

  it.each(scaled)('of %s are never taken away while they work, nor when nobody knows', async (_, variant) => {
    const manifests = await buildVariant(variant);
    const sweeping = [...classesOf(manifests)].find(([, queues]) => queues.includes('sweep'))?.[0];
    for (const { spec } of manifests.filter(({ kind }) => kind === 'ScaledObject')) {
      expect(spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown).toEqual({ selectPolicy: 'Disabled' });
      expect(spec.fallback.behavior).toBe('currentReplicasIfHigher');
      expect(spec.fallback.replicas).toBeGreaterThan(0);
      expect(spec.minReplicaCount).toBe(spec.scaleTargetRef.name === sweeping ? 1 : 0);
      for (const { type, metadata, authenticationRef } of spec.triggers) {
        expect(type).toBe('metrics-api');
        expect(metadata).toMatchObject({ format: 'prometheus', activationTargetValue: '0', authMode: 'bearer' });
        expect(authenticationRef).toEqual({ name: 'queue-demand' });
      }
    }
    for (const { owner } of podsOf(manifests).filter(({ owner: { metadata } }) => metadata.name.startsWith('worker-'))) {
      expect(owner['spec'].replicas).toBeUndefined();
    }
  });

  it.each(scaled)('of %s are asked for with the token the API was given', async (_, variant) => {
    const manifests = await buildVariant(variant);
    const authentication = manifests.find(({ kind }) => kind === 'TriggerAuthentication');
    const [api] = podsOf(manifests)
      .filter(({ owner }) => owner.metadata.name === 'api')
      .flatMap(containersOf);
    const { valueFrom } = api.env.find(({ name }: { name: string }) => name === 'WCR_METRICS_TOKEN');
    expect(authentication?.['spec'].secretTargetRef).toEqual([{ parameter: 'token', ...valueFrom.secretKeyRef }]);
    const urls = manifests
      .filter(({ kind }) => kind === 'ScaledObject')
      .flatMap(({ spec }) => spec.triggers.map(({ metadata }: { metadata: { url: string } }) => metadata.url));
    expect([...new Set(urls)]).toEqual(['http://api.wp-clone-restore.svc.cluster.local/metrics']);
  });

  it.each(scaled)('of %s are as many as jobs fit into them', async (_, variant) => {
    const manifests = await buildVariant(variant);
    const settings = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('wcr-worker-'));
    const concurrency: string = settings?.['data'].WCR_WORKER_CONCURRENCY;
    for (const trigger of manifests.filter(({ kind }) => kind === 'ScaledObject').flatMap(({ spec }) => spec.triggers)) {
      const copies = ['clone', 'restore'].includes(queueOf(trigger) ?? '');
      expect(trigger.metadata.targetValue).toBe(copies ? concurrency : '8');
    }
  });
});
